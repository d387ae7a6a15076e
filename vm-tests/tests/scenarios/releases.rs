//! The whole path on each further release of Debian: there, again, and back.

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::journey::{self, UP};
use vm_tests::proofs;
use vm_tests::reviewed_leftovers::all_is_explained;
use vm_tests::world::World;

use crate::{guests_can_run, up};

/// End of life, and still on many a factory floor: works, and says so.
#[test]
fn debian_11_registers_stands_still_and_goes_back() -> Result<()> {
    there_again_and_back("bullseye")
}

/// AWS's script fails here by default (F1): its Docker source asks for packages that are gone.
#[test]
fn f1_debian_13_registers_with_the_default_docker_source_stands_still_and_goes_back() -> Result<()> {
    there_again_and_back("trixie")
}

/// It has no version, and is never the same for long.
#[test]
fn debian_sid_registers_stands_still_and_goes_back() -> Result<()> {
    there_again_and_back("sid")
}

fn there_again_and_back(suite: &str) -> Result<()> {
    if !guests_can_run() {
        return Ok(());
    }
    let mut world = World::of(suite)?;
    let guest = world.guest()?;
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let before = guest.tree()?;
    let installed = guest.must("dpkg-query --show")?;

    let first = up(&guest)?;
    assert_eq!(first.status, 0, "{}", first.stderr);
    journey::container_instance(&guest)?;
    assert_eq!(guest.run("landfall status")?.status, 0);

    let again = guest.must(&format!("{UP} --json 2>/dev/null"))?;
    assert!(again.contains("\"changed\": 0"), "{again}");
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);

    guest.must("landfall uninstall")?;
    assert_eq!(guest.must("dpkg-query --show")?, installed);
    all_is_explained(&before, &guest)?;
    proofs::record(&world, &guest)
}
