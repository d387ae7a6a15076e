//! Set keys in a `KEY=VALUE` file, in place.
//!
//! The ECS agent's configuration is read twice: by systemd as an environment file, and by ecs-init
//! word for word, where quotes are not stripped and the last assignment wins. So a value is written
//! bare, the last assignment is edited, earlier ones of the same key are left as they are, and
//! comments and unknown keys stay.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::file::{look, octal, put_back};
use super::{Before, Leftovers};
use crate::durable;
use crate::error::{Error, Result};
use crate::host::Host;

/// Keys that a `KEY=VALUE` file should have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvFile {
    /// Where.
    pub path: PathBuf,
    /// Key and value, in the file's order for new ones.
    pub keys: BTreeMap<String, String>,
    /// The file's permission bits.
    #[serde(with = "octal")]
    pub mode: u32,
}

impl EnvFile {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let before = look(host, &self.path)?;
        let wanted = Before::File {
            content: super::Content::Text(edited(&self.text(&before)?, &self.keys)),
            mode: self.mode,
        };
        Ok((before != wanted).then_some(before))
    }

    pub(super) fn apply(&self, host: &mut dyn Host) -> Result<()> {
        let text = edited(&self.text(&look(host, &self.path)?)?, &self.keys);
        durable::write(host, &self.path, text.as_bytes(), self.mode)
    }

    /// Puts back the very bytes where nobody else changed the file since, else only our keys.
    pub(super) fn undo(&self, host: &mut dyn Host, before: &Before) -> Result<Leftovers> {
        let now = look(host, &self.path)?;
        let (was_text, now_text) = (self.text(before)?, self.text(&now)?);
        if now == *before || now == Before::Nothing || now_text == edited(&was_text, &self.keys) {
            put_back(host, &self.path, before)?;
            return Ok(Leftovers::new());
        }
        let mut text = now_text;
        for key in self.keys.keys() {
            text = match value(&was_text, key) {
                Some(old) => edited(&text, &BTreeMap::from([(key.clone(), old.to_owned())])),
                None => without(&text, key),
            };
        }
        let mode = if let Before::File { mode, .. } = before { *mode } else { self.mode };
        durable::write(host, &self.path, text.as_bytes(), mode)?;
        Ok(Leftovers::new())
    }

    /// The keys of both runs, the later values winning: undo must know every key we ever set.
    pub(super) fn absorb(mut self, earlier: &Self) -> Self {
        for (key, value) in &earlier.keys {
            self.keys.entry(key.clone()).or_insert_with(|| value.clone());
        }
        self
    }

    fn text(&self, file: &Before) -> Result<String> {
        let Before::File { content, .. } = file else { return Ok(String::new()) };
        String::from_utf8(content.bytes()).map_err(|_| {
            Error::failed(format!("{} is not text", self.path.display()))
                .hint("move the file away and run again")
        })
    }
}

/// The value a key has in such a text: the last assignment's.
#[must_use]
pub(crate) fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().rev().find_map(|line| assignment(line).filter(|(name, _)| *name == key)).map(|(_, v)| v)
}

fn edited(text: &str, keys: &BTreeMap<String, String>) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (key, value) in keys {
        let line = format!("{key}={value}");
        match lines.iter().rposition(|old| assignment(old).is_some_and(|(name, _)| name == key)) {
            Some(at) => lines[at] = line,
            None => lines.push(line),
        }
    }
    joined(&lines)
}

fn without(text: &str, key: &str) -> String {
    let kept: Vec<String> = text
        .lines()
        .filter(|line| assignment(line).is_none_or(|(name, _)| name != key))
        .map(str::to_owned)
        .collect();
    joined(&kept)
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    if line.starts_with('#') { None } else { line.split_once('=') }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn the_last_assignment_is_edited_and_all_else_stays() {
        let text = "# ours\nECS_CLUSTER=old\nMINE=1\nECS_CLUSTER=older\n";
        assert_eq!(
            edited(text, &keys(&[("ECS_CLUSTER", "new")])),
            "# ours\nECS_CLUSTER=old\nMINE=1\nECS_CLUSTER=new\n"
        );
    }

    #[test]
    fn a_commented_assignment_is_a_comment() {
        assert_eq!(
            edited("#ECS_CLUSTER=x\n", &keys(&[("ECS_CLUSTER", "y")])),
            "#ECS_CLUSTER=x\nECS_CLUSTER=y\n"
        );
    }

    #[test]
    fn the_last_assignment_wins() {
        assert_eq!(value("A=1\nA=2\n#A=3\n", "A"), Some("2"));
    }

    #[test]
    fn removing_a_key_leaves_its_neighbours() {
        assert_eq!(without("A=1\nB=2\nA=3\n", "A"), "B=2\n");
    }
}
