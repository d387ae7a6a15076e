//! What cells really did: the list `vm-tests/cell-proofs.toml`, and how a cell gets onto it.
//!
//! As in [`crate::proofs`], but recorded in a folder of their own.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Cell;
use super::images::Image;
use crate::error::Result;
use crate::proofs::list::{self, Listed};
use crate::proofs::{today, tried_commit};

/// One cell that came to its end, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CellProof {
    /// The cell's name.
    pub cell: String,
    /// What its image was: `vendor`, `given`, `packages` or `stand-in`.
    pub image: String,
    /// Seconds of the path, without those of its image.
    pub seconds: u64,
    /// The day, by the testing machine's clock, in UTC.
    pub date: String,
    /// The commit that was tried, and whether files differed from it.
    pub commit: String,
}

impl Listed for CellProof {
    type Key = String;
    const LIST: &'static str = "cell-proofs.toml";
    const RECORDED: &'static str = "cells";
    const ABOVE: &'static str = "# What cells of the matrix really did. Written by\n\
         # `cargo run -p vm-tests -- support-table --proofs FOLDER`, from what was recorded; not by hand.\n\n";

    fn name(&self) -> &str {
        &self.cell
    }

    fn key(&self) -> String {
        self.cell.clone()
    }
}

/// Says in the folder of proofs, where there is one, that this cell came to its end.
pub fn record(cell: &Cell, image: &Image, took: Duration) -> Result<()> {
    let image = match image {
        Image::Given(_) => "given",
        Image::Packages => "packages",
        Image::StandIn(_) => "stand-in",
        Image::Vendor | Image::None(_) => "vendor",
    };
    list::record(|| {
        Ok(CellProof {
            cell: cell.to_string(),
            image: image.to_owned(),
            seconds: took.as_secs(),
            date: today()?,
            commit: tried_commit()?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::named;

    fn proof(cell: &str, seconds: u64) -> CellProof {
        let (image, date, commit) = ("packages".into(), "2026-11-27".into(), "0123456789ab".into());
        CellProof { cell: cell.into(), image, seconds, date, commit }
    }

    #[test]
    fn a_newer_run_of_a_cell_takes_the_place_of_the_older_and_one_without_a_cell_goes() {
        let [kept, renewed, added] =
            ["debian-11", "debian-12", "debian-13"].map(|it| format!("{it}/x86_64/bios/up"));
        let old = vec![proof(&kept, 1), proof(&renewed, 1), proof("debian-1/x86_64/bios/up", 1)];
        let new = vec![proof(&renewed, 2), proof(&added, 2)];
        let (all, _) = list::merged(old, new, |cell| named(cell).is_some());
        let all: Vec<(&str, u64)> = all.iter().map(|it| (it.cell.as_str(), it.seconds)).collect();
        assert_eq!(all, [(kept.as_str(), 1), (&renewed, 2), (&added, 2)]);
    }
}
