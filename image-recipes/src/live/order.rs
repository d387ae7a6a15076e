//! What the live system is to do: written by `media` and `netboot` into its files, read when it runs.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::choice::Choice;
use crate::error::{Error, Result, While};
use crate::payload::Manifest;

/// The folder of all of it, in the live system.
pub const FOLDER: &str = "/etc/landfall";
/// The order's file in it.
pub const ORDER: &str = "order.json";
/// The image's manifest.
pub const MANIFEST: &str = "manifest.json";
/// The seed's files, where there are any.
pub const SEED: &str = "seed";
/// The file with the image's pieces, on the medium and on the server.
pub const IMAGE: &str = "landfall.image";

/// What to write where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Order {
    /// What tells this medium from others: a disk that was written by it has this in its partition table.
    pub id: String,
    /// The disk.
    pub disk: Choice,
    /// Whether it may have something on it.
    pub wipe: bool,
    /// Where the image's pieces are.
    pub from: From,
}

/// Where the image's pieces are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum From {
    /// On the medium with this name.
    Medium(String),
    /// At this address.
    Address(String),
}

/// The files of a seed, by name.
pub type SeedFiles = Vec<(String, Vec<u8>)>;

/// Everything that the live system finds in its folder.
#[derive(Debug)]
pub struct Task {
    /// The order.
    pub order: Order,
    /// The image.
    pub manifest: Manifest,
    /// The seed.
    pub seed: SeedFiles,
}

impl Task {
    /// Reads it.
    ///
    /// # Errors
    /// When something is missing or is something else.
    pub fn read(folder: &Path) -> Result<Self> {
        let (order, manifest) = (json(&folder.join(ORDER))?, json(&folder.join(MANIFEST))?);
        let mut seed = SeedFiles::new();
        for entry in std::fs::read_dir(folder.join(SEED)).into_iter().flatten().flatten() {
            let content = std::fs::read(entry.path()).while_doing(|| "reading the seed".into())?;
            seed.push((entry.file_name().to_string_lossy().into_owned(), content));
        }
        seed.sort();
        Ok(Self { order, manifest, seed })
    }
}

/// What tells a medium from others: the image, the disk, whether it may be wiped, and the seed. So one that is made anew
/// to wipe the disk is not taken for the one that wrote it.
///
/// # Errors
/// Never, but for a mistake of Landfall's.
pub fn id(manifest: &Manifest, disk: &Choice, wipe: bool, seed: &SeedFiles) -> Result<String> {
    let all = serde_json::to_vec(&(manifest, disk, wipe, seed)).map_err(|e| Error::bug(e.to_string()))?;
    Ok(hex::encode(&Sha256::digest(all)[..8]))
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read(path).while_doing(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&text).while_doing(|| format!("reading {}", path.display()))
}
