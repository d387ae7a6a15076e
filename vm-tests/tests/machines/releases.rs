//! One cell of the matrix in each run; `vm-tests run` has all of them. apt and zypper are in each run in containers.

use vm_tests::error::{Error, Result};
use vm_tests::guest::can_run;
use vm_tests::machine_proofs;
use vm_tests::matrix;
use vm_tests::matrix::paths::Trial;

#[test]
fn a_fedora_43_with_dnf_5_registers_and_comes_back_the_same() -> Result<()> {
    cell("fedora-43/x86_64/bios/up")
}

/// Its proof as a cell is recorded, too.
fn cell(name: &str) -> Result<()> {
    if !can_run() {
        return Ok(());
    }
    let cell = matrix::named(name).ok_or_else(|| Error::new(format!("{name} is no cell")))?;
    machine_proofs::record(Trial::run(&cell, &[], false)?)
}
