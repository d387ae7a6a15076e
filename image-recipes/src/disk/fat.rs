//! A FAT file system inside a disk as a tree: where UEFI's boot loaders are, and a random seed may be.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use fatfs::{FileSystem, FsOptions};
use landfall_contract::seal_list::{Entry, Kind, Tree};

use crate::error::{Error, Result};

/// A part of a file, for reading alone.
struct Part {
    file: File,
    start: u64,
    size: u64,
    at: u64,
}

impl Read for Part {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        use std::os::unix::fs::FileExt;
        let left = usize::try_from(self.size.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let length = into.len().min(left);
        let read = self.file.read_at(&mut into[..length], self.start + self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Write for Part {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Part {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// A FAT file system.
pub struct FatTree {
    file_system: FileSystem<Part>,
}

impl FatTree {
    /// Opens the one in a part of a disk.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(disk: &Path, start: u64, size: u64) -> Result<Self> {
        let file = File::open(disk).map_err(|e| Error::failed(e.to_string()))?;
        let options = FsOptions::new().update_accessed_date(false);
        let file_system =
            FileSystem::new(Part { file, start, size, at: 0 }, options).map_err(|e| broken(&e))?;
        Ok(Self { file_system })
    }

    /// What it is called: an entry of its root folder says so, or else its first sector.
    pub fn label(&self) -> Option<String> {
        match self.file_system.read_volume_label_from_root_dir() {
            Ok(Some(label)) => Some(label),
            _ => Some(self.file_system.volume_label()).filter(|it| !it.is_empty()),
        }
    }
}

impl Tree for FatTree {
    type Error = Error;

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        let root = self.file_system.root_dir();
        let folder = match folder.trim_matches('/') {
            "" => root,
            path => match root.open_dir(path) {
                Ok(folder) => folder,
                Err(_) => return Ok(Vec::new()),
            },
        };
        let mut names = Vec::new();
        for entry in folder.iter() {
            let name = entry.map_err(|e| broken(&e))?.file_name();
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn look(&self, path: &str) -> Result<Option<Entry>> {
        let path = path.trim_matches('/');
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name.is_empty() {
            return Ok(Some(Entry { kind: Kind::Folder, mode: 0o755, size: 0 }));
        }
        let root = self.file_system.root_dir();
        let Ok(folder) = (if folder.is_empty() { Ok(root) } else { root.open_dir(folder) }) else {
            return Ok(None);
        };
        for entry in folder.iter() {
            let entry = entry.map_err(|e| broken(&e))?;
            if entry.file_name().eq_ignore_ascii_case(name) {
                let kind = if entry.is_dir() { Kind::Folder } else { Kind::File };
                return Ok(Some(Entry { kind, mode: 0o755, size: entry.len() }));
            }
        }
        Ok(None)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        let mut file =
            self.file_system.root_dir().open_file(path.trim_matches('/')).map_err(|e| broken(&e))?;
        file.read_to_end(&mut content).map_err(|e| broken(&e))?;
        Ok(content)
    }
}

fn broken(error: &io::Error) -> Error {
    Error::failed(error.to_string()).while_doing("reading the image's EFI system partition")
}
