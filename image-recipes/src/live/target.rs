//! The disk that is written: reads and writes at places of it, zeros by the device's own means, and what is really on it.

use std::fs::File;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, PosixFadviseAdvice, fallocate, posix_fadvise};

use crate::error::{Error, Result, While};

/// Zeros that are written where a device has no command for them.
const ZEROS: usize = 1 << 20;

/// An open disk.
#[derive(Debug)]
pub struct Target {
    file: File,
    path: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// The power is cut at this write: for tests.
    #[cfg(test)]
    pub cut_at: std::cell::Cell<Option<usize>>,
}

impl Target {
    /// Opens one to write it; nobody else may have it in use.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(path: &Path, bytes: u64) -> Result<Self> {
        // Of a disk, O_EXCL alone means that nothing is mounted from it and no other disk is made of it.
        let file = File::options().read(true).write(true).custom_flags(nix::libc::O_EXCL).open(path);
        let file = file.map_err(|e| {
            let error = Error::failed(format!("{} cannot be opened: {e}", path.display()));
            match e.raw_os_error() {
                Some(nix::libc::EBUSY) => {
                    error.hint("it is in use: a RAID, or a file system of it is mounted")
                }
                Some(nix::libc::EROFS | nix::libc::EACCES) => error.hint("it is protected against writing"),
                _ => error,
            }
        })?;
        Ok(Self::of(file, path, bytes))
    }

    /// Opens one to look at it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn look(path: &Path, bytes: u64) -> Result<Self> {
        let file = File::open(path).while_doing(|| format!("opening {}", path.display()))?;
        Ok(Self::of(file, path, bytes))
    }

    fn of(file: File, path: &Path, bytes: u64) -> Self {
        Self {
            file,
            path: path.to_owned(),
            bytes,
            #[cfg(test)]
            cut_at: std::cell::Cell::new(None),
        }
    }

    /// Bytes of a place; fewer at the end.
    ///
    /// # Errors
    /// When the disk cannot read them.
    pub fn read(&self, at: u64, length: u64) -> Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length.min(self.bytes.saturating_sub(at))).unwrap_or(0)];
        self.file.read_exact_at(&mut bytes, at).map_err(|e| self.broken("read", at, &e))?;
        Ok(bytes)
    }

    /// Writes.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn write(&self, at: u64, bytes: &[u8]) -> Result<()> {
        self.power(at, bytes)?;
        self.file.write_all_at(bytes, at).map_err(|e| self.broken("written", at, &e))
    }

    /// Makes all of a place zero: what was there must not come back, such as an old file system's copy of itself.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn zero(&self, at: u64, length: u64) -> Result<()> {
        if length == 0 {
            return Ok(());
        }
        self.power(at, &[])?;
        let (start, count) =
            (i64::try_from(at).unwrap_or(i64::MAX), i64::try_from(length).unwrap_or(i64::MAX));
        let mode = FallocateFlags::FALLOC_FL_ZERO_RANGE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        match fallocate(&self.file, mode, start, count) {
            Ok(()) => Ok(()),
            Err(Errno::EOPNOTSUPP | Errno::EINVAL) => self.write_zeros(at, length),
            Err(e) => Err(self.broken("written", at, &e.into())),
        }
    }

    fn write_zeros(&self, at: u64, length: u64) -> Result<()> {
        let zeros = vec![0; ZEROS];
        let mut done = 0;
        while done < length {
            let part = usize::try_from(length - done).unwrap_or(ZEROS).min(ZEROS);
            self.power(at + done, &[])?;
            self.file.write_all_at(&zeros[..part], at + done).map_err(|e| self.broken("written", at, &e))?;
            done += part as u64;
        }
        Ok(())
    }

    /// Returns when all that was written is on the disk, and forgets it: what is read from then on comes from there.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|e| self.broken("written", 0, &e))?;
        posix_fadvise(&self.file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)
            .map_err(|e| self.broken("written", 0, &e.into()))
    }

    fn broken(&self, verb: &str, at: u64, error: &std::io::Error) -> Error {
        Error::failed(format!("{} cannot be {verb} at byte {at}: {error}", self.path.display()))
            .hint("the disk or its cable is broken; try another")
    }

    #[cfg(not(test))]
    #[allow(clippy::unnecessary_wraps, clippy::unused_self)]
    fn power(&self, _at: u64, _bytes: &[u8]) -> Result<()> {
        Ok(())
    }

    /// Of the write at which it is cut, half of the sectors are on the disk.
    #[cfg(test)]
    fn power(&self, at: u64, bytes: &[u8]) -> Result<()> {
        match self.cut_at.get() {
            Some(0) => {
                let half = bytes.len() / 2 / 512 * 512;
                self.file.write_all_at(&bytes[..half], at).unwrap();
                Err(Error::failed("the power is cut"))
            }
            left => {
                self.cut_at.set(left.map(|it| it - 1));
                Ok(())
            }
        }
    }
}
