//! Writing so that a power cut leaves the old content or the new, never half of it.
//!
//! A temporary file beside the target, its content synced, renamed over the target, the folder
//! synced. Everything Landfall writes by itself goes through here, but for two things: a finished download,
//! which nobody reads but the run that fetched and verified it (a later one fetches anew), and what is
//! unpacked of a package, which the door syncs itself.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result, While};
use crate::host::{EntryKind, Machine};

/// Replaces a file's content and mode, durably. The folder above must be there.
///
/// # Errors
/// When the machine refuses any of the steps; the target is then as it was.
pub fn write(host: &mut dyn Machine, path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let doing = || format!("writing {}", path.display());
    let temporary = temporary(path);
    forget_attempt(host, path).while_doing(doing)?;
    let written = host
        .create_file(&temporary, content, mode)
        .and_then(|()| host.sync(&temporary))
        .and_then(|()| host.rename(&temporary, path));
    if let Err(e) = written {
        let _ = host.remove(&temporary);
        return Err(e.while_doing(doing()));
    }
    host.sync(parent(path)).while_doing(doing)
}

/// Puts a symbolic link in a file's place, durably. The folder above must be there.
///
/// # Errors
/// As [`write`].
pub fn link(host: &mut dyn Machine, path: &Path, target: &Path) -> Result<()> {
    let doing = || format!("linking {}", path.display());
    let temporary = temporary(path);
    forget_attempt(host, path).while_doing(doing)?;
    let linked = host.link(&temporary, target).and_then(|()| host.rename(&temporary, path));
    if let Err(e) = linked {
        let _ = host.remove(&temporary);
        return Err(e.while_doing(doing()));
    }
    host.sync(parent(path)).while_doing(doing)
}

/// Removes a file or an empty folder, durably; fine where there is none. What a [`write`] of it that
/// was cut short left beside it goes too.
///
/// # Errors
/// When the machine refuses.
pub fn remove(host: &mut dyn Machine, path: &Path) -> Result<()> {
    forget_attempt(host, path)?;
    if host.stat(path)?.is_some() {
        host.remove(path)?;
    }
    match host.stat(parent(path))? {
        Some(_) => host.sync(parent(path)),
        None => Ok(()),
    }
}

/// Removes what a [`write`] that was cut short left beside its target, or a link that somebody laid there.
///
/// # Errors
/// When the machine refuses.
pub fn forget_attempt(host: &mut dyn Machine, path: &Path) -> Result<()> {
    let temporary = temporary(path);
    if host.stat(&temporary)?.is_some() {
        host.remove(&temporary)?;
        host.sync(parent(path))?;
    }
    Ok(())
}

/// Makes a folder, and those above it that are missing, durably.
///
/// # Errors
/// When the machine refuses, or a file stands in the way.
pub fn create_folders(host: &mut dyn Machine, path: &Path, mode: u32) -> Result<()> {
    for folder in missing_folders(host, path)? {
        host.create_folder(&folder, mode)?;
        host.sync(parent(&folder))?;
    }
    Ok(())
}

/// The folders that would have to be made for `path` to exist, outermost first.
///
/// # Errors
/// When a file stands in the way.
pub fn missing_folders(host: &dyn Machine, path: &Path) -> Result<Vec<PathBuf>> {
    let mut missing = Vec::new();
    for folder in path.ancestors().filter(|folder| !folder.as_os_str().is_empty()) {
        match host.stat(folder)? {
            Some(stat) if stat.kind == EntryKind::File => {
                return Err(Error::failed(format!("{} is a file, not a folder", folder.display())));
            }
            Some(_) => break,
            None => missing.push(folder.to_owned()),
        }
    }
    missing.reverse();
    Ok(missing)
}

/// The folder that a path is in.
#[must_use]
pub fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// Where a [`write`] grows before it gets its name.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.landfall-new"))
}
