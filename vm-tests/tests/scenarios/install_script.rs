//! The one line of the README: install.sh piped into a shell, from a fresh machine to a registered one, and once more.
//! The release is made by scripts/finish-release of the program that people download, and served by HTTPS.

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::journey::{self, DOCKER_MIRROR, UP};
use vm_tests::release::{BASE, Release};
use vm_tests::system::StandIn;
use vm_tests::world::World;

use crate::{SERVER, completes, guests_can_run};

#[test]
fn one_line_brings_a_fresh_debian_12_into_its_cluster_and_again_changes_nothing() -> Result<()> {
    if !guests_can_run() {
        return Ok(());
    }
    one_line(World::new()?, "")
}

#[test]
fn one_line_brings_a_fresh_amazon_linux_2023_into_its_cluster_and_again_changes_nothing() -> Result<()> {
    if !guests_can_run() {
        return Ok(());
    }
    one_line(World::of_stand_in(StandIn::Al2023)?, DOCKER_MIRROR)
}

fn one_line(mut world: World, further_flags: &str) -> Result<()> {
    let program = Release::serve(&world)?.program;
    let mut guest = world.guest_without_landfall(&SERVER)?;
    guest.boot()?;
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let flags = UP.trim_start_matches("landfall up");
    let line = format!("curl -fsSL {BASE}/install.sh | sh -s -- {flags} {further_flags}");

    completes(&guest, &line)?;
    journey::container_instance(&guest)?;
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);
    assert!(guest.read("/usr/local/bin/landfall")? == program, "another program was installed");

    guest.must("rm /root/activation.json; touch /run/mark")?;
    let line = line.replace("--activation-file /root/activation.json", "");
    let told = guest.must(&format!("{line} --json 2>/dev/null"))?;
    assert!(told.contains("\"changed\": 0"), "{told}");
    assert_eq!(guest.must("ls -A /usr/local/bin")?, "landfall\n");
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);
    Ok(())
}
