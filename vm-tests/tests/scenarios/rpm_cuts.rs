//! The power goes while rpm is at work, and the next run: what came is taken away and comes anew, because rpm
//! never runs again a script that it was interrupted at; and an uninstall right then leaves nothing of it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::journey::{self, DOCKER_MIRROR, UP};
use vm_tests::system::StandIn;

use crate::{completes, machine_as};

#[test]
fn a_power_cut_while_dnf_installs_is_repaired_by_the_next_run_which_completes() -> Result<()> {
    cut_and_completed(StandIn::El9, "docker-ce")
}

/// Each package is a transaction of its own here.
#[test]
fn a_power_cut_while_zypper_installs_is_repaired_by_the_next_run_which_completes() -> Result<()> {
    cut_and_completed(StandIn::Sles15, "docker")
}

fn cut_and_completed(stand_in: StandIn, last: &str) -> Result<()> {
    let Some((world, mut guest)) = machine_as(stand_in)? else { return Ok(()) };
    let installed = packages(&guest)?;
    let up = format!("{UP} {DOCKER_MIRROR}");

    cut_while_it_installs(&mut guest, &up, &installed, last)?;
    guest.boot()?;
    guest.must("landfall uninstall")?;
    assert_eq!(packages(&guest)?, installed, "an uninstall after the cut left something");

    cut_while_it_installs(&mut guest, &up, &installed, last)?;
    guest.boot()?;
    assert!(world.aws()?.managed_instances().unwrap().is_empty(), "registered before all was installed");
    let second = completes(&guest, &up)?;
    assert!(second.stderr.contains("repair the interrupted package manager"), "{}", second.stderr);
    journey::container_instance(&guest)?;
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);
    guest.must("landfall uninstall")?;
    assert_eq!(packages(&guest)?, installed);
    Ok(())
}

fn packages(guest: &Container) -> Result<String> {
    guest.must("rpm -qa | sort")
}

/// Some of what the manager brings is here, and what depends on it all is not.
fn cut_while_it_installs(guest: &mut Container, up: &str, installed: &str, last: &str) -> Result<()> {
    let mut run = guest.shell(up)?.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let deadline = Instant::now() + Duration::from_secs(120);
    while packages(guest)? == *installed {
        assert!(Instant::now() < deadline, "nothing was installed");
        assert!(run.try_wait()?.is_none(), "it ended before it was cut");
    }
    guest.power_cut()?;
    run.wait()?;
    guest.boot()?;
    let here = packages(guest)?;
    println!("cut after: {:?}", here.lines().filter(|line| !installed.contains(line)).collect::<Vec<_>>());
    assert_ne!(here, *installed, "what was seen before the cut is gone");
    assert!(!here.lines().any(|line| line.starts_with(&format!("{last}-2"))), "it was cut too late");
    guest.power_cut()
}
