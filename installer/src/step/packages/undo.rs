//! Removes what a transaction brought, and nothing that was there before or that somebody asked for
//! since.
//!
//! It asks dpkg rather than apt, because dpkg refuses to remove what another package still needs,
//! where apt would remove that other package too.

use std::collections::BTreeMap;

use super::super::{Before, Leftovers};
use super::{InstallPackages, PackageFile, is_version};
use crate::brought::{self, recorded};
use crate::error::{Error, Result};
use crate::host::{Host, Output, Packages};
use crate::package_database::chosen_by_apt;
use crate::package_lock;
use crate::package_words::telling;

impl InstallPackages {
    /// What somebody else's package needs by now is left, and told; anything else that dpkg does not
    /// remove is a failure, so that it stays in the receipt for the next try.
    pub(in super::super) fn undo(&self, host: &mut dyn Host, before: &Before) -> Result<Leftovers> {
        let Before::Packages { installed, configured, versions } = before else {
            return Ok(Leftovers::new());
        };
        let mut leftovers = self.other_versions(host, versions)?;
        if self.brought(host, installed, configured)?.is_empty() {
            brought::forget(host)?;
            return Ok(leftovers);
        }
        let mut said = self.clear_broken(host, installed, configured)?;
        // All in one call, so that dpkg finds an order; then the configuration that was not there before.
        let ours = self.brought(host, installed, configured)?;
        if !ours.is_empty() {
            said = package_lock::run(host, self.manager, Packages::Remove(ours), self.patience())?;
        }
        let mut rest = self.brought(host, installed, configured)?;
        rest.retain(|name| !configured.contains(name));
        if !rest.is_empty() {
            said = package_lock::run(host, self.manager, Packages::Purge(rest), self.patience())?;
        }
        let left = self.brought(host, installed, configured)?;
        if left.is_empty() || said.stderr.contains("dependency problems") {
            brought::forget(host)?;
            let told = |name| format!("the package {name} is still needed: {}", telling(&said));
            leftovers.extend(left.into_iter().map(told));
            return Ok(leftovers);
        }
        Err(Error::failed(format!("dpkg did not remove {}: {}", left.join(", "), telling(&said)))
            .hint("see 'dpkg --audit'"))
    }

    /// The agents that were found in another version: nobody kept the package they came in.
    fn other_versions(&self, host: &dyn Host, versions: &BTreeMap<String, String>) -> Result<Leftovers> {
        let database = self.database(host)?;
        let told = |file: &PackageFile| {
            let (found, now) = (versions.get(&file.name)?, &database.installed(&file.name)?.version);
            let ours = file.version.as_deref().is_some_and(|asked| is_version(now, asked)) && found != now;
            ours.then(|| {
                format!("the package {} in version {now}: it was found in version {found}", file.name)
            })
        };
        Ok(self.files.iter().filter_map(told).collect())
    }

    /// dpkg removes no package that it was interrupted at, unless it is told to one by one.
    fn clear_broken(
        &self,
        host: &mut dyn Host,
        installed: &[String],
        configured: &[String],
    ) -> Result<Output> {
        let ours = self.brought(host, installed, configured)?;
        let mut said = Output::default();
        for name in self.database(host)?.demanded_again() {
            if ours.contains(&name) {
                said = package_lock::run(host, self.manager, Packages::ClearBroken(name), self.patience())?;
            }
        }
        Ok(said)
    }

    /// What the transaction brought and was not there before: asked for by us, or chosen by apt for us
    /// and by nobody since. What apt chose for somebody else's packages is in no record of ours. A
    /// package that was interrupted and cleared away has left its configuration.
    fn brought(&self, host: &dyn Host, installed: &[String], configured: &[String]) -> Result<Vec<String>> {
        let mut chosen = recorded(host)?;
        let by_apt = chosen_by_apt(host)?;
        chosen.retain(|name| by_apt.contains(name));
        let database = self.database(host)?;
        let mut present = database.in_state("config-files");
        present.retain(|name| !configured.contains(name));
        present.extend(database.in_state("installed"));
        present.extend(database.unfinished());
        present.retain(|name| !installed.contains(name));
        present.retain(|name| chosen.contains(name) || self.all_names().any(|ours| ours == name));
        Ok(present)
    }
}
