//! What cells really did: the list `vm-tests/cell-proofs.toml`, and how a cell gets onto it.
//!
//! As in [`crate::proofs`]: a cell that came to its end writes a small file where `LANDFALL_PROOFS` asks for it, in a
//! folder of its own in that one, and `support-table --proofs FOLDER` takes it onto the list.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::images::Image;
use super::{Cell, named};
use crate::error::{Result, While};
use crate::programs::workspace;
use crate::proofs;

/// In the folder of proofs.
const FOLDER: &str = "cells";

const ABOVE: &str = "# What cells of the matrix really did. Written by\n\
                     # `cargo run -p vm-tests -- support-table --proofs FOLDER`, from what was recorded; not by hand.\n\n";

/// One cell that came to its end, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CellProof {
    /// The cell's name.
    pub cell: String,
    /// What its image was: `vendor`, `given`, `packages` or `stand-in`.
    pub image: String,
    /// Seconds, images aside that were there already.
    pub seconds: u64,
    /// The day, by the testing machine's clock, in UTC.
    pub date: String,
    /// The commit that was tried, and whether files differed from it.
    pub commit: String,
}

#[derive(Default, Serialize, Deserialize)]
struct List {
    #[serde(default)]
    proof: Vec<CellProof>,
}

/// Says in the folder of proofs, where there is one, that this cell came to its end.
pub fn record(cell: &Cell, image: &Image, took: Duration) -> Result<()> {
    let Some(folder) = proofs::folder() else { return Ok(()) };
    let image = match image {
        Image::Given(_) => "given",
        Image::Packages => "packages",
        Image::StandIn(_) => "stand-in",
        Image::Vendor | Image::None(_) => "vendor",
    };
    let proof = CellProof {
        cell: cell.to_string(),
        image: image.to_owned(),
        seconds: took.as_secs(),
        date: proofs::today()?,
        commit: proofs::tried_commit()?,
    };
    let folder = folder.join(FOLDER);
    fs::create_dir_all(&folder)?;
    let place = folder.join(format!("{}.toml", proof.cell.replace('/', "_")));
    let text = toml::to_string(&proof).doing(|| "writing a proof")?;
    fs::write(&place, text).doing(|| format!("writing {}", place.display()))
}

fn file() -> PathBuf {
    workspace().join("vm-tests/cell-proofs.toml")
}

/// The list.
pub fn all() -> Result<Vec<CellProof>> {
    let text = fs::read_to_string(file()).doing(|| "reading cell-proofs.toml")?;
    Ok(toml::from_str::<List>(&text).doing(|| "reading cell-proofs.toml")?.proof)
}

/// Takes what was recorded in the folder of proofs onto the list; how many that are.
pub fn merge(folder: &Path) -> Result<usize> {
    let mut new: Vec<CellProof> = Vec::new();
    for entry in fs::read_dir(folder.join(FOLDER)).into_iter().flatten() {
        let path = entry?.path();
        let text = fs::read_to_string(&path).doing(|| format!("reading {}", path.display()))?;
        new.push(toml::from_str(&text).doing(|| format!("reading {}", path.display()))?);
    }
    let count = new.len();
    let proof = merged(all()?, new);
    let text = toml::to_string(&List { proof }).doing(|| "writing cell-proofs.toml")?;
    fs::write(file(), format!("{ABOVE}{text}"))?;
    Ok(count)
}

/// A newer proof takes the place of an older one of the same cell; one whose cell is gone goes.
fn merged(old: Vec<CellProof>, new: Vec<CellProof>) -> Vec<CellProof> {
    let is_renewed = |it: &CellProof| new.iter().any(|newer| newer.cell == it.cell);
    let mut all: Vec<CellProof> = old.into_iter().filter(|it| !is_renewed(it)).collect();
    all.extend(new);
    all.retain(|it| named(&it.cell).is_some());
    all.sort_by(|one, other| one.cell.cmp(&other.cell));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(cell: &str, seconds: u64) -> CellProof {
        let (image, date, commit) = ("packages".into(), "2026-11-27".into(), "0123456789ab".into());
        CellProof { cell: cell.into(), image, seconds, date, commit }
    }

    #[test]
    fn a_newer_run_of_a_cell_takes_the_place_of_the_older_and_one_without_a_cell_goes() {
        let [kept, renewed, added] =
            ["debian-11", "debian-12", "debian-13"].map(|it| format!("{it}/x86_64/bios/up"));
        let old = vec![proof(&kept, 1), proof(&renewed, 1), proof("debian-1/x86_64/bios/up", 1)];
        let all = merged(old, vec![proof(&renewed, 2), proof(&added, 2)]);
        let all: Vec<(&str, u64)> = all.iter().map(|it| (it.cell.as_str(), it.seconds)).collect();
        assert_eq!(all, [(kept.as_str(), 1), (&renewed, 2), (&added, 2)]);
    }
}
