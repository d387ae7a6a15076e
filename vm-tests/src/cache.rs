//! Things that are dear to make, made once and kept under the name of what they were made from.
//!
//! An entry is a folder `<kind>-<key>`, where the key is a hash of everything that decides its
//! content. It appears by a rename, so a half-made one is never seen, and a lock per kind keeps
//! two processes from making the same thing at once. Nothing expires: remove the folder to renew.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result, While};

/// The folder that everything is cached under: `LANDFALL_CACHE`, else `landfall` in the user's cache folder.
pub fn folder() -> Result<PathBuf> {
    let folder = match (env("LANDFALL_CACHE"), env("XDG_CACHE_HOME"), env("HOME")) {
        (Some(own), _, _) => own,
        (None, Some(cache), _) => cache.join("landfall"),
        (None, None, Some(home)) => home.join(".cache/landfall"),
        (None, None, None) => return Err(Error::new("neither LANDFALL_CACHE nor HOME is set")),
    };
    fs::create_dir_all(&folder).doing(|| format!("making the cache folder {}", folder.display()))?;
    Ok(fs::canonicalize(folder)?)
}

fn env(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The folder of the entry that is made from `ingredients`; `make` fills an empty one if it is not there yet.
pub fn entry(kind: &str, ingredients: &[&[u8]], make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let folder = folder()?;
    let made = folder.join(format!("{kind}-{}", key(ingredients)));
    if made.exists() {
        return Ok(made);
    }
    let _one_at_a_time = lock(&folder.join(format!("{kind}.lock")))?;
    if made.exists() {
        return Ok(made);
    }
    let unfinished = folder.join(format!("{kind}.unfinished"));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    fs::create_dir(&unfinished)?;
    make(&unfinished).doing(|| format!("making {}", made.display()))?;
    fs::rename(&unfinished, &made)?;
    Ok(made)
}

/// Twelve hex digits over the ingredients, each with its length so that no two lists look alike.
fn key(ingredients: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for ingredient in ingredients {
        hash.update((ingredient.len() as u64).to_le_bytes());
        hash.update(ingredient);
    }
    hex::encode(&hash.finalize()[..6])
}

fn lock(path: &Path) -> Result<Flock<File>> {
    let file = File::create(path).doing(|| format!("opening {}", path.display()))?;
    Flock::lock(file, FlockArg::LockExclusive)
        .map_err(|(_, error)| error)
        .doing(|| format!("locking {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn ingredients_that_only_join_alike_have_different_keys() {
        assert_ne!(key(&[b"ab", b"c"]), key(&[b"a", b"bc"]));
        assert_eq!(key(&[b"ab", b"c"]), key(&[b"ab", b"c"]));
    }
}
