//! Make folders that Landfall or an agent will fill; undo removes them with all that is in them, or only
//! those that are empty by then.
//!
//! The agents scatter data over a dozen folders and their packages never remove it. A folder that
//! was there already never enters the receipt; one that was not is removed whole at the end. The
//! removal follows no symbolic link and never leaves the file system it began on, because recursive
//! removal across a bind mount has cost other installers' users their `/etc`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::file::octal;
use super::{Before, Leftovers};
use crate::durable;
use crate::error::{Error, Result};
use crate::host::{EntryKind, Machine};

/// Folders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folders {
    /// Where; a folder that is in another stands after it.
    pub paths: Vec<PathBuf>,
    /// Their permission bits.
    #[serde(with = "octal")]
    pub mode: u32,
    /// Whether undo leaves a folder that has anything in it: people keep things of their own there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_if_empty: bool,
}

impl Folders {
    pub(crate) fn check(&self, host: &dyn Machine) -> Result<Option<Before>> {
        let absent = self.absent(host)?;
        Ok((!absent.is_empty()).then_some(Before::Folders { absent }))
    }

    pub(crate) fn apply(&self, host: &mut dyn Machine) -> Result<()> {
        for path in self.absent(host)? {
            host.create_folder(&path, self.mode)?;
            host.sync(durable::parent(&path))?;
        }
        Ok(())
    }

    pub(crate) fn undo(&self, host: &mut dyn Machine, before: &Before) -> Result<Leftovers> {
        let Before::Folders { absent } = before else { return Ok(Leftovers::new()) };
        let mut leftovers = Leftovers::new();
        for path in absent.iter().rev() {
            let Some(stat) = host.stat(durable::parent(path))? else { continue };
            if self.only_if_empty && !host.list(path)?.is_empty() {
                leftovers.push(format!("{} has more in it than Landfall brought", path.display()));
                continue;
            }
            remove_tree(host, path, stat.device, &mut leftovers)?;
        }
        Ok(leftovers)
    }

    fn absent(&self, host: &dyn Machine) -> Result<Vec<PathBuf>> {
        let mut absent = Vec::new();
        for path in &self.paths {
            match host.stat(path)? {
                None => absent.push(path.clone()),
                Some(stat) if stat.kind == EntryKind::File => {
                    return Err(Error::failed(format!("{} is a file, not a folder", path.display()))
                        .hint("move it out of the way and run again"));
                }
                Some(_) => {}
            }
        }
        Ok(absent)
    }
}

/// Removes a path and what is below it, on one file system; what is not removed is told.
pub(super) fn remove_tree(
    host: &mut dyn Machine,
    path: &Path,
    device: u64,
    leftovers: &mut Leftovers,
) -> Result<()> {
    let Some(stat) = host.stat(path)? else { return Ok(()) };
    if stat.device != device {
        leftovers.push(format!("{} is a mount point, and was left alone", path.display()));
        return Ok(());
    }
    let told = leftovers.len();
    if stat.kind == EntryKind::Folder {
        for name in host.list(path)? {
            remove_tree(host, &path.join(name), device, leftovers)?;
        }
    }
    if leftovers.len() > told {
        return Ok(());
    }
    durable::remove(host, path)
}
