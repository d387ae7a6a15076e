//! A lock of the package manager that somebody else holds: it is waited for, and that is said.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::journey::{DOCKER_MIRROR, UP};
use vm_tests::system::StandIn;

use crate::{completes, machine, machine_as, registered};

/// How long each is held.
const HELD: Duration = Duration::from_secs(10);

#[test]
fn a_held_dpkg_lock_is_waited_for() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    let started = Instant::now();
    let mut holder = held(&guest, &by_perl("/var/lib/dpkg/lock-frontend"))?;
    let said = registered(&world, &guest)?;
    assert!(said.contains("waiting: perl (process "), "{said}");
    assert!(started.elapsed() > HELD);
    assert!(holder.wait()?.success());
    Ok(())
}

/// rpm's own lock is the one that all of them take; dnf and zypper do not look at one another's.
#[test]
fn a_held_lock_of_rpm_is_waited_for() -> Result<()> {
    const LOCK: &str = "/var/lib/rpm/.rpm.lock";
    is_waited_for(StandIn::El9, LOCK, &by_perl(LOCK))
}

#[test]
fn a_zypper_at_work_is_waited_for() -> Result<()> {
    const LOCK: &str = "/run/zypp.pid";
    let seconds = HELD.as_secs();
    let hold = format!("sh -c 'echo $$ > {LOCK}; echo held; exec >/dev/null; exec sleep {seconds}'");
    is_waited_for(StandIn::Sles15, LOCK, &hold)
}

fn is_waited_for(stand_in: StandIn, lock: &str, hold: &str) -> Result<()> {
    let Some((_world, guest)) = machine_as(stand_in)? else { return Ok(()) };
    let started = Instant::now();
    let mut holder = held(&guest, hold)?;
    let output = completes(&guest, &format!("{UP} {DOCKER_MIRROR}"))?;
    let waits = |line: &str| line.starts_with("waiting: ") && line.ends_with(&format!(" holds {lock}"));
    assert!(output.stderr.lines().any(waits), "{}", output.stderr);
    assert!(started.elapsed() > HELD);
    assert!(holder.wait()?.success());
    Ok(())
}

/// dpkg and rpm take fcntl locks, which `flock` does not; perl comes with every Debian.
fn by_perl(lock: &str) -> String {
    format!(
        "perl -MFcntl -e 'open my $f, \">>\", \"{lock}\" or die; \
         my $l = pack(\"s s x4 q q i\", F_WRLCK, 0, 0, 0, 0); fcntl($f, F_SETLK, $l) or die $!; \
         print \"held\\n\"; close STDOUT; sleep {}'",
        HELD.as_secs()
    )
}

/// Starts what holds a lock, and returns once it has it.
fn held(guest: &Container, hold: &str) -> Result<Child> {
    let mut holder = guest.shell(hold)?.stdout(Stdio::piped()).spawn()?;
    let mut said = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said)?;
    assert_eq!(said, "held\n");
    Ok(holder)
}
