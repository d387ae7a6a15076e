//! JSON values as YAML that people can read and any parser of YAML takes: blocks, with every text in quotes.
//!
//! JSON's quoted strings are YAML's, so there is nothing to escape anew, and no `no` that turns into a boolean.

use serde_json::Value;

/// As a block, with a line break at its end.
#[must_use]
pub fn block(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, 0);
    text
}

fn write(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (i, (key, value)) in map.iter().enumerate() {
                // The first key of a table in a list stands on the list's own line.
                if i > 0 || !text.ends_with("- ") {
                    text.push_str(&" ".repeat(indent));
                }
                text.push_str(&format!("{}:", plain(key)));
                after_colon(text, value, indent);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (i, value) in list.iter().enumerate() {
                if i > 0 || !text.ends_with("- ") {
                    text.push_str(&" ".repeat(indent));
                }
                text.push_str("- ");
                write(text, value, indent + 2);
            }
        }
        Value::String(line) if is_block(line) => literal(text, line, indent),
        scalar => text.push_str(&format!("{}\n", quoted(scalar))),
    }
}

fn after_colon(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            text.push('\n');
            write(text, value, indent + 2);
        }
        Value::Array(list) if !list.is_empty() => {
            text.push('\n');
            write(text, value, indent + 2);
        }
        _ => {
            text.push(' ');
            write(text, value, indent);
        }
    }
}

/// Whether a text reads better as lines: several, each of plain characters, and one line break at the end.
fn is_block(line: &str) -> bool {
    let body = line.strip_suffix('\n').unwrap_or("");
    let plain = |line: &str| line.chars().all(|c| (' '..='~').contains(&c)) && !line.ends_with(' ');
    body.contains('\n') && !body.ends_with('\n') && !body.starts_with([' ', '\n']) && body.lines().all(plain)
}

fn literal(text: &mut String, lines: &str, indent: usize) {
    text.push_str("|\n");
    for line in lines.lines() {
        if !line.is_empty() {
            text.push_str(&" ".repeat(indent + 2));
            text.push_str(line);
        }
        text.push('\n');
    }
}

/// Words that YAML 1.1 takes for something else than text.
const NOT_TEXT: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

fn plain(key: &str) -> String {
    let word = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let text =
        key.starts_with(|c: char| c.is_ascii_alphabetic()) && !NOT_TEXT.contains(&&*key.to_lowercase());
    if word && text { key.to_owned() } else { quoted(&Value::String(key.to_owned())) }
}

/// Quoted in ASCII: YAML refuses a few characters that JSON lets stand.
fn quoted(value: &Value) -> String {
    let mut ascii = String::new();
    for c in value.to_string().chars() {
        match c {
            ' '..='~' => ascii.push(c),
            c if (c as u32) < 0x1_0000 => ascii.push_str(&format!("\\u{:04x}", c as u32)),
            c => ascii.push_str(&format!("\\U{:08x}", c as u32)),
        }
    }
    ascii
}
