//! Whether a file that stays gives a key a value.
//!
//! Lines of `KEY=VALUE` are read as they stand. TOML spells one thing in many ways, so it is parsed; a file that
//! cannot be parsed is taken to set whatever it names.

use toml::de::{DeTable, DeValue};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// `KEY=VALUE` lines, as shells, systemd and Docker read them.
    Lines,
    /// TOML.
    Toml,
}

impl Syntax {
    /// Whether a text gives a key a value. A nested key of that name is one too: nobody would read it, but its
    /// value is there.
    #[must_use]
    pub fn sets(self, text: &str, key: &str) -> bool {
        match self {
            Self::Lines => text.lines().any(|line| assigns(line, key)),
            Self::Toml => {
                DeTable::parse(text).map_or_else(|_| names(text, key), |it| holds(it.get_ref(), key))
            }
        }
    }
}

/// Whether a line gives a key a value.
#[must_use]
pub fn assigns(line: &str, key: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line);
    line.split_once('=')
        .is_some_and(|(name, value)| name.trim() == key && !matches!(value.trim(), "" | "\"\"" | "''"))
}

fn names(text: &str, key: &str) -> bool {
    text.lines().any(|line| !line.trim_start().starts_with('#') && line.contains(key))
}

fn holds(table: &DeTable<'_>, key: &str) -> bool {
    table.iter().any(|(name, value)| {
        name.get_ref() == key && !is_empty(value.get_ref()) || holds_within(value.get_ref(), key)
    })
}

fn holds_within(value: &DeValue<'_>, key: &str) -> bool {
    match value {
        DeValue::Table(table) => holds(table, key),
        DeValue::Array(values) => values.iter().any(|value| holds_within(value.get_ref(), key)),
        _ => false,
    }
}

fn is_empty(value: &DeValue<'_>) -> bool {
    matches!(value, DeValue::String(text) if text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_toml_is_found_in_each_of_its_spellings() {
        for text in [
            "activation-code = 'x'",
            "\"activation-code\" = \"x\"",
            "'activation-code'='x'",
            "\"activation\\u002dcode\" = \"x\"",
            "region = 'r'\n  activation-code = \"\"\"\nx\"\"\"",
            "activation-code = '''x'''",
            "activation-code = 5",
            "activation-code.x = 'x'",
            "[nested]\nactivation-code = 'x'",
            "nested = [{ activation-code = 'x' }]",
            "activation-code = not TOML",
            "{\"activation-code\": \"x\"}",
        ] {
            assert!(Syntax::Toml.sets(text, "activation-code"), "{text}");
        }
    }

    #[test]
    fn a_key_of_toml_that_is_empty_or_only_spoken_of_is_not_set() {
        for text in [
            "",
            "# activation-code = 'x'",
            "activation-code = ''",
            "activation-code = \"\"\"\"\"\"",
            "region = 'r' # without activation-code",
            "tag = [\"activation-code=x\"]",
            "# activation-code comes with a seed\nregion = not TOML",
        ] {
            assert!(!Syntax::Toml.sets(text, "activation-code"), "{text}");
        }
    }
}
