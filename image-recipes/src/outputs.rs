//! Where results go: one build at a time in a folder, and no half file under a final name.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result, While};

const LOCK: &str = ".landfall-image.lock";

/// A folder that nobody else builds in while this value lives.
#[derive(Debug)]
pub struct Folder {
    /// The folder.
    pub path: PathBuf,
    _lock: Flock<File>,
}

impl Folder {
    /// Makes the folder where it is missing, and locks it.
    ///
    /// # Errors
    /// When another build holds it: with who.
    pub fn lock(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).while_doing(|| format!("making {}", path.display()))?;
        let lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK))
            .while_doing(|| format!("locking {}", path.display()))?;
        let mut lock =
            Flock::lock(lock, FlockArg::LockExclusiveNonblock).map_err(|(file, _)| held(path, file))?;
        let who = format!("process {}", std::process::id());
        lock.set_len(0)
            .and_then(|()| lock.seek(SeekFrom::Start(0)))
            .and_then(|_| lock.write_all(who.as_bytes()))
            .while_doing(|| format!("locking {}", path.display()))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// A file to write, which is not there under its name until [`Unfinished::finish`].
    ///
    /// # Errors
    /// When what an interrupted build left there cannot be removed.
    pub fn unfinished(&self, name: &str) -> Result<Unfinished> {
        let unfinished =
            Unfinished { path: self.path.join(format!(".{name}.part")), name: self.path.join(name) };
        match fs::remove_file(&unfinished.path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                Err(e).while_doing(|| format!("removing {}", unfinished.path.display()))
            }
            _ => Ok(unfinished),
        }
    }

    /// Writes a small file whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        let file = self.unfinished(name)?;
        fs::write(&file.path, content).while_doing(|| format!("writing {}", file.path.display()))?;
        file.finish()
    }
}

fn held(path: &Path, mut lock: File) -> Error {
    let mut who = String::new();
    let _ = lock.read_to_string(&mut who);
    let who = if who.is_empty() { "another process" } else { &who };
    Error::failed(format!("{who} builds in {} already", path.display()))
        .hint("wait for it, or choose another folder")
}

/// A file that is being written. It is gone with this value, unless it was finished.
#[derive(Debug)]
pub struct Unfinished {
    /// Where to write.
    pub path: PathBuf,
    name: PathBuf,
}

impl Unfinished {
    /// Gives it its name, once all of it is on the disk.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn finish(self) -> Result<()> {
        let doing = || format!("finishing {}", self.name.display());
        File::open(&self.path).and_then(|file| file.sync_all()).while_doing(doing)?;
        fs::rename(&self.path, &self.name).while_doing(doing)?;
        let folder = self.name.parent().unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).while_doing(doing)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The folder that a file is in, or will be.
#[must_use]
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file's SHA-256, in hexadecimal figures.
///
/// # Errors
/// When it cannot be read.
pub fn sha256(path: &Path) -> Result<String> {
    let mut digest = Sha256::new();
    let mut file = File::open(path).while_doing(|| format!("opening {}", path.display()))?;
    io::copy(&mut file, &mut digest).while_doing(|| format!("reading {}", path.display()))?;
    Ok(hex::encode(digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_build_is_told_who_holds_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = Folder::lock(folder.path()).unwrap();
        let error = Folder::lock(folder.path()).unwrap_err();
        assert!(error.what.contains(&format!("process {}", std::process::id())), "{error}");
        drop(first);
        Folder::lock(folder.path()).unwrap();
    }

    #[test]
    fn an_unfinished_file_is_never_there_under_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let held = Folder::lock(folder.path()).unwrap();
        let file = held.unfinished("image.raw").unwrap();
        fs::write(&file.path, "half").unwrap();
        assert!(!folder.path().join("image.raw").exists());
        let path = file.path.clone();
        drop(file);
        assert!(!path.exists() && !folder.path().join("image.raw").exists());
        // What a cut left is taken away by the next build.
        fs::write(&path, "half").unwrap();
        let file = held.unfinished("image.raw").unwrap();
        assert!(!path.exists());
        fs::write(&file.path, "whole").unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read(folder.path().join("image.raw")).unwrap(), b"whole");
    }
}
