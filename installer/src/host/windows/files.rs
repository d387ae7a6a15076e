//! Files of Windows, in the words of the door. Permission bits are none of Windows': who may do what is said by a
//! folder, and all files have the same.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use jiff::Timestamp;
use windows_sys::Win32::Storage::FileSystem::FILE_ATTRIBUTE_DIRECTORY;

use crate::error::{Result, While};
use crate::host::{EntryKind, Stat};

/// Lets a folder be opened.
const BACKUP_SEMANTICS: u32 = 0x0200_0000;
/// Opens a link and not what it leads to.
const OPEN_REPARSE_POINT: u32 = 0x0020_0000;
/// What every file of ours seems to have.
const MODE: u32 = 0o600;

/// The names in a folder, sorted; none where there is no folder.
pub(super) fn names(folder: &Path) -> Result<Vec<String>> {
    let doing = || format!("listing {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if is_absent(&e) => return Ok(Vec::new()),
        Err(e) => return Err(e).while_doing(doing),
    };
    let names: io::Result<Vec<String>> =
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect();
    let mut names = names.while_doing(doing)?;
    names.sort();
    Ok(names)
}

pub(super) fn stat_of(path: &Path, found: io::Result<fs::Metadata>) -> Result<Option<Stat>> {
    let stat = match found {
        Ok(stat) => stat,
        Err(e) if is_absent(&e) => return Ok(None),
        Err(e) => return Err(e).while_doing(|| format!("looking at {}", path.display())),
    };
    let kind = match stat.file_type() {
        kind if kind.is_symlink() => EntryKind::Link,
        kind if kind.is_file() => EntryKind::File,
        kind if kind.is_dir() => EntryKind::Folder,
        _ => EntryKind::Other,
    };
    let modified = stat.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    let modified = modified.unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(Some(Stat {
        kind,
        mode: MODE,
        size: stat.file_size(),
        device: drive(path),
        modified,
        changed: modified,
    }))
}

pub(super) fn content_of(path: &Path, read: io::Result<Vec<u8>>) -> Result<Option<Vec<u8>>> {
    match read {
        Ok(content) => Ok(Some(content)),
        Err(e) if is_absent(&e) => Ok(None),
        Err(e) => Err(e).while_doing(|| format!("reading {}", path.display())),
    }
}

/// Opens a file so, never through a link, and puts this in it.
pub(super) fn fill(options: &mut OpenOptions, path: &Path, content: &[u8]) -> Result<()> {
    let doing = || format!("writing {}", path.display());
    let mut file = options.write(true).custom_flags(OPEN_REPARSE_POINT).open(path).while_doing(doing)?;
    file.write_all(content).while_doing(doing)
}

/// Makes a file's content reach the disk. A folder's names are in the journal of NTFS, in order: asking for a folder
/// writes that journal out where Windows allows it, and where it does not, nothing is out of order.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.is_dir() {
        return File::options().write(true).open(path)?.sync_all();
    }
    if let Ok(folder) = File::options().write(true).custom_flags(BACKUP_SEMANTICS).open(path) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Free bytes of the drive that a path is on.
pub(super) fn room(path: &Path) -> u64 {
    let Ok(disks) = sysinfo::Disks::new_with_refreshed_list() else { return u64::MAX };
    let of_path = disks.iter().filter(|disk| drive(disk.mount_point()) == drive(path));
    of_path.map(sysinfo::Disk::available_space).max().unwrap_or(u64::MAX)
}

/// Whether it is removed as a folder is: a link to one is, too, and what that leads to stays.
pub(super) fn is_like_a_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|it| it.file_attributes() & FILE_ATTRIBUTE_DIRECTORY != 0)
}

pub(super) fn is_absent(e: &io::Error) -> bool {
    matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// A drive by its letter: nothing that is removed leads from one to another but by a link, and none is followed.
fn drive(path: &Path) -> u64 {
    path.to_str().and_then(|path| path.bytes().next()).map_or(0, |letter| letter.to_ascii_uppercase().into())
}
