//! Waiting for whoever holds the package manager's lock, and saying who it is.
//!
//! apt can wait for dpkg's lock by itself, but not for those on its lists and its archives; dpkg and rpm wait for
//! none, and fail; yum and dnf wait for ever for one of their own and not for one of rpm's. So none is asked to. On a fresh server it is most often unattended-upgrades or
//! PackageKit that is busy.

use std::path::Path;
use std::time::Duration;

use distro_matrix::Manager;

use crate::error::{Error, Result};
use crate::host::{Command, Holder, Host, Output, Packages};
use crate::package_words::is_locked;

/// A file that is locked, or holds the number of the process that has the lock where its name says so.
fn locks(manager: Manager) -> &'static [&'static str] {
    match manager {
        Manager::Apt => &[
            "/var/lib/dpkg/lock-frontend",
            "/var/lib/dpkg/lock",
            "/var/lib/apt/lists/lock",
            "/var/cache/apt/archives/lock",
        ],
        Manager::Yum => &["/var/run/yum.pid", "/var/cache/dnf/metadata_lock.pid", RPM],
        Manager::Dnf => &[
            "/var/cache/dnf/metadata_lock.pid",
            "/var/cache/dnf/download_lock.pid",
            "/var/lib/dnf/rpmdb_lock.pid",
            RPM,
        ],
        Manager::Dnf5 => &["/var/lib/dnf/system-repo.lock", "/run/dnf/rpmtransaction.lock", RPM],
        Manager::Zypper => &["/run/zypp.pid", "/run/zypp-rpm.pid", RPM],
    }
}

/// Where the database is elsewhere, a link leads there from here.
const RPM: &str = "/var/lib/rpm/.rpm.lock";
const PAUSE: Duration = Duration::from_millis(250);

/// Runs apt or dpkg while nobody holds a lock, and again when somebody took one in between.
///
/// # Errors
/// When somebody still holds one after so long.
pub fn run(host: &mut dyn Host, manager: Manager, packages: Packages, patience: Duration) -> Result<Output> {
    let started = host.elapsed();
    let command = Command::Packages(manager, packages);
    loop {
        wait(host, manager, patience.saturating_sub(host.elapsed() - started))?;
        let output = host.run(&command)?;
        if !is_locked(&output) || host.elapsed() - started >= patience {
            return Ok(output);
        }
        host.sleep(PAUSE);
    }
}

/// Waits until nobody holds a lock.
///
/// # Errors
/// When somebody still holds one after so long.
pub fn wait(host: &dyn Host, manager: Manager, patience: Duration) -> Result<()> {
    let started = host.elapsed();
    let mut told = false;
    while let Some((path, holder)) = held(host, manager) {
        if !std::mem::replace(&mut told, true) {
            host.tell(&format!("waiting: {holder} holds {path}"));
        }
        let waited = host.elapsed() - started;
        if waited >= patience {
            return Err(Error::failed(format!("{holder} has held {path} for {} s", waited.as_secs()))
                .hint("wait until it is done, or raise --lock-timeout, and run again"));
        }
        host.sleep(PAUSE);
    }
    Ok(())
}

fn held(host: &dyn Host, manager: Manager) -> Option<(&'static str, Holder)> {
    locks(manager).iter().find_map(|path| host.lock_holder(Path::new(path)).map(|holder| (*path, holder)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Machine;
    use crate::host::fake::{HeldLock, fresh};

    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn every_lock_is_waited_for_by_name() {
        for path in locks(Manager::Apt).iter().copied() {
            let mut fake = fresh();
            let until = fake.elapsed() + Duration::from_secs(20);
            fake.held_lock = Some(HeldLock { path, until });
            assert!(run(&mut fake, Manager::Apt, Packages::Update, PATIENCE).unwrap().ok());
            assert!(fake.elapsed() >= until);
            assert!(fake.told().contains(path), "{}", fake.told());
        }
    }

    #[test]
    fn a_lock_that_is_not_let_go_ends_in_an_error() {
        let mut fake = fresh();
        let until = fake.elapsed() + 2 * PATIENCE;
        fake.held_lock = Some(HeldLock { path: locks(Manager::Apt)[3], until });
        let error = run(&mut fake, Manager::Apt, Packages::Update, PATIENCE).unwrap_err();
        assert!(error.what.ends_with("has held /var/cache/apt/archives/lock for 60 s"), "{error}");
    }

    #[test]
    fn a_lock_that_was_taken_meanwhile_is_waited_for_within_the_same_patience() {
        let mut fake = fresh();
        fake.lock_refusals = 3;
        assert!(run(&mut fake, Manager::Apt, Packages::Update, PATIENCE).unwrap().ok());
        (fake.touches, fake.lock_refusals) = (0, u32::MAX);
        let started = fake.elapsed();
        assert!(is_locked(&run(&mut fake, Manager::Apt, Packages::Update, PATIENCE).unwrap()));
        assert!(fake.elapsed() - started < PATIENCE + 2 * PAUSE);
    }
}
