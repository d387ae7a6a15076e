//! The whole path on stand-ins of RPM systems: there, again, and back. The package managers, rpm, systemd and
//! dockerd are real; the distributions are posed as, over a Debian's programs.

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::journey::{self, DOCKER_MIRROR, UP};
use vm_tests::proofs;
use vm_tests::reviewed_leftovers::all_is_explained;
use vm_tests::system::StandIn;
use vm_tests::world::World;

use crate::guests_can_run;

#[test]
fn a_centos_stream_9_with_dnf_4_registers_stands_still_and_goes_back() -> Result<()> {
    there_again_and_back(StandIn::El9)
}

#[test]
fn an_amazon_linux_2023_with_dnf_4_registers_stands_still_and_goes_back() -> Result<()> {
    there_again_and_back(StandIn::Al2023)
}

#[test]
fn a_centos_7_with_a_dnf_4_that_is_called_yum_registers_stands_still_and_goes_back() -> Result<()> {
    there_again_and_back(StandIn::El7)
}

/// Its rpm 6 takes nothing that is not signed.
#[test]
fn a_fedora_43_with_dnf_5_registers_stands_still_and_goes_back() -> Result<()> {
    there_again_and_back(StandIn::Fedora43)
}

#[test]
fn a_sles_15_with_zypper_registers_stands_still_and_goes_back() -> Result<()> {
    there_again_and_back(StandIn::Sles15)
}

#[test]
fn a_tumbleweed_with_zypper_registers_stands_still_and_goes_back() -> Result<()> {
    there_again_and_back(StandIn::Tumbleweed)
}

fn there_again_and_back(stand_in: StandIn) -> Result<()> {
    if !guests_can_run() {
        return Ok(());
    }
    let mut world = World::of_stand_in(stand_in)?;
    let guest = world.guest()?;
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let before = guest.tree()?;
    let installed = guest.must("rpm -qa | sort")?;
    let up = format!("{UP} {DOCKER_MIRROR}");

    let first = guest.run_streaming(&up, &mut |line| println!("{line}"))?;
    assert_eq!(first.status, 0, "{}", first.stderr);
    journey::container_instance(&guest)?;
    guest.must("docker info")?;
    assert_eq!(guest.run("landfall status")?.status, 0);

    let again = guest.must(&format!("{up} --json 2>/dev/null"))?;
    assert!(again.contains("\"changed\": 0"), "{again}");
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);

    guest.must("landfall uninstall")?;
    assert_eq!(guest.must("rpm -qa | sort")?, installed);
    all_is_explained(&before, &guest)?;
    proofs::record(&world, &guest)
}
