//! Images by their digest, in one folder of the user's cache.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use sha2::{Sha256, Sha512};

use super::client::Client;
use super::download;
use crate::error::{Error, Result, While};
use crate::recipe::Digest;

/// The store.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The one of this user: `$XDG_CACHE_HOME/landfall-image`, or `~/.cache/landfall-image`.
    ///
    /// # Errors
    /// When there is no home.
    pub fn of_user() -> Result<Self> {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|it| it.is_absolute());
        let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        let cache = cache.or_else(home).ok_or_else(|| {
            Error::refused("there is no folder for downloads").hint("set HOME or XDG_CACHE_HOME")
        })?;
        Ok(Self::at(&cache.join("landfall-image")))
    }

    /// A file of this user's that is no download.
    ///
    /// # Errors
    /// When the store's folder cannot be made.
    pub fn beside(&self, name: &str) -> Result<PathBuf> {
        fs::create_dir_all(&self.folder).while_doing(|| format!("making {}", self.folder.display()))?;
        Ok(self.folder.join(name))
    }

    /// One elsewhere.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The image with this digest, downloaded where it is not here.
    ///
    /// # Errors
    /// When it cannot be had, or is something else.
    pub fn bring(&self, client: &Client, url: &str, digest: &Digest) -> Result<PathBuf> {
        let (algorithm, figures) = digest.parts();
        let folder = self.folder.join(algorithm);
        let path = folder.join(figures);
        fs::create_dir_all(&folder).while_doing(|| format!("making {}", folder.display()))?;
        let _alone = alone(&folder.join(format!("{figures}.lock")))?;
        if path.exists() {
            // The name says what it was when it came; disks forget.
            if self::digest(&path, algorithm)? == digest.as_str() {
                return Ok(path);
            }
            fs::remove_file(&path).while_doing(|| format!("removing {}", path.display()))?;
        }
        let part = folder.join(format!("{figures}.part"));
        let resumed = part.exists();
        let mut found = self.arrived(client, url, &part, algorithm)?;
        if found != digest.as_str() && resumed {
            // The beginning may have been of another file; once more, from the start.
            fs::remove_file(&part).while_doing(|| format!("removing {}", part.display()))?;
            found = self.arrived(client, url, &part, algorithm)?;
        }
        if found != digest.as_str() {
            let _ = fs::remove_file(&part);
            return Err(Error::failed(format!("{url} is not what it has to be: {found}, not {digest}"))
                .hint("the vendor may have published a newer one: see its list of digests"));
        }
        let doing = || format!("naming {}", path.display());
        File::open(&part).and_then(|file| file.sync_all()).while_doing(doing)?;
        fs::rename(&part, &path).while_doing(doing)?;
        Ok(path)
    }

    fn arrived(&self, client: &Client, url: &str, part: &Path, algorithm: &str) -> Result<String> {
        download::bring(client, url, part)?;
        digest(part, algorithm)
    }
}

/// Waits until nobody else brings the same; says so when that takes a while.
fn alone(path: &Path) -> Result<Flock<File>> {
    let doing = || format!("locking {}", path.display());
    let open = || File::options().write(true).create(true).truncate(false).open(path).while_doing(doing);
    match Flock::lock(open()?, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(lock),
        Err(_) => {
            eprintln!("{:<10} for another process that fetches the same", "waiting");
            Flock::lock(open()?, FlockArg::LockExclusive)
                .map_err(|(_, e)| io::Error::from(e))
                .while_doing(doing)
        }
    }
}

/// A file's digest, with its algorithm before it.
///
/// # Errors
/// When it cannot be read.
pub fn digest(path: &Path, algorithm: &str) -> Result<String> {
    let mut file =
        File::open(path).map_err(|e| Error::refused(format!("{} cannot be read: {e}", path.display())))?;
    let figures = match algorithm {
        "sha512" => summed::<Sha512>(&mut file),
        _ => summed::<Sha256>(&mut file),
    };
    Ok(format!("{algorithm}:{}", figures.while_doing(|| format!("reading {}", path.display()))?))
}

fn summed<D: sha2::Digest + io::Write>(file: &mut File) -> io::Result<String> {
    let mut digest = D::new();
    io::copy(file, &mut digest)?;
    Ok(hex::encode(digest.finalize()))
}
