//! The running machine as a tree that the seal list can be held against.

use std::path::Path;

use landfall_contract::seal_list::{Entry, Kind, Tree};

use crate::error::{Error, Result};
use crate::host::{EntryKind, Host};

/// A machine that is looked at.
pub struct Machine<'a>(pub &'a dyn Host);

impl Tree for Machine<'_> {
    type Error = Error;

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        self.0.list(Path::new(folder))
    }

    fn look(&self, path: &str) -> Result<Option<Entry>> {
        let stat = self.0.stat(Path::new(path))?;
        Ok(stat.map(|stat| Entry {
            kind: match stat.kind {
                EntryKind::File => Kind::File,
                EntryKind::Folder => Kind::Folder,
                EntryKind::Link => Kind::Link,
                EntryKind::Other => Kind::Other,
            },
            mode: stat.mode,
            size: stat.size,
        }))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>> {
        Ok(self.0.read(Path::new(path))?.unwrap_or_default())
    }
}
