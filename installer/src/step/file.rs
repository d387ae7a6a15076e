//! Write a whole file; undo puts the earlier one back, or removes ours.
//!
//! Also the shared way in which the other file steps look at a file and put it back.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Before, Content, Leftovers};
use crate::durable;
use crate::error::{Error, Result};
use crate::host::{EntryKind, Machine};

/// A file that is Landfall's, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteFile {
    /// Where.
    pub path: PathBuf,
    /// Its text.
    pub content: String,
    /// Its permission bits.
    #[serde(with = "octal")]
    pub mode: u32,
}

impl WriteFile {
    pub(crate) fn check(&self, host: &dyn Machine) -> Result<Option<Before>> {
        let before = look(host, &self.path)?;
        let wanted = Before::File { content: Content::Text(self.content.clone()), mode: self.mode };
        Ok((before != wanted).then_some(before))
    }

    pub(crate) fn apply(&self, host: &mut dyn Machine) -> Result<()> {
        durable::write(host, &self.path, self.content.as_bytes(), self.mode)
    }

    pub(crate) fn undo(&self, host: &mut dyn Machine, before: &Before) -> Result<Leftovers> {
        put_back(host, &self.path, before)?;
        Ok(Leftovers::new())
    }
}

/// What stands at a path, as a receipt keeps it.
pub(super) fn look(host: &dyn Machine, path: &Path) -> Result<Before> {
    let Some(stat) = host.stat(path)? else { return Ok(Before::Nothing) };
    if stat.kind != EntryKind::File {
        return Err(Error::failed(format!("{} is not a regular file", path.display()))
            .hint("Landfall follows no link here: put the file itself in its place, and run again"));
    }
    let content = host.read(path)?.unwrap_or_default();
    Ok(Before::File { content: Content::of(&content), mode: stat.mode })
}

/// Makes a path what it was.
pub(super) fn put_back(host: &mut dyn Machine, path: &Path, before: &Before) -> Result<()> {
    match before {
        Before::File { content, mode } => {
            durable::create_folders(host, durable::parent(path), 0o755)?;
            durable::write(host, path, &content.bytes(), *mode)
        }
        _ => durable::remove(host, path),
    }
}

/// Permission bits as people write them: "0644".
pub(super) mod octal {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(mode: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{mode:04o}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        let text = String::deserialize(deserializer)?;
        u32::from_str_radix(&text, 8).map_err(de::Error::custom)
    }
}
