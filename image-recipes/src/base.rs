//! Base images: found, fetched once, and never used before every byte of them was checked.
//!
//! They live in `$XDG_CACHE_HOME/landfall-image/`, under the digest of their content. A download goes on where it
//! broke off, also in a later run; two runs that want the same wait for each other. What an image has to be is said
//! by the recipe, by the matrix, or by the list that its vendor publishes beside it.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::recipe::{Digest, Recipe, Source};

mod client;
pub mod digests;
mod download;
mod progress;
mod store;
#[cfg(test)]
mod tests;

pub use client::Client;
pub use store::Store;

/// A base that is here and was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The image.
    pub path: PathBuf,
    /// Where it came from, for a manifest: an address, or a file's name.
    pub origin: String,
    /// What it is, bit by bit.
    pub digest: Digest,
}

/// Brings the base of a recipe here; `None` where it is made from packages instead.
///
/// # Errors
/// When no digest says what it has to be, when it cannot be had, or is not what it has to be.
pub fn bring(recipe: &Recipe, store: &Store) -> Result<Option<Base>> {
    match recipe.base.source(recipe.architecture)? {
        Source::Packages(_) => Ok(None),
        Source::File { path, digest } => here(&recipe.origin.beside(&path), digest).map(Some),
        Source::Download { url, digest, list } => {
            let client = Client::new()?;
            let digest = match (digest, list) {
                (Some(digest), _) => digest,
                (None, Some(list)) => digests::of(&client.text(&list)?, &url)
                    .map_err(|e| e.while_doing(format!("reading {list}")))?,
                (None, None) => {
                    return Err(Error::refused(format!("nothing says what {url} has to be"))
                        .hint("write its digest into the recipe: base = { release = \"...\", digest = \"sha256:...\" }"));
                }
            };
            let path = store.bring(&client, &url, &digest)?;
            Ok(Some(Base { path, origin: url, digest }))
        }
    }
}

/// An image that is here already. Without a digest it is refused, with the one that it has.
fn here(path: &Path, digest: Option<Digest>) -> Result<Base> {
    let origin = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let Some(digest) = digest else {
        let found = store::digest(path, "sha256")?;
        return Err(Error::refused(format!("nothing says what {} has to be", path.display())).hint(format!(
            "where that is what its vendor names, write into the base: digest = \"{found}\""
        )));
    };
    let found = store::digest(path, digest.parts().0)?;
    if found != digest.as_str() {
        return Err(Error::refused(format!(
            "{} is not what the recipe names: it has {found}",
            path.display()
        )));
    }
    Ok(Base { path: path.to_owned(), origin, digest })
}
