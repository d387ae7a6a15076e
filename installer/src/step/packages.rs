//! Install packages in one transaction: names from the configured repositories and verified files
//! together, so that dependencies are met once and dpkg runs once.
//!
//! Undo removes what the transaction brought, and nothing that was there before or that somebody
//! asked for since. It asks dpkg rather than apt, because dpkg refuses to remove what another package
//! still needs, where apt would remove that other package too.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Before, Leftovers, state_folder};
use crate::durable;
use crate::error::{Error, Result, While};
use crate::host::{Fetch, Host, Output, Packages};
use crate::package_database::{PackageDatabase, chosen_by_apt};
use crate::package_lock;
use crate::package_words::{refusal, telling};
use crate::signature::Trust;

/// Packages to install.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallPackages {
    /// Packages from the configured repositories.
    pub names: Vec<String>,
    /// Packages from elsewhere, each verified against its signature.
    pub files: Vec<PackageFile>,
    /// Seconds to wait while somebody else holds the package manager's lock.
    pub lock_seconds: u64,
}

/// A package file from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFile {
    /// The package's name.
    pub name: String,
    /// Where it comes from.
    pub url: String,
    /// Where its detached signature comes from.
    pub signature_url: String,
    /// Whose signature counts.
    pub trust: Trust,
    /// The version that was asked for, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Where package files are until the plan is carried out.
pub(crate) fn downloads() -> PathBuf {
    state_folder().join("downloads")
}

impl PackageFile {
    fn destination(&self) -> PathBuf {
        downloads().join(format!("{}.deb", self.name))
    }
}

/// Where apt writes down what a transaction brings, before it begins: a transaction that was cut short
/// and a removal that was leave no other trace of which dependencies are ours.
fn record() -> PathBuf {
    state_folder().join("transaction")
}

/// Whether an installed version is the one that was asked for, with its revision or without.
pub(crate) fn is_version(installed: &str, asked: &str) -> bool {
    asked == "latest" || installed == asked || installed.rsplit_once('-').is_some_and(|(it, _)| it == asked)
}

