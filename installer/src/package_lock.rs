//! Waiting for whoever holds the package manager's lock, and saying who it is.
//!
//! apt waits for dpkg's lock by itself, but not for the lock on its lists, and dpkg waits for none.
//! On a fresh server it is most often unattended-upgrades that is busy.

use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::host::{Holder, Host};

const LOCKS: [&str; 3] = ["/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock"];
const PAUSE: Duration = Duration::from_millis(250);

/// Waits until nobody holds a lock, for so long.
///
/// # Errors
/// When somebody still holds one after that.
pub fn wait(host: &dyn Host, patience: Duration) -> Result<()> {
    let started = host.elapsed();
    let mut told = false;
    while let Some((path, holder)) = held(host) {
        if !std::mem::replace(&mut told, true) {
            host.tell(&format!("waiting: {holder} holds {path}"));
        }
        if host.elapsed() - started >= patience {
            return Err(Error::failed(format!("{holder} has held {path} for {} s", patience.as_secs()))
                .hint("wait until it is done, or raise --lock-timeout, and run again"));
        }
        host.sleep(PAUSE);
    }
    Ok(())
}

fn held(host: &dyn Host) -> Option<(&'static str, Holder)> {
    LOCKS.iter().find_map(|path| host.lock_holder(Path::new(path)).map(|holder| (*path, holder)))
}
