//! `docs/vm-matrix.md`: the matrix, a row for each release, architecture and firmware, a column for each whole path.

use distro_matrix::Distro;

use crate::error::Result;
use crate::matrix::images::{self, Image};
use crate::matrix::proofs::CellProof;
use crate::matrix::skips::{self, Skip};
use crate::matrix::{Cell, Path, cells, matches};

use super::page::commit_words;
use super::{joined, short};

/// The table, with how many of its cells are in which state before it.
pub(super) fn table(proofs: &[CellProof]) -> Result<String> {
    let skips = skips::all()?;
    let cells = cells();
    let mut text = counts(&cells, proofs, &skips);
    text += &format!(
        "\n| release | architecture | firmware | {} |\n|---|---|---|{}\n",
        Path::ALL.map(Path::name).join(" | "),
        "---|".repeat(Path::ALL.len())
    );
    let mut without: Vec<&Distro> = Vec::new();
    for row in cells.chunk_by(|one, other| key(one) == key(other)) {
        let (_, architecture, firmware) = key(&row[0]);
        let states: Vec<State> = row.iter().map(|cell| state(cell, proofs, &skips)).collect();
        if states.iter().all(|it| matches!(it, State::NoImage | State::Skipped(_))) {
            without.push(row[0].distro);
            continue;
        }
        let states: Vec<String> = states.iter().map(State::words).collect();
        let name = short(row[0].distro);
        text += &format!("| {name} | {architecture} | {firmware} | {} |\n", states.join(" | "));
    }
    without.dedup_by_key(|it| &it.release);
    text += &format!(
        "\nOf all else *no image was reachable*: of {}, on each architecture and by each firmware that is not in a row above.\n\n",
        joined(without)
    );
    for skip in &skips {
        text += &format!("- `{}`: skipped because {}, until {}.\n", skip.cells, skip.because, skip.until);
    }
    Ok(text)
}

fn key(cell: &Cell) -> (&str, &str, &str) {
    (&cell.distro.release, &cell.architecture, &cell.firmware)
}

/// What is known of a cell.
enum State<'a> {
    Ran(&'a CellProof),
    Skipped(&'a Skip),
    Never,
    NoImage,
}

impl State<'_> {
    fn words(&self) -> String {
        match self {
            Self::Ran(it) => {
                let stand_in = if it.image == "stand-in" { " as a stand-in" } else { "" };
                format!("**ran**{stand_in} {}, {}, {} s", it.date, commit_words(&it.commit), it.seconds)
            }
            Self::Skipped(it) => format!("skipped until {}", it.until),
            Self::Never => "never".to_owned(),
            Self::NoImage => "no image reachable".to_owned(),
        }
    }
}

/// What ran counts, whatever the image was; a vendor's image that has not run here could not be had here.
fn state<'a>(cell: &Cell, proofs: &'a [CellProof], skips: &'a [Skip]) -> State<'a> {
    let name = cell.to_string();
    if let Some(proof) = proofs.iter().find(|it| it.cell == name) {
        return State::Ran(proof);
    }
    if let Some(skip) = skips.iter().find(|it| matches(&it.cells, &name)) {
        return State::Skipped(skip);
    }
    match images::of(cell, &[]) {
        Image::Packages | Image::StandIn(_) => State::Never,
        _ => State::NoImage,
    }
}

fn counts(cells: &[Cell], proofs: &[CellProof], skips: &[Skip]) -> String {
    let states: Vec<State> = cells.iter().map(|cell| state(cell, proofs, skips)).collect();
    let count = |is_it: fn(&State) -> bool| states.iter().filter(|it| is_it(it)).count();
    let seconds: u64 =
        states.iter().map(|it| if let State::Ran(proof) = it { proof.seconds } else { 0 }).sum();
    format!(
        "Of {} cells {} ran, in {} minutes together; {} are skipped, {} never ran, and of {} no image was to be had.\n",
        states.len(),
        count(|it| matches!(it, State::Ran(_))),
        seconds.div_ceil(60),
        count(|it| matches!(it, State::Skipped(_))),
        count(|it| matches!(it, State::Never)),
        count(|it| matches!(it, State::NoImage)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::named;

    fn proof(cell: &str, image: &str) -> CellProof {
        let (date, commit) = ("2026-11-27".into(), "0123456789ab".into());
        CellProof { cell: cell.into(), image: image.into(), seconds: 61, date, commit }
    }

    #[test]
    fn a_cell_says_that_it_ran_or_why_it_did_not() {
        let proofs =
            [proof("debian-12/x86_64/bios/up", "packages"), proof("fedora-43/x86_64/bios/up", "stand-in")];
        let skips =
            [Skip { cells: "debian-13".into(), because: "of the moon".into(), until: "2027-01-01".into() }];
        for (cell, words) in [
            ("debian-12/x86_64/bios/up", "**ran** 2026-11-27, `0123456789ab`, 61 s"),
            ("fedora-43/x86_64/bios/up", "**ran** as a stand-in 2026-11-27, `0123456789ab`, 61 s"),
            ("debian-12/x86_64/uefi/up", "never"),
            ("debian-13/x86_64/bios/up", "skipped until 2027-01-01"),
            ("rhel-9/x86_64/uefi/up", "no image reachable"),
            ("ubuntu-24.04/aarch64/uefi/golden", "no image reachable"),
        ] {
            assert_eq!(state(&named(cell).unwrap(), &proofs, &skips).words(), words, "{cell}");
        }
    }

    #[test]
    fn each_release_has_a_row_or_is_among_those_without_an_image() -> Result<()> {
        let table = table(&[])?;
        let rows = table.lines().filter(|line| line.starts_with("| ")).count() - 1;
        let (_, without) = table.split_once("*no image was reachable*").unwrap();
        assert!(rows > 10 && rows * Path::ALL.len() < cells().len(), "{rows}");
        for cell in cells() {
            let name = short(cell.distro).trim_end_matches(" LTS");
            let version = name.rsplit(' ').next().unwrap();
            assert!(table.contains(&format!("| {name} |")) || without.contains(version), "{name}");
        }
        Ok(())
    }
}
