//! Copy a file that the system keeps in one of several places; undo puts the earlier one back, or
//! removes ours.
//!
//! The copy is made again when the original has changed by the next run.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::file::{look, octal, put_back};
use super::{Before, Content, Leftovers};
use crate::durable;
use crate::error::{Error, Result};
use crate::host::Host;

/// A copy of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyFile {
    /// Where the original may be: the first place that has one counts.
    pub from: Vec<PathBuf>,
    /// Where the copy goes.
    pub path: PathBuf,
    /// Its permission bits.
    #[serde(with = "octal")]
    pub mode: u32,
}

impl CopyFile {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let before = look(host, &self.path)?;
        let wanted = Before::File { content: Content::of(&self.original(host)?), mode: self.mode };
        Ok((before != wanted).then_some(before))
    }

    pub(super) fn apply(&self, host: &mut dyn Host) -> Result<()> {
        let content = self.original(host)?;
        durable::write(host, &self.path, &content, self.mode)
    }

    pub(super) fn undo(&self, host: &mut dyn Host, before: &Before) -> Result<Leftovers> {
        put_back(host, &self.path, before)?;
        Ok(Leftovers::new())
    }

    fn original(&self, host: &dyn Host) -> Result<Vec<u8>> {
        for place in &self.from {
            if let Some(content) = host.read(place)? {
                return Ok(content);
            }
        }
        let places: Vec<_> = self.from.iter().map(|place| place.display().to_string()).collect();
        Err(Error::failed(format!("there is no file to copy to {}", self.path.display()))
            .hint(format!("it was looked for at {}: give --certs-file", places.join(", "))))
    }
}
