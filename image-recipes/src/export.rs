//! The forms that an image comes out in, made of one raw disk.
//!
//! qemu-img writes the disks. The OVA around one is written here, because there is no program for it that
//! everybody has.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Result, While};
use crate::outputs::{Folder, Unfinished, sha256};
use crate::program::Program;
use crate::recipe::{Format, Recipe};

pub mod ova;
pub mod ovf;
#[cfg(test)]
mod tests;

/// An image that came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Output {
    /// Its form.
    pub format: Format,
    /// Its file's name.
    pub file: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

/// Writes every form that the recipe asks for. None has its final name before all are written.
///
/// # Errors
/// When one cannot be written.
pub fn export(raw: &Path, recipe: &Recipe, folder: &Folder) -> Result<Vec<Output>> {
    let name = recipe.origin.name();
    let mut formats = recipe.outputs.clone();
    formats.sort_unstable();
    formats.dedup();
    let mut written = Vec::new();
    for format in formats {
        let file = format!("{name}.{}", format.ending());
        let unfinished = folder.unfinished(&file)?;
        match format {
            Format::Ova => ova::write(raw, recipe, folder, &unfinished.path)?,
            format => convert(raw, format, &unfinished.path)?,
        }
        written.push((described(format, file, &unfinished)?, unfinished));
    }
    written.into_iter().map(|(output, unfinished)| unfinished.finish().map(|()| output)).collect()
}

fn described(format: Format, file: String, unfinished: &Unfinished) -> Result<Output> {
    let path = &unfinished.path;
    let bytes = std::fs::metadata(path).while_doing(|| format!("looking at {}", path.display()))?.len();
    Ok(Output { format, file, bytes, sha256: sha256(path)? })
}

/// Has qemu-img write a raw disk in another form.
///
/// # Errors
/// When it fails.
pub fn convert(raw: &Path, format: Format, to: &Path) -> Result<()> {
    Program::qemu_img()
        .args(["convert", "-f", "raw"])
        .args(arguments(format))
        .arg(raw)
        .arg(to)
        .run()
        .map(drop)
        .map_err(|e| e.while_doing(format!("writing the {}", format.ending())))
}

/// What qemu-img is told for each form.
fn arguments(format: Format) -> &'static [&'static str] {
    match format {
        Format::Qcow2 => &["-O", "qcow2", "-c", "-o", "compression_type=zstd"],
        Format::Raw => &["-O", "raw", "-S", "4k"],
        Format::Vmdk => &["-O", "vmdk", "-o", "subformat=monolithicSparse,adapter_type=lsilogic"],
        Format::Vhdx => &["-O", "vhdx", "-o", "subformat=dynamic"],
        // Azure takes fixed ones alone, of exactly the size that the footer says.
        Format::Vhd => &["-O", "vpc", "-o", "subformat=fixed,force_size=on"],
        // The form that is read from its start to its end: what an import streams.
        Format::Ova => &["-O", "vmdk", "-o", "subformat=streamOptimized,adapter_type=lsilogic"],
    }
}
