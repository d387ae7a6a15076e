//! The whole path on each further release of Debian: there, again, and back.

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::journey::{self, UP};
use vm_tests::proofs;
use vm_tests::reviewed_leftovers::all_is_explained;
use vm_tests::world::World;

use crate::{completes, guests_can_run, nothing_is_foreseen};

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
    // The newer ones package Docker's command line apart, which Landfall has no use for: it cannot be asked.
    WholePath { up: UP, is_up: "landfall status", packages: "dpkg-query --show" }.walk(World::of(suite)?)
}

/// There, again, and back, in the words of a release.
pub struct WholePath<'a> {
    /// What registers it.
    pub up: &'a str,
    /// What ends well once it has.
    pub is_up: &'a str,
    /// What lists its packages.
    pub packages: &'a str,
}

impl WholePath<'_> {
    pub fn walk(&self, mut world: World) -> Result<()> {
        let guest = world.guest()?;
        journey::bring_activation(&world, &guest, 1, 86_400)?;
        let before = guest.tree()?;
        let installed = guest.must(self.packages)?;

        completes(&guest, self.up)?;
        journey::container_instance(&guest)?;
        guest.must(self.is_up)?;

        nothing_is_foreseen(&guest, self.up)?;
        let again = guest.must(&format!("{} --json 2>/dev/null", self.up))?;
        assert!(again.contains("\"changed\": 0"), "{again}");
        assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);

        guest.must("landfall uninstall")?;
        assert_eq!(guest.must(self.packages)?, installed);
        all_is_explained(&before, &guest)?;
        proofs::record(&world, &guest)
    }
}
