//! Merge keys into a JSON file, and leave every other key as it is.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::file::{look, octal, put_back};
use super::{Before, Leftovers};
use crate::durable;
use crate::error::{Error, Result};
use crate::host::Machine;

/// Keys that a JSON file should have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeJson {
    /// Where.
    pub path: PathBuf,
    /// An object: objects are merged, everything else is replaced.
    pub keys: Value,
    /// The permission bits of a new file; an existing one keeps its own.
    #[serde(with = "octal")]
    pub mode: u32,
}

impl MergeJson {
    pub(crate) fn check(&self, host: &dyn Machine) -> Result<Option<Before>> {
        let before = look(host, &self.path)?;
        let current = self.parse(&before)?;
        Ok((merged(current.clone(), &self.keys) != current).then_some(before))
    }

    pub(crate) fn apply(&self, host: &mut dyn Machine) -> Result<()> {
        let before = look(host, &self.path)?;
        let mode = if let Before::File { mode, .. } = before { mode } else { self.mode };
        let text = render(&merged(self.parse(&before)?, &self.keys));
        durable::write(host, &self.path, text.as_bytes(), mode)
    }

    /// Puts back the very bytes where nobody else changed the file since, else only our keys.
    pub(crate) fn undo(&self, host: &mut dyn Machine, before: &Before) -> Result<Leftovers> {
        let now = look(host, &self.path)?;
        let was = self.parse(before)?;
        let untouched = now == *before || self.parse(&now)? == merged(was.clone(), &self.keys);
        if untouched || now == Before::Nothing {
            put_back(host, &self.path, before)?;
        } else if let Before::File { mode, .. } = now {
            let mut kept = self.parse(&now)?;
            restore(&mut kept, &self.keys, &was);
            durable::write(host, &self.path, render(&kept).as_bytes(), mode)?;
        }
        Ok(Leftovers::new())
    }

    fn parse(&self, file: &Before) -> Result<Value> {
        let Before::File { content, .. } = file else { return Ok(Value::Object(serde_json::Map::new())) };
        serde_json::from_slice(&content.bytes()).map_err(|e| {
            Error::failed(format!("{} is not valid JSON: {e}", self.path.display()))
                .hint("mend the file or move it away, and run again")
        })
    }
}

fn render(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

fn merged(mut base: Value, keys: &Value) -> Value {
    if let (Value::Object(base), Value::Object(keys)) = (&mut base, keys) {
        for (key, value) in keys {
            let there = base.remove(key).unwrap_or(Value::Null);
            base.insert(key.clone(), merged(there, value));
        }
        return Value::Object(std::mem::take(base));
    }
    match keys {
        Value::Object(_) => merged(Value::Object(serde_json::Map::new()), keys),
        other => other.clone(),
    }
}

/// Gives our keys the values they had, and removes those that were not there.
fn restore(now: &mut Value, keys: &Value, was: &Value) {
    let (Value::Object(now), Value::Object(keys)) = (now, keys) else { return };
    for (key, ours) in keys {
        match (was.get(key), now.get_mut(key)) {
            (Some(old @ Value::Object(_)), Some(there)) if ours.is_object() => restore(there, ours, old),
            (Some(old), _) => {
                now.insert(key.clone(), old.clone());
            }
            (None, _) => {
                now.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merging_keeps_what_it_was_not_told_to_set() {
        let merged = merged(
            json!({"Agent": {"Region": "x"}, "Identity": {"Other": 1}}),
            &json!({
                "Identity": {"ConsumptionOrder": ["OnPrem"]}
            }),
        );
        assert_eq!(
            merged,
            json!({
                "Agent": {"Region": "x"},
                "Identity": {"Other": 1, "ConsumptionOrder": ["OnPrem"]}
            })
        );
    }

    #[test]
    fn undo_leaves_keys_that_somebody_added_since() {
        let mut now = json!({"Identity": {"ConsumptionOrder": ["OnPrem"], "New": 2}, "Mine": true});
        restore(&mut now, &json!({"Identity": {"ConsumptionOrder": ["OnPrem"]}}), &json!({"Identity": {}}));
        assert_eq!(now, json!({"Identity": {"New": 2}, "Mine": true}));
    }
}
