//! Removes what a transaction brought, and nothing that was there before. What somebody asked for since stays where
//! that is known: apt notes it, and rpm's managers are not asked.
//!
//! It asks dpkg or rpm rather than the package manager above them, because those refuse to remove what another
//! package still needs, where these would remove that other package too.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use distro_matrix::{Format, Manager};

use super::super::{Before, Leftovers};
use super::{InstallPackages, PackageFile, is_version};
use crate::brought::{self, recorded};
use crate::error::{Error, Result};
use crate::host::{Host, Output, Packages};
use crate::package_database::chosen_by_apt;
use crate::package_lock;
use crate::package_words::telling;

/// Where Docker keeps images, containers and volumes.
const DOCKER_DATA: &str = "/var/lib/docker";

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
            said = erase(host, self.manager, ours.clone(), self.patience())?;
        }
        let mut rest = self.brought(host, installed, configured)?;
        rest.retain(|name| !configured.contains(name));
        if !rest.is_empty() {
            said = package_lock::run(host, self.manager, Packages::Purge(rest), self.patience())?;
        }
        leftovers.extend(data_of_docker(host, &ours)?);
        let left = self.brought(host, installed, configured)?;
        if left.is_empty() || is_needed(&said) {
            brought::forget(host)?;
            let told = |name| format!("the package {name} is still needed: {}", telling(&said));
            leftovers.extend(left.into_iter().map(told));
            return Ok(leftovers);
        }
        let (program, look) = match self.manager.format() {
            Format::Deb => ("dpkg", "see 'dpkg --audit'"),
            Format::Rpm => ("rpm", "see 'rpm -e --test NAME' for each"),
        };
        Err(Error::failed(format!("{program} did not remove {}: {}", left.join(", "), telling(&said)))
            .hint(look))
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
        if self.manager.format() == Format::Rpm {
            return Ok(said);
        }
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
        let database = self.database(host)?;
        match self.manager.format() {
            Format::Deb => {
                let by_apt = chosen_by_apt(host)?;
                chosen.retain(|name| by_apt.contains(name));
                chosen.extend(self.all_names().map(str::to_owned));
            }
            // The record has all that came, and only that: one that we asked for may have come from somebody else.
            Format::Rpm => chosen.extend(database.demanded_again()),
        }
        let mut present = database.in_state("config-files");
        present.retain(|name| !configured.contains(name));
        present.extend(database.in_state("installed"));
        present.extend(database.unfinished());
        present.retain(|name| !installed.contains(name));
        present.retain(|name| chosen.contains(name));
        Ok(present)
    }
}

/// Removes packages. rpm removes all of what it is told to or nothing: where one is still needed, each of the others
/// goes by itself, what nothing needs first.
pub(in super::super) fn erase(
    host: &mut dyn Host,
    manager: Manager,
    mut names: Vec<String>,
    patience: Duration,
) -> Result<Output> {
    if names.is_empty() {
        return Ok(Output::default());
    }
    let mut said = package_lock::run(host, manager, Packages::Remove(names.clone()), patience)?;
    if manager.format() == Format::Deb || said.ok() {
        return Ok(said);
    }
    loop {
        let before = names.len();
        let mut left = Vec::new();
        for name in names {
            let output = package_lock::run(host, manager, Packages::Remove(vec![name.clone()]), patience)?;
            if !output.ok() {
                said = output;
                left.push(name);
            }
        }
        if left.is_empty() || left.len() == before {
            return Ok(said);
        }
        names = left;
    }
}

/// Volumes in it may be worth more than a clean disk: what the packages do not take with them stays.
fn data_of_docker(host: &dyn Host, removed: &[String]) -> Result<Option<String>> {
    let mut accepted = distro_matrix::all().iter().flat_map(|distro| &distro.packages.docker_accepted);
    let is_docker = accepted.any(|name| removed.contains(name));
    let stays = is_docker && !host.list(Path::new(DOCKER_DATA))?.is_empty();
    Ok(stays.then(|| {
        format!(
            "{DOCKER_DATA} with Docker's images and volumes: remove it yourself if nothing in it is needed"
        )
    }))
}

/// Whether somebody else's package was all that was in the way.
fn is_needed(said: &Output) -> bool {
    ["dependency problems", "Failed dependencies"].iter().any(|words| said.stderr.contains(words))
}
