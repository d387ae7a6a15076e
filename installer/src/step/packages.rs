//! Install packages: names from the configured repositories, and verified files.
//!
//! Where the files can be given to the package manager together with the names, all of it is one transaction
//! ([`apt`]). rpm's managers would have to be told not to mind that the files carry no signature inside, so
//! there the files have a transaction of their own ([`rpm`]).

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use distro_matrix::{Format, Manager};
use serde::{Deserialize, Serialize};

use super::{Before, Context, forget_folder, is_apt, state_folder};
use crate::durable;
use crate::error::{Result, While};
use crate::host::{Host, Output, Packages};
use crate::package_database::PackageDatabase;
use crate::package_lock;
use crate::package_version::compare_with_asked;

mod apt;
mod file;
mod rpm;
mod undo;

pub use file::{Least, PackageFile};
pub(super) use undo::erase;

/// Packages to install.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallPackages {
    /// Packages from the configured repositories.
    pub names: Vec<String>,
    /// Packages that do in the place of one of those: the manager may bring them for its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instead: BTreeMap<String, Vec<String>>,
    /// Further lists of such packages, of which one is installed: the first that can be had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<Vec<String>>,
    /// Packages from elsewhere, each verified against its signature.
    pub files: Vec<PackageFile>,
    /// The package manager.
    #[serde(default, skip_serializing_if = "is_apt")]
    pub manager: Manager,
    /// Repositories that are off by default and have what is needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enable: Vec<String>,
    /// What to do where the packages cannot be had, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Seconds to wait while somebody else holds the package manager's lock.
    pub lock_seconds: u64,
    /// Whether an older version may take the place of a newer one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_downgrade: bool,
}

/// Where package files are until the plan is carried out.
pub(crate) fn downloads() -> PathBuf {
    state_folder().join("downloads")
}

/// Whether an installed version is the one that was asked for, with its revision or without.
fn is_version(installed: &str, asked: &str) -> bool {
    asked == "latest" || compare_with_asked(installed, asked) == Ordering::Equal
}

