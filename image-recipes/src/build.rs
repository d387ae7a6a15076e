//! A build's frame: what it is told apart by, whether it has to run at all, and what stands beside its outputs.
//!
//! How the raw disk comes to be is not its business. The order of writing is: images, bill of materials, sums, and
//! the manifest last, so that a manifest which fits is the sign of a whole build.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::contents::Contents;
use crate::error::{Error, Result, While};
use crate::export;
use crate::manifest::{self, MadeOf, Manifest, Tool};
use crate::outputs::{Folder, sha256};
use crate::program::Program;
use crate::recipe::Recipe;
use crate::{render, reproducible, sbom};

#[cfg(test)]
mod tests;

/// How the name of the file of digests ends.
pub const SUMS: &str = "SHA256SUMS";

/// A build in a folder that it holds alone.
#[derive(Debug)]
pub struct Build<'a> {
    /// The recipe.
    pub recipe: &'a Recipe,
    /// Where its results go.
    pub folder: Folder,
    /// What goes in.
    pub made_of: MadeOf,
}

impl<'a> Build<'a> {
    /// Takes the digests of all that goes in. `base` is where the base comes from, and its
    /// digest.
    ///
    /// # Errors
    /// When something cannot be read.
    pub fn begin(recipe: &'a Recipe, folder: Folder, base: (&str, &str), landfall: &Path) -> Result<Self> {
        let made_of = MadeOf {
            recipe: recipe_digest(recipe)?,
            base: base.0.to_owned(),
            base_digest: base.1.to_owned(),
            landfall: sha256(landfall).map_err(|e| e.hint("give the binary with --binary"))?,
            landfall_image: own_digest()?,
            name: recipe.origin.name(),
        };
        Ok(Self { recipe, folder, made_of })
    }

    /// What an earlier build of the same left, where all of it is still there.
    #[must_use]
    pub fn unchanged(&self) -> Option<Manifest> {
        let manifest = Manifest::read(&self.folder.path, &self.made_of.name)?;
        (manifest.key == self.made_of.key() && manifest.is_intact(&self.folder.path)).then_some(manifest)
    }

    /// Writes every output of a finished raw disk, and what stands beside them.
    ///
    /// # Errors
    /// When something cannot be written; the manifest is not there then.
    pub fn finish(&self, raw: &Path, contents: Contents, mut tools: Vec<Tool>) -> Result<Manifest> {
        self.forget()?;
        tools.push(qemu_img()?);
        tools.push(Tool { name: "landfall-image".into(), version: env!("CARGO_PKG_VERSION").into() });
        let manifest = Manifest {
            version: 1,
            name: self.made_of.name.clone(),
            key: self.made_of.key(),
            made_of: self.made_of.clone(),
            tools,
            outputs: export::export(raw, self.recipe, &self.folder)?,
            contents,
        };
        let json = |value| serde_json::to_vec_pretty(value).map_err(|e| Error::bug(e.to_string()));
        self.folder.write(&self.beside(sbom::ENDING), &json(&sbom::bill(&manifest))?)?;
        self.folder.write(
            &self.beside(reproducible::ENDING),
            reproducible::statement(self.recipe, &manifest).as_bytes(),
        )?;
        self.folder.write(&self.beside(SUMS), manifest.sums().as_bytes())?;
        let whole = serde_json::to_vec_pretty(&manifest).map_err(|e| Error::bug(e.to_string()))?;
        self.folder.write(&self.beside(manifest::ENDING), &whole)?;
        Ok(manifest)
    }

    /// The name of what stands beside the outputs: images of several recipes may share a folder.
    fn beside(&self, ending: &str) -> String {
        format!("{}.{ending}", self.made_of.name)
    }

    /// An earlier manifest does not fit what is about to be written.
    fn forget(&self) -> Result<()> {
        let path = self.folder.path.join(self.beside(manifest::ENDING));
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(e).while_doing(|| format!("removing {}", path.display()))
            }
            _ => Ok(()),
        }
    }
}

/// SHA-256 of this very program. Its version alone would let an image stay that an older commit made.
fn own_digest() -> Result<String> {
    sha256(Path::new("/proc/self/exe"))
}

/// SHA-256 of the recipe's text and of every file that it puts into the image.
fn recipe_digest(recipe: &Recipe) -> Result<String> {
    let mut digest = Sha256::new();
    digest.update((recipe.origin.text.len() as u64).to_le_bytes());
    digest.update(&recipe.origin.text);
    for file in render::files(recipe)? {
        digest.update((file.content.len() as u64).to_le_bytes());
        digest.update(&file.content);
    }
    Ok(hex::encode(digest.finalize()))
}

fn qemu_img() -> Result<Tool> {
    let said = Program::qemu_img().arg("--version").run()?;
    let version = said.lines().next().unwrap_or_default().trim_start_matches("qemu-img version ").to_owned();
    Ok(Tool { name: "qemu-img".into(), version })
}
