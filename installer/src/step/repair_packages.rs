//! Finish what an interrupted package manager left half done.
//!
//! rpm leaves nothing half-way that it would know of: what a transaction of ours brought that was cut short is
//! taken away whole, and comes back with the transaction that follows. With dpkg it is less:
//! a package that it demands to be installed again blocks apt. One that is ours is cleared away, and
//! comes back with the transaction that follows; anybody else's is installed again, or told, and never
//! removed.

use std::time::Duration;

use distro_matrix::{Format, Manager};
use serde::{Deserialize, Serialize};

use super::Before;
use super::is_apt;
use super::packages::erase;
use crate::brought::{self, recorded};
use crate::error::{Error, Result};
use crate::host::{Host, Output, Packages};
use crate::package_database::PackageDatabase;
use crate::package_lock;
use crate::package_words::telling;

/// Finish what an interrupted package manager left half done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairPackages {
    /// Packages that are installed afterwards in any case.
    pub ours: Vec<String>,
    /// The package manager.
    #[serde(default, skip_serializing_if = "is_apt")]
    pub manager: Manager,
    /// Seconds to wait while somebody else holds the package manager's lock.
    pub lock_seconds: u64,
}

impl RepairPackages {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let database = PackageDatabase::read(host, self.manager.format())?;
        let broken = database.interrupted || !database.unfinished().is_empty();
        Ok(broken.then_some(Before::Nothing))
    }

    pub(super) fn apply(&self, host: &mut dyn Host) -> Result<()> {
        match self.manager.format() {
            Format::Deb => self.repair_dpkg(host),
            Format::Rpm => self.take_back_rpms(host),
        }
    }

    /// What somebody else needs by now stays, is told, and is still ours.
    fn take_back_rpms(&self, host: &mut dyn Host) -> Result<()> {
        let patience = Duration::from_secs(self.lock_seconds);
        package_lock::wait(host, self.manager, patience)?;
        let ours = PackageDatabase::read(host, Format::Rpm)?.demanded_again();
        let said = erase(host, self.manager, ours, patience)?;
        let left = PackageDatabase::read(host, Format::Rpm)?.demanded_again();
        if !left.is_empty() {
            let left = left.join(", ");
            host.tell(&format!(
                "interrupted, and still needed, so that it stays as it is: {left} ({})",
                telling(&said)
            ));
        }
        brought::end(host, &left)
    }

    fn repair_dpkg(&self, host: &mut dyn Host) -> Result<()> {
        self.clear_ours(host)?;
        let mut said = self.run(host, Packages::Configure)?;
        let others = PackageDatabase::read(host, self.manager.format())?.demanded_again();
        if !others.is_empty() {
            self.run(host, Packages::Update)?;
            for name in others {
                self.reinstall(host, name)?;
            }
            said = self.run(host, Packages::Configure)?;
        }
        if self.check(host)?.is_none() {
            return Ok(());
        }
        Err(Error::failed(format!("dpkg is stuck half-way: {}", telling(&said)))
            .hint("run 'dpkg --configure -a' and 'apt-get install -f' by hand, then run again"))
    }

    /// What an earlier transaction of ours was to bring is ours too: its dependencies.
    fn clear_ours(&self, host: &mut dyn Host) -> Result<()> {
        let recorded = recorded(host)?;
        for name in PackageDatabase::read(host, self.manager.format())?.demanded_again() {
            if self.ours.contains(&name) || recorded.contains(&name) {
                self.run(host, Packages::ClearBroken(name))?;
            }
        }
        Ok(())
    }

    fn reinstall(&self, host: &mut dyn Host, name: String) -> Result<()> {
        let said = self.run(host, Packages::Reinstall(name.clone()))?;
        if said.ok() {
            return Ok(());
        }
        Err(Error::failed(format!(
            "the package {name} was interrupted and cannot be installed again: {}",
            telling(&said)
        ))
        .hint(format!(
            "install it from its own file ('dpkg -i FILE'), or give it up ('dpkg --remove --force-remove-reinstreq {name}'); then run again"
        )))
    }

    fn run(&self, host: &mut dyn Host, packages: Packages) -> Result<Output> {
        package_lock::run(host, self.manager, packages, Duration::from_secs(self.lock_seconds))
    }
}
