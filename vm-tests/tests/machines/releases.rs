//! A few cells of the matrix in each run: one of each package manager. `vm-tests run` has all of them.

use vm_tests::error::{Error, Result};
use vm_tests::guest::can_run;
use vm_tests::machine_proofs;
use vm_tests::matrix;
use vm_tests::matrix::paths::Trial;

#[test]
#[ignore = "in scripts/test --full: apt is in each run in containers, and dnf 5 on a machine"]
fn debian_13_with_apt_registers_and_comes_back_the_same_by_its_own_boot_loader() -> Result<()> {
    cell("debian-13/x86_64/bios/up")
}

#[test]
fn a_fedora_43_with_dnf_5_registers_and_comes_back_the_same() -> Result<()> {
    cell("fedora-43/x86_64/bios/up")
}

#[test]
#[ignore = "in scripts/test --full: zypper is in each run in a container, and dnf 5 on a machine"]
fn a_sles_15_with_zypper_registers_and_comes_back_the_same() -> Result<()> {
    cell("sles-15/x86_64/bios/up")
}

#[test]
#[ignore = "in scripts/test --full: where arm64 is emulated, its base takes the better part of an hour to make"]
fn a_debian_12_on_arm64_registers_and_is_the_same_instance_after_a_reboot() -> Result<()> {
    cell("debian-12/aarch64/uefi/up")
}

fn cell(name: &str) -> Result<()> {
    if !can_run() {
        return Ok(());
    }
    let cell = matrix::named(name).ok_or_else(|| Error::new(format!("{name} is no cell")))?;
    machine_proofs::record(Trial::run(&cell, &[], false)?)
}
