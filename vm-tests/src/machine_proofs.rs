//! What scenarios on emulated machines really did: the list `vm-tests/machine-proofs.toml`, and how a scenario gets
//! onto it.
//!
//! As in [`crate::proofs`], but recorded in a folder of their own.

use std::time::Duration;

use image_recipes::machine::Accelerator;
use image_recipes::machine::arguments;
use image_recipes::recipe::Architecture;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::host_command;
use crate::proofs::list::{self, Listed};
use crate::proofs::{this_test, today, tried_commit};

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

impl Listed for MachineProof {
    type Key = String;
    const LIST: &'static str = "machine-proofs.toml";
    const RECORDED: &'static str = "machines";
    const ABOVE: &'static str = "# What scenarios on emulated machines really did. Written by\n\
         # `cargo run -p vm-tests -- support-table --proofs FOLDER`, from what the scenarios recorded; not by hand.\n\n";

    fn name(&self) -> &str {
        &self.test
    }

    fn key(&self) -> String {
        self.test.clone()
    }
}

/// Says in the folder of proofs, where there is one, that the test of this thread came to its end.
pub fn record(took: Duration) -> Result<()> {
    list::record(|| proof(took))
}

fn proof(took: Duration) -> Result<MachineProof> {
    let said = host_command::run(arguments::program(Architecture::X86_64), ["--version"])?;
    let version = said.split_whitespace().skip_while(|word| *word != "version").nth(1).unwrap_or_default();
    Ok(MachineProof {
        test: this_test()?,
        seconds: took.as_secs(),
        accelerator: match Accelerator::here() {
            Accelerator::Kvm => "kvm".to_owned(),
            Accelerator::Tcg => "tcg".to_owned(),
        },
        qemu: version.to_owned(),
        date: today()?,
        commit: tried_commit()?,
    })
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
        let new = vec![proof("renewed", 2), proof("added", 2)];
        let (all, _) = list::merged(old, new, |test| test != "gone");
        let all: Vec<(&str, u64)> = all.iter().map(|it| (it.test.as_str(), it.seconds)).collect();
        assert_eq!(all, [("added", 2), ("kept", 1), ("renewed", 2)]);
    }
}
