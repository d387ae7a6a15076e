//! The format for editors (a JSON schema) and for people (a page), both made of the types and their comments.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::Recipe;

/// The JSON schema.
#[must_use]
pub fn schema() -> Value {
    let schema = SchemaGenerator::new(SchemaSettings::draft2020_12()).into_root_schema_for::<Recipe>();
    serde_json::to_value(schema).unwrap_or_default()
}

/// The page: the recipe's keys, then those of its tables, then its closed sets.
#[must_use]
pub fn reference() -> String {
    let schema = schema();
    let mut page = String::from(
        "# The recipe, key by key\n\nMade of the types in `image-recipes/src/recipe/` and \
         `installer/contract/src/policy.rs`; a test fails when this page differs.\n\
         [Images](images.md) has examples, `image-recipes/recipe.schema.json` the same for editors.\n\n",
    );
    page.push_str(&table(&schema));
    let empty = Map::new();
    let types = schema.get("$defs").and_then(Value::as_object).unwrap_or(&empty);
    for (name, of) in types.iter().filter(|(_, of)| of.get("properties").is_some()) {
        page.push_str(&format!("\n## {name}\n\n{}\n\n{}", described(of), table(of)));
    }
    page.push_str("\n## Words\n\n");
    for (name, of) in types {
        let choices = of.get("anyOf").and_then(Value::as_array);
        if choices.is_some()
            || of.get("type").and_then(Value::as_str) == Some("string") && of.get("enum").is_none()
        {
            page.push_str(&format!("- <a id=\"{}\"></a>{name}: {}", name.to_lowercase(), described(of)));
            page.push_str(&choices.map_or("\n".into(), |_| format!(" It is a {}.\n", kind(of))));
        }
    }
    for (name, of) in types {
        if let Some(values) = of.get("oneOf").and_then(Value::as_array) {
            page.push_str(&format!("\n## {name}\n\n{}\n\n", described(of)));
            for value in values {
                let word = value.get("const").and_then(Value::as_str).unwrap_or("?");
                page.push_str(&format!("- `{word}`: {}\n", described(value)));
            }
        }
    }
    page
}

fn table(of: &Value) -> String {
    let mut rows = String::from("| key | | without it | |\n|---|---|---|---|\n");
    let required: Vec<&str> = of
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (key, property) in of.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let absent = match property.get("default") {
            _ if required.contains(&key.as_str()) => "must be there".into(),
            None | Some(Value::Null) => "nothing".into(),
            Some(Value::Array(list)) if list.is_empty() => "none".into(),
            Some(Value::Object(keys)) if keys.is_empty() => "none".into(),
            Some(Value::Object(_)) => "its own defaults".into(),
            Some(value) => format!("`{value}`"),
        };
        rows.push_str(&format!("| `{key}` | {} | {absent} | {} |\n", kind(property), described(property)));
    }
    rows
}

/// The kind of a value, as a word or a link to its section.
fn kind(of: &Value) -> String {
    if let Some(reference) = of.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(choices) = of.get("anyOf").and_then(Value::as_array) {
        let kinds: Vec<String> =
            choices.iter().filter(|c| c.get("type") != Some(&"null".into())).map(kind).collect();
        return kinds.join(" or ");
    }
    match of.get("type") {
        Some(Value::String(word)) if word == "array" => {
            format!("list of {}", of.get("items").map_or_else(|| "anything".into(), kind))
        }
        Some(Value::String(word)) if word == "object" => "table".into(),
        Some(Value::String(word)) => word.clone(),
        Some(Value::Array(words)) => {
            words.iter().filter_map(Value::as_str).find(|word| *word != "null").unwrap_or("").into()
        }
        _ => String::new(),
    }
}

fn described(of: &Value) -> String {
    of.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ").replace('|', "\\|")
}
