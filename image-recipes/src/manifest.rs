//! `NAME.manifest.json` beside an image: what it was made of, with what, and what came out. It carries no time and no
//! path of the machine that built, so that two builds of the same can be compared.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::contents::Contents;
use crate::export::Output;
use crate::outputs::sha256;

/// How its name ends.
pub const ENDING: &str = "manifest.json";

/// What an image was made of, with what, and what came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    /// The format's version.
    pub version: u32,
    /// The recipe's name.
    pub name: String,
    /// What this build is told apart by: the same key, the same build.
    pub key: String,
    /// What went in.
    pub made_of: MadeOf,
    /// The programs that made it, and their versions.
    pub tools: Vec<Tool>,
    /// What came out.
    pub outputs: Vec<Output>,
    /// What is in it.
    pub contents: Contents,
}

/// What goes into an image. The same of all of it makes the same key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MadeOf {
    /// SHA-256 of the recipe's text and of the files that it names.
    pub recipe: String,
    /// Where the base comes from: an address, a file's name, or the release that it was bootstrapped of.
    pub base: String,
    /// The base's digest, `sha256:...` or `sha512:...`.
    pub base_digest: String,
    /// SHA-256 of the binary `landfall` that is in the image.
    pub landfall: String,
    /// SHA-256 of the program `landfall-image`.
    pub landfall_image: String,
    /// The recipe's name, which is the outputs'.
    pub name: String,
}

/// A program that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it says its version is.
    pub version: String,
}

impl MadeOf {
    /// What this build is told apart by.
    #[must_use]
    pub fn key(&self) -> String {
        use sha2::{Digest, Sha256};
        let mut digest = Sha256::new();
        let (made_by, made_of) = ([&self.landfall, &self.landfall_image], [&self.base, &self.base_digest]);
        for part in [&self.recipe, &self.name].into_iter().chain(made_of).chain(made_by) {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        hex::encode(digest.finalize())
    }
}

impl Manifest {
    /// Reads the one of a recipe in a folder; one that cannot be read is the same as none.
    #[must_use]
    pub fn read(folder: &Path, name: &str) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.{ENDING}"))).ok()?).ok()
    }

    /// Whether everything that came out is still there, bit by bit.
    #[must_use]
    pub fn is_intact(&self, folder: &Path) -> bool {
        self.outputs.iter().all(|output| {
            let path = folder.join(&output.file);
            std::fs::metadata(&path).is_ok_and(|it| it.len() == output.bytes)
                && sha256(&path).is_ok_and(|sum| sum == output.sha256)
        })
    }

    /// The outputs as `sha256sum --check` takes them.
    #[must_use]
    pub fn sums(&self) -> String {
        self.outputs.iter().map(|output| format!("{}  {}\n", output.sha256, output.file)).collect()
    }
}
