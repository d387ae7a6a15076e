//! The whole path on stand-ins of RPM systems: there, again, and back. The package managers, rpm, systemd and
//! dockerd are real; the distributions are posed as, over a Debian's programs.

use vm_tests::error::Result;
use vm_tests::journey::{DOCKER_MIRROR, UP};
use vm_tests::system::StandIn;
use vm_tests::world::World;

use crate::guests_can_run;
use crate::releases::WholePath;

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
    let path = WholePath {
        up: &format!("{UP} {DOCKER_MIRROR}"),
        is_up: "docker info && landfall status",
        packages: "rpm -qa | sort",
    };
    path.walk(World::of_stand_in(stand_in)?)
}