impl InstallPackages {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let database = PackageDatabase::read(host)?;
        let complete = self.missing_names(&database).is_empty() && self.missing_files(host)?.is_empty();
        Ok((!complete).then(|| Before::Packages {
            installed: database.in_state("installed"),
            configured: database.in_state("config-files"),
        }))
    }

    /// The folder is made here, durably: the receipt's own folder is above it, and a download that made
    /// it would sync neither.
    pub(super) fn prefetch(&self, host: &mut dyn Host) -> Result<()> {
        durable::create_folders(host, &downloads(), 0o700)?;
        for file in self.missing_files(host)? {
            host.begin_fetch(Fetch {
                url: file.url.clone(),
                destination: file.destination(),
                signature_url: file.signature_url.clone(),
                trust: file.trust.clone(),
            });
        }
        Ok(())
    }

    pub(super) fn apply(&self, host: &mut dyn Host) -> Result<()> {
        let patience = Duration::from_secs(self.lock_seconds);
        let update = package_lock::run(host, Packages::Update, patience)?;
        let missing = self.missing_files(host)?;
        for file in &missing {
            host.finish_fetch(&file.destination())
                .while_doing(|| format!("fetching the package {}", file.name))?;
        }
        let names = self.missing_names(&PackageDatabase::read(host)?);
        let files: Vec<PathBuf> = missing.into_iter().map(PackageFile::destination).collect();
        prepare_record(host)?;
        let install = Packages::Install { names, files, record: record() };
        let output = package_lock::run(host, install, patience)?;
        if !output.ok() {
            return Err(refusal(&update, &output));
        }
        Ok(())
    }

    /// What somebody else's package needs by now is left, and told; anything else that dpkg does not
    /// remove is a failure, so that it stays in the receipt for the next try.
    pub(super) fn undo(&self, host: &mut dyn Host, before: &Before) -> Result<Leftovers> {
        let Before::Packages { installed, configured } = before else { return Ok(Leftovers::new()) };
        if self.brought(host, installed, configured)?.is_empty() {
            forget_record(host)?;
            return Ok(Leftovers::new());
        }
        let patience = Duration::from_secs(self.lock_seconds);
        let mut said = self.clear_broken(host, installed, configured)?;
        // All in one call, so that dpkg finds an order; then the configuration that was not there before.
        let ours = self.brought(host, installed, configured)?;
        if !ours.is_empty() {
            said = package_lock::run(host, Packages::Remove(ours), patience)?;
        }
        let mut rest = self.brought(host, installed, configured)?;
        rest.retain(|name| !configured.contains(name));
        if !rest.is_empty() {
            said = package_lock::run(host, Packages::Purge(rest), patience)?;
        }
        let left = self.brought(host, installed, configured)?;
        if left.is_empty() || said.stderr.contains("dependency problems") {
            forget_record(host)?;
            let told = |name| format!("the package {name} is still needed: {}", telling(&said));
            return Ok(left.into_iter().map(told).collect());
        }
        Err(Error::failed(format!("dpkg did not remove {}: {}", left.join(", "), telling(&said)))
            .hint("see 'dpkg --audit'"))
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
        for name in PackageDatabase::read(host)?.demanded_again() {
            if ours.contains(&name) {
                let patience = Duration::from_secs(self.lock_seconds);
                said = package_lock::run(host, Packages::ClearBroken(name), patience)?;
            }
        }
        Ok(said)
    }

    /// The names of both runs: undo must know every package we ever asked for.
    pub(super) fn absorb(mut self, earlier: &Self) -> Self {
        for name in &earlier.names {
            if !self.names.contains(name) {
                self.names.push(name.clone());
            }
        }
        self
    }

    /// What the transaction brought and was not there before: asked for by us, or chosen by apt for us
    /// and by nobody since. What apt chose for somebody else's packages is in no record of ours. A
    /// package that was interrupted and cleared away has left its configuration.
    fn brought(&self, host: &dyn Host, installed: &[String], configured: &[String]) -> Result<Vec<String>> {
        let mut chosen = recorded(host)?;
        let by_apt = chosen_by_apt(host)?;
        chosen.retain(|name| by_apt.contains(name));
        let database = PackageDatabase::read(host)?;
        let mut present = database.in_state("config-files");
        present.retain(|name| !configured.contains(name));
        present.extend(database.in_state("installed"));
        present.extend(database.unfinished());
        present.retain(|name| !installed.contains(name));
        present.retain(|name| chosen.contains(name) || self.all_names().any(|ours| ours == name));
        Ok(present)
    }

    /// The names that are not installed: whatever else is named to apt, it upgrades.
    fn missing_names(&self, database: &PackageDatabase) -> Vec<String> {
        self.names.iter().filter(|name| database.installed(name).is_none()).cloned().collect()
    }

    /// The files of packages that are not installed, or not as they were asked for.
    ///
    /// # Errors
    /// When the machine cannot be looked at.
    pub(crate) fn missing_files(&self, host: &dyn Host) -> Result<Vec<&PackageFile>> {
        let database = PackageDatabase::read(host)?;
        let is_there = |file: &PackageFile| {
            let asked = file.version.as_deref().unwrap_or("latest");
            database.installed(&file.name).is_some_and(|package| is_version(&package.version, asked))
        };
        Ok(self.files.iter().filter(|file| !is_there(file)).collect())
    }

    pub(crate) fn all_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str).chain(self.files.iter().map(|file| file.name.as_str()))
    }
}

/// apt's hook adds to the record; its name reaches the disk here.
fn prepare_record(host: &mut dyn Host) -> Result<()> {
    durable::create_folders(host, &state_folder(), 0o700)?;
    match host.stat(&record())? {
        Some(_) => Ok(()),
        None => durable::write(host, &record(), b"", 0o600),
    }
}

fn forget_record(host: &mut dyn Host) -> Result<()> {
    match host.stat(&record())? {
        Some(_) => durable::remove(host, &record()),
        None => Ok(()),
    }
}

/// The packages that our transactions brought, by the names of their archives: `NAME_VERSION_ARCH.deb`.
pub(super) fn recorded(host: &dyn Host) -> Result<Vec<String>> {
    let archives = host.read(&record())?.unwrap_or_default();
    let name = |line: &str| Some(Path::new(line).file_stem()?.to_str()?.split('_').next()?.to_owned());
    Ok(String::from_utf8_lossy(&archives).lines().filter_map(name).collect())
}
