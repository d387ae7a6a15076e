//! Files, in the words of the door: what is not there is no error, what only root may see is said so, and nothing is
//! written through a link.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use jiff::Timestamp;
use nix::libc::O_NOFOLLOW;

use super::AS_ROOT;
use crate::error::{Error, Result, While};
use crate::host::{EntryKind, Stat};

/// The names in a folder, sorted; none where there is no folder.
pub(super) fn names(folder: &Path) -> Result<Vec<String>> {
    let doing = || format!("listing {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if is_absent(&e) => return Ok(Vec::new()),
        Err(e) if e.kind() == ErrorKind::PermissionDenied => {
            return Err(Error::refused(format!("only root may list {}", folder.display())).hint(AS_ROOT));
        }
        Err(e) => return Err(e).while_doing(doing),
    };
    let names: std::io::Result<Vec<String>> =
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect();
    let mut names = names.while_doing(doing)?;
    names.sort();
    Ok(names)
}

pub(super) fn stat_of(path: &Path, found: std::io::Result<fs::Metadata>) -> Result<Option<Stat>> {
    let stat = match found {
        Ok(stat) => stat,
        Err(e) if is_absent(&e) => return Ok(None),
        Err(e) if e.kind() == ErrorKind::PermissionDenied => {
            return Err(Error::refused(format!("only root may look at {}", path.display())).hint(AS_ROOT));
        }
        Err(e) => return Err(e).while_doing(|| format!("looking at {}", path.display())),
    };
    let kind = match stat.file_type() {
        kind if kind.is_file() => EntryKind::File,
        kind if kind.is_dir() => EntryKind::Folder,
        kind if kind.is_symlink() => EntryKind::Link,
        _ => EntryKind::Other,
    };
    let time = |seconds, nanoseconds| {
        let time = Timestamp::new(seconds, i32::try_from(nanoseconds).unwrap_or(0));
        time.unwrap_or(Timestamp::UNIX_EPOCH)
    };
    Ok(Some(Stat {
        kind,
        mode: stat.mode() & 0o7777,
        size: stat.size(),
        device: stat.dev(),
        modified: time(stat.mtime(), stat.mtime_nsec()),
        changed: time(stat.ctime(), stat.ctime_nsec()),
    }))
}

pub(super) fn content_of(path: &Path, read: std::io::Result<Vec<u8>>) -> Result<Option<Vec<u8>>> {
    match read {
        Ok(content) => Ok(Some(content)),
        Err(e) if is_absent(&e) => Ok(None),
        Err(e) if e.kind() == ErrorKind::PermissionDenied => {
            Err(Error::refused(format!("only root may read {}", path.display())).hint(AS_ROOT))
        }
        Err(e) => Err(e).while_doing(|| format!("reading {}", path.display())),
    }
}

/// Opens a file so, never through a link, and puts this in it. Whoever laid a link there chose what would be
/// overwritten.
pub(super) fn fill(options: &mut OpenOptions, path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let doing = || format!("writing {}", path.display());
    let opened = options.write(true).mode(mode).custom_flags(O_NOFOLLOW).open(path);
    let mut file = opened.while_doing(doing)?;
    file.set_permissions(fs::Permissions::from_mode(mode)).while_doing(doing)?;
    file.write_all(content).while_doing(doing)
}

pub(super) fn is_absent(e: &std::io::Error) -> bool {
    matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
