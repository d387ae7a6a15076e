//! What scenarios on emulated machines really did: the list `vm-tests/machine-proofs.toml`, and how a scenario gets
//! onto it.
//!
//! As in [`crate::proofs`]: a scenario that came to its end writes a small file where `LANDFALL_PROOFS` asks for it,
//! here into a folder of its own in that one, and `support-table --proofs FOLDER` takes it onto the list.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use image_recipes::machine::Accelerator;
use image_recipes::machine::arguments;
use image_recipes::recipe::Architecture;
use serde::{Deserialize, Serialize};

use crate::error::{Result, While};
use crate::host_command;
use crate::programs::workspace;
use crate::proofs;

/// In the folder of proofs.
const FOLDER: &str = "machines";

const ABOVE: &str = "# What scenarios on emulated machines really did. Written by\n\
                     # `cargo run -p vm-tests -- support-table --proofs FOLDER`, from what the scenarios recorded; not by hand.\n\n";

/// One scenario that came to its end, once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MachineProof {
    /// The test's name.
    pub test: String,
    /// Seconds, images aside that were there already.
    pub seconds: u64,
    /// What ran the machine's instructions: `kvm` or `tcg`.
    pub accelerator: String,
    /// QEMU's version.
    pub qemu: String,
    /// The day, by the testing machine's clock, in UTC.
    pub date: String,
    /// The commit that was tried, and whether files differed from it.
    pub commit: String,
}

#[derive(Default, Serialize, Deserialize)]
struct List {
    #[serde(default)]
    proof: Vec<MachineProof>,
}

/// Says in the folder of proofs, where there is one, that the test of this thread came to its end.
pub fn record(took: Duration) -> Result<()> {
    let Some(folder) = proofs::folder() else { return Ok(()) };
    let said = host_command::run(arguments::program(Architecture::X86_64), ["--version"])?;
    let version = said.split_whitespace().skip_while(|word| *word != "version").nth(1).unwrap_or_default();
    let proof = MachineProof {
        test: proofs::this_test()?,
        seconds: took.as_secs(),
        accelerator: match Accelerator::here() {
            Accelerator::Kvm => "kvm".to_owned(),
            Accelerator::Tcg => "tcg".to_owned(),
        },
        qemu: version.to_owned(),
        date: proofs::today()?,
        commit: proofs::tried_commit()?,
    };
    let folder = folder.join(FOLDER);
    fs::create_dir_all(&folder)?;
    let place = folder.join(&proof.test).with_extension("toml");
    let text = toml::to_string(&proof).doing(|| "writing a proof")?;
    fs::write(&place, text).doing(|| format!("writing {}", place.display()))
}

fn file() -> PathBuf {
    workspace().join("vm-tests/machine-proofs.toml")
}

/// The list.
pub fn all() -> Result<Vec<MachineProof>> {
    let text = fs::read_to_string(file()).doing(|| "reading machine-proofs.toml")?;
    Ok(toml::from_str::<List>(&text).doing(|| "reading machine-proofs.toml")?.proof)
}

/// Takes what was recorded in the folder of proofs onto the list, where `is_test` knows the test; how many that are.
pub fn merge(folder: &Path, is_test: impl Fn(&str) -> bool) -> Result<usize> {
    let mut new: Vec<MachineProof> = Vec::new();
    for entry in fs::read_dir(folder.join(FOLDER)).into_iter().flatten() {
        let path = entry?.path();
        let text = fs::read_to_string(&path).doing(|| format!("reading {}", path.display()))?;
        new.push(toml::from_str(&text).doing(|| format!("reading {}", path.display()))?);
    }
    let count = new.len();
    let proof = merged(all()?, new, is_test);
    let text = toml::to_string(&List { proof }).doing(|| "writing machine-proofs.toml")?;
    fs::write(file(), format!("{ABOVE}{text}"))?;
    Ok(count)
}

/// A newer proof takes the place of an older one of the same test; one whose test is gone goes.
fn merged(
    old: Vec<MachineProof>,
    new: Vec<MachineProof>,
    is_test: impl Fn(&str) -> bool,
) -> Vec<MachineProof> {
    let is_renewed = |it: &MachineProof| new.iter().any(|newer| newer.test == it.test);
    let mut all: Vec<MachineProof> = old.into_iter().filter(|it| !is_renewed(it)).collect();
    all.extend(new);
    all.retain(|it| is_test(&it.test));
    all.sort_by(|one, other| one.test.cmp(&other.test));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(test: &str, seconds: u64) -> MachineProof {
        let (accelerator, qemu) = ("tcg".to_owned(), "10.0.2".to_owned());
        let (date, commit) = ("2026-11-26".to_owned(), "0123456789ab".to_owned());
        MachineProof { test: test.to_owned(), seconds, accelerator, qemu, date, commit }
    }

    #[test]
    fn a_newer_run_takes_the_place_of_the_older_and_one_without_a_test_goes() {
        let old = vec![proof("kept", 1), proof("renewed", 1), proof("gone", 1)];
        let all = merged(old, vec![proof("renewed", 2), proof("added", 2)], |test| test != "gone");
        let all: Vec<(&str, u64)> = all.iter().map(|it| (it.test.as_str(), it.seconds)).collect();
        assert_eq!(all, [("added", 2), ("kept", 1), ("renewed", 2)]);
    }
}
