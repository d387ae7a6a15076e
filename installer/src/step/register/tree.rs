//! The agent's key store, as a whole: it syncs nothing of it itself.

use std::path::{Path, PathBuf};

use crate::durable;
use crate::error::Result;
use crate::host::{EntryKind, Machine};

/// Copies what is in a folder, for the owner alone.
pub(crate) fn copy(host: &mut dyn Machine, from: &Path, to: &Path) -> Result<()> {
    for (path, stat) in walk(host, from)? {
        let target = to.join(path.strip_prefix(from).unwrap_or(&path));
        match stat {
            EntryKind::Folder if host.stat(&target)?.is_none() => {
                durable::create_folders(host, &target, 0o700)?;
            }
            EntryKind::File => {
                let content = host.read(&path)?.unwrap_or_default();
                durable::write(host, &target, &content, 0o600)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Sees that all of it is on the disk, with the folders above, which the agent made too.
pub(crate) fn sync(host: &mut dyn Machine, folder: &Path) -> Result<()> {
    for (path, _) in walk(host, folder)? {
        host.sync(&path)?;
    }
    let above = folder.ancestors().skip(1).filter(|it| !it.as_os_str().is_empty());
    above.into_iter().try_for_each(|it| host.sync(it))
}

/// A folder and everything below it, folders before what is in them.
fn walk(host: &dyn Machine, folder: &Path) -> Result<Vec<(PathBuf, EntryKind)>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        let Some(stat) = host.stat(&path)? else { continue };
        if stat.kind == EntryKind::Folder {
            waiting.extend(host.list(&path)?.into_iter().map(|name| path.join(name)));
        }
        found.push((path, stat.kind));
    }
    Ok(found)
}
