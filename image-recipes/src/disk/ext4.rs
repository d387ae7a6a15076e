//! An ext4 file system inside a disk, read by a library in user space. It plays the journal in memory, so that
//! an image which was not unmounted is seen as a boot would see it.

use std::fs::File;
use std::path::Path;

use ext4_view::{Ext4, Ext4Error, Ext4Read, Metadata};
use landfall_contract::seal_list::{Entry, Kind, Tree};

use crate::error::{Error, Result};

/// What is read of a file at most; what is compared is far smaller.
const LARGEST: u64 = 256 << 20;

/// A file system that begins somewhere in a file.
struct Within {
    file: File,
    offset: u64,
}

impl Ext4Read for Within {
    fn read(
        &mut self,
        start: u64,
        into: &mut [u8],
    ) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync + 'static>> {
        use std::os::unix::fs::FileExt;
        let at = self.offset.checked_add(start).ok_or("a place beyond every disk")?;
        Ok(self.file.read_exact_at(into, at)?)
    }
}

/// An ext4 file system.
pub struct Ext4Tree {
    file_system: Ext4,
}

impl Ext4Tree {
    /// Opens the one that begins at `offset`.
    ///
    /// # Errors
    /// When there is none, or it uses a feature that cannot be read.
    pub fn open(disk: &Path, offset: u64) -> Result<Self> {
        let at = |what: String| Error::failed(format!("{what} in {} at byte {offset}", disk.display()));
        let file = File::open(disk).map_err(|e| at(e.to_string()))?;
        let file_system = Ext4::load(Box::new(Within { file, offset })).map_err(|e| at(e.to_string()))?;
        Ok(Self { file_system })
    }

    /// What stands at a path, the last name's link not followed.
    ///
    /// # Errors
    /// When the file system cannot be read.
    pub fn metadata(&self, path: &str) -> Result<Option<Metadata>> {
        absent_is_none(path, self.file_system.symlink_metadata(path))
    }

    /// Where a link leads; `None` where there is no link.
    ///
    /// # Errors
    /// When the file system cannot be read.
    pub fn link(&self, path: &str) -> Result<Option<String>> {
        match self.file_system.read_link(path) {
            Err(Ext4Error::NotASymlink) => Ok(None),
            other => Ok(absent_is_none(path, other)?.map(|to| to.display().to_string())),
        }
    }

    /// Whether anything is there once links are followed.
    ///
    /// # Errors
    /// When the file system cannot be read.
    pub fn exists(&self, path: &str) -> Result<bool> {
        Ok(absent_is_none(path, self.file_system.metadata(path))?.is_some())
    }

    /// A file's content, links followed; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is too big to be what is meant.
    pub fn content(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let Some(metadata) = absent_is_none(path, self.file_system.metadata(path))? else { return Ok(None) };
        if metadata.len() > LARGEST {
            return Err(Error::failed(format!("{path} of {} bytes is too big to be read", metadata.len())));
        }
        absent_is_none(path, self.file_system.read(path))
    }
}

impl Tree for Ext4Tree {
    type Error = Error;

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        if self.metadata(folder)?.is_none_or(|it| !it.is_dir()) {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for entry in self.file_system.read_dir(folder).map_err(|e| broken(folder, &e))? {
            let entry = entry.map_err(|e| broken(folder, &e))?;
            // A name that is no text is no name that anybody looks for.
            match entry.file_name().as_str() {
                Ok("." | "..") | Err(_) => {}
                Ok(name) => names.push(name.to_owned()),
            }
        }
        Ok(names)
    }

    fn look(&self, path: &str) -> Result<Option<Entry>> {
        Ok(self.metadata(path)?.map(|it| {
            let kind = match it.file_type() {
                kind if kind.is_regular_file() => Kind::File,
                kind if kind.is_dir() => Kind::Folder,
                kind if kind.is_symlink() => Kind::Link,
                _ => Kind::Other,
            };
            Entry { kind, mode: u32::from(it.mode()) & 0o7777, size: it.len() }
        }))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>> {
        self.content(path)?.ok_or_else(|| Error::failed(format!("{path} is not there")))
    }
}

fn absent_is_none<T>(path: &str, answer: std::result::Result<T, Ext4Error>) -> Result<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        // A link that leads nowhere, or through a file, has nothing at its end.
        Err(Ext4Error::NotFound | Ext4Error::NotADirectory | Ext4Error::TooManySymlinks) => Ok(None),
        Err(e) => Err(broken(path, &e)),
    }
}

fn broken(path: &str, error: &Ext4Error) -> Error {
    Error::failed(format!("{path} cannot be read: {error}")).while_doing("reading the image's file system")
}
