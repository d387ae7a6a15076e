//! The matrix: each release of the distribution matrix, on each architecture, by each firmware, through each whole
//! path on an emulated machine.
//!
//! A cell is one of these, such as `debian-12/x86_64/uefi/one-liner`. `vm-tests run` runs cells, and
//! `docs/vm-matrix.md` shows them all: that one ran, that it is skipped (`skips.toml`, each with a reason and an
//! end), or that no image of it could be had. No test decides for itself that it does not run.

use std::fmt;

use distro_matrix::Distro;

pub mod images;
pub mod paths;
pub mod preparing;
pub mod proofs;
pub mod skips;

/// A whole path: from a machine without Landfall to a registered instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    /// Somebody runs `landfall up` on it.
    Up,
    /// cloud-init runs the one-liner at the first boot.
    OneLiner,
    /// A seed disk of `landfall-image seed` is beside an untouched image.
    SeedDisk,
    /// `landfall-image bake` makes a golden image of it, and a clone of that registers itself.
    Golden,
}

impl Path {
    /// All of them, from the quickest to the dearest.
    pub const ALL: [Path; 4] = [Path::Up, Path::OneLiner, Path::SeedDisk, Path::Golden];

    /// Its name in a cell's.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Path::Up => "up",
            Path::OneLiner => "one-liner",
            Path::SeedDisk => "seed-disk",
            Path::Golden => "golden",
        }
    }
}

/// One of the matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The release.
    pub distro: &'static Distro,
    /// The architecture, as its kernel calls it.
    pub architecture: String,
    /// `bios` or `uefi`.
    pub firmware: String,
    /// The whole path.
    pub path: Path,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { distro, architecture, firmware, path } = self;
        write!(f, "{}/{architecture}/{firmware}/{}", distro.release, path.name())
    }
}

/// All cells: of every release with Linux that Landfall does not turn away, in the order of the matrix.
#[must_use]
pub fn cells() -> Vec<Cell> {
    let mut all = Vec::new();
    for distro in distro_matrix::linux().filter(|it| it.refused.is_none()) {
        for architecture in architectures(distro) {
            for firmware in firmware(distro, &architecture) {
                all.extend(Path::ALL.map(|path| Cell {
                    distro,
                    architecture: architecture.clone(),
                    firmware: firmware.clone(),
                    path,
                }));
            }
        }
    }
    all
}

/// The cell of this name.
#[must_use]
pub fn named(name: &str) -> Option<Cell> {
    cells().into_iter().find(|cell| cell.to_string() == name)
}

/// The most common first.
fn architectures(distro: &Distro) -> Vec<String> {
    match distro.architectures.is_empty() {
        true => vec!["x86_64".to_owned()],
        false => distro.architectures.keys().rev().cloned().collect(),
    }
}

/// As the vendor's image boots; where none is known, as such machines do.
fn firmware(distro: &Distro, architecture: &str) -> Vec<String> {
    let known = distro.images.get(architecture).map(|image| image.firmware.clone());
    known.filter(|it| !it.is_empty()).unwrap_or_else(|| match architecture {
        "x86_64" => vec!["bios".to_owned(), "uefi".to_owned()],
        _ => vec!["uefi".to_owned()],
    })
}

/// Whether a cell's name is what somebody wrote: the same words between slashes, where `*` stands for anything and
/// words at the end may be left out.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let (mut wanted, mut there) = (pattern.split('/'), name.split('/'));
    loop {
        match (wanted.next(), there.next()) {
            (None, _) => return true,
            (Some(_), None) => return false,
            (Some(wanted), Some(there)) if !word_matches(wanted, there) => return false,
            _ => {}
        }
    }
}

fn word_matches(pattern: &str, word: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == word };
    let Some(word) = word.strip_prefix(first) else { return false };
    (0..=word.len()).filter(|at| word.is_char_boundary(*at)).any(|at| word_matches(rest, &word[at..]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_cell_has_a_name_of_its_own_and_is_found_by_it() {
        let cells = cells();
        let names: BTreeSet<String> = cells.iter().map(Cell::to_string).collect();
        assert_eq!(names.len(), cells.len());
        for cell in cells {
            assert_eq!(named(&cell.to_string()), Some(cell));
        }
    }

    #[test]
    fn every_release_that_is_not_turned_away_is_in_the_matrix_on_each_of_its_architectures() {
        let cells = cells();
        for distro in distro_matrix::all() {
            let is_here = distro.refused.is_none() && distro.windows.is_none();
            let of = |architecture: &str| {
                cells.iter().any(|it| it.distro.release == distro.release && it.architecture == architecture)
            };
            for architecture in architectures(distro) {
                assert_eq!(of(&architecture), is_here, "{} {architecture}", distro.release);
            }
        }
    }

    #[test]
    fn cells_are_chosen_by_words_with_stars_and_by_their_beginning() {
        for (pattern, name, is_it) in [
            ("debian-12", "debian-12/x86_64/bios/up", true),
            ("debian-1", "debian-12/x86_64/bios/up", false),
            ("debian-*", "debian-12/x86_64/bios/up", true),
            ("*/aarch64", "debian-12/aarch64/uefi/up", true),
            ("*/aarch64", "debian-12/x86_64/uefi/up", false),
            ("*/*/uefi/golden", "fedora-43/x86_64/uefi/golden", true),
            ("*/*/uefi/golden", "fedora-43/x86_64/uefi/up", false),
            ("*-s*-1*", "opensuse-leap-16/x86_64", false),
            ("*leap*6", "opensuse-leap-16/x86_64", true),
            ("debian-12/x86_64/bios/up/more", "debian-12/x86_64/bios/up", false),
        ] {
            assert_eq!(matches(pattern, name), is_it, "{pattern} {name}");
        }
    }
}