impl InstallPackages {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let database = self.database(host)?;
        let complete = self.is_complete(&database) && self.missing_files(host)?.is_empty();
        let version = |file: &PackageFile| {
            database.installed(&file.name).map(|package| (file.name.clone(), package.version.clone()))
        };
        Ok((!complete).then(|| Before::Packages {
            installed: database.in_state("installed"),
            configured: database.in_state("config-files"),
            versions: self.files.iter().filter_map(version).collect(),
        }))
    }

    /// The folder is made here, durably: the receipt's own folder is above it, and a download that made
    /// it would sync neither.
    pub(super) fn prefetch(&self, host: &mut dyn Host) -> Result<()> {
        durable::create_folders(host, &downloads(), 0o700)?;
        for file in self.missing_files(host)? {
            host.begin_fetch(file.fetch(file.destination()));
        }
        Ok(())
    }

    pub(super) fn apply(&self, host: &mut dyn Host, context: &Context) -> Result<()> {
        match self.manager.format() {
            Format::Deb => self.apply_with_apt(host, context),
            Format::Rpm => self.apply_with_rpm(host, context),
        }
    }

    /// Reads the package lists, unless a step before did.
    fn read_lists(&self, host: &mut dyn Host, context: &Context) -> Result<Output> {
        match context.lists() {
            Some(read) => Ok(read),
            None => package_lock::run(host, self.manager, Packages::Update, self.patience()),
        }
    }

    /// Waits for the files that are missing; where they are then.
    fn fetched_files(&self, host: &mut dyn Host) -> Result<Vec<PathBuf>> {
        let missing = self.missing_files(host)?;
        if let Err(e) = collect(host, &missing) {
            // Nothing is kept that no transaction will ask for: the next run fetches anew.
            forget_folder(host, &downloads())?;
            return Err(e);
        }
        Ok(missing.into_iter().map(PackageFile::destination).collect())
    }

    /// What is to be named to the package manager: of the lists one, and what else is missing.
    fn names_to_install(&self, host: &dyn Host) -> Result<Vec<String>> {
        let database = self.database(host)?;
        let mut names = self.chosen(host, &database)?;
        names.extend(self.missing_names(&database));
        Ok(names)
    }

    fn database(&self, host: &dyn Host) -> Result<PackageDatabase> {
        PackageDatabase::read(host, self.manager.format())
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.lock_seconds)
    }

    /// The names of both runs: undo must know every package we ever asked for.
    pub(super) fn absorb(mut self, earlier: &Self) -> Self {
        for name in &earlier.names {
            if !self.names.contains(name) {
                self.names.push(name.clone());
            }
        }
        for list in &earlier.one_of {
            if !self.one_of.contains(list) {
                self.one_of.push(list.clone());
            }
        }
        self
    }

    /// The names that are not installed: whatever else is named to a package manager, it upgrades.
    fn missing_names(&self, database: &PackageDatabase) -> Vec<String> {
        let is_here = |name: &String| database.installed(name).is_some();
        let is_missing = |name: &&String| {
            !is_here(name) && !self.instead.get(*name).is_some_and(|it| it.iter().any(is_here))
        };
        self.names.iter().filter(is_missing).cloned().collect()
    }

    /// Whether all that comes by name is here.
    fn is_complete(&self, database: &PackageDatabase) -> bool {
        self.missing_names(database).is_empty() && self.has_one(database)
    }

    fn has_one(&self, database: &PackageDatabase) -> bool {
        let is_there = |list: &Vec<String>| list.iter().all(|name| database.installed(name).is_some());
        self.one_of.is_empty() || self.one_of.iter().any(is_there)
    }

    /// Where none of the lists can be had whole, the first: the package manager's words about it are the best
    /// there are.
    fn chosen(&self, host: &dyn Host, database: &PackageDatabase) -> Result<Vec<String>> {
        let Some(mut chosen) = self.one_of.first().filter(|_| !self.has_one(database)) else {
            return Ok(Vec::new());
        };
        for list in &self.one_of {
            if host.offered(self.manager, list)?.len() == list.len() {
                chosen = list;
                break;
            }
        }
        Ok(chosen.iter().filter(|name| database.installed(name).is_none()).cloned().collect())
    }

    /// The files of packages that are not installed, or not as they were asked for.
    ///
    /// # Errors
    /// When the machine cannot be looked at.
    pub(crate) fn missing_files(&self, host: &dyn Host) -> Result<Vec<&PackageFile>> {
        let database = self.database(host)?;
        let is_there = |file: &PackageFile| {
            let asked = file.version.as_deref().unwrap_or("latest");
            database.installed(&file.name).is_some_and(|package| is_version(&package.version, asked))
        };
        Ok(self.files.iter().filter(|file| !is_there(file)).collect())
    }

    pub(crate) fn all_names(&self) -> impl Iterator<Item = &str> {
        let names = self.one_of.iter().flatten().chain(&self.names).map(String::as_str);
        names.chain(self.files.iter().map(|file| file.name.as_str()))
    }

    pub(super) fn describe(&self) -> String {
        let either: Vec<String> = self.one_of.iter().map(|list| list.join(" ")).collect();
        let either = (!either.is_empty()).then(|| either.join(" or "));
        let names = self.names.iter().chain(self.files.iter().map(|file| &file.name)).cloned();
        format!("install {}", either.into_iter().chain(names).collect::<Vec<_>>().join(", "))
    }
}

/// Waits for all files, whatever comes of one of them: while another is on its way, its folder is not
/// ours to remove.
fn collect(host: &mut dyn Host, files: &[&PackageFile]) -> Result<()> {
    let arrivals: Vec<Result<()>> = files
        .iter()
        .map(|file| {
            host.finish_fetch(&file.destination())?;
            file.must_be_as_asked(host, &file.destination())
        })
        .collect();
    arrivals
        .into_iter()
        .zip(files)
        .try_for_each(|(arrival, file)| arrival.while_doing(|| format!("fetching the package {}", file.name)))
}
