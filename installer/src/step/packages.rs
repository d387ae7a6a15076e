//! Install packages in one transaction: names from the configured repositories and verified files
//! together, so that dependencies are met once and dpkg runs once.

use std::cmp::Ordering;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Before, Context, forget_folder, state_folder};
use crate::durable;
use crate::error::{Result, While};
use crate::host::{Host, Packages};
use crate::package_database::PackageDatabase;
use crate::package_lock;
use crate::package_version::compare_with_asked;
use crate::package_words::refusal;

mod file;
mod undo;

pub use file::{Least, PackageFile};
pub(crate) use undo::brought;
pub(super) use undo::recorded;
use undo::{prepare_record, record};

/// Packages to install.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallPackages {
    /// Packages from the configured repositories.
    pub names: Vec<String>,
    /// Further lists of such packages, of which one is installed: the first that apt has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<Vec<String>>,
    /// Packages from elsewhere, each verified against its signature.
    pub files: Vec<PackageFile>,
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
        let database = PackageDatabase::read(host)?;
        let complete = self.missing_names(&database).is_empty()
            && self.has_one(&database)
            && self.missing_files(host)?.is_empty();
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
        let patience = Duration::from_secs(self.lock_seconds);
        let update = match context.lists() {
            Some(read) => read,
            None => package_lock::run(host, Packages::Update, patience)?,
        };
        let missing = self.missing_files(host)?;
        if let Err(e) = collect(host, &missing) {
            // Nothing is kept that no transaction will ask for: the next run fetches anew.
            forget_folder(host, &downloads())?;
            return Err(e);
        }
        let database = PackageDatabase::read(host)?;
        let mut names = self.chosen(host, &database)?;
        names.extend(self.missing_names(&database));
        let files: Vec<PathBuf> = missing.into_iter().map(PackageFile::destination).collect();
        prepare_record(host)?;
        let downgrade = self.allow_downgrade;
        let install = Packages::Install { names, files, record: record(), downgrade };
        let output = package_lock::run(host, install, patience)?;
        if !output.ok() {
            return Err(refusal(&update, &output));
        }
        Ok(())
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

    /// The names that are not installed: whatever else is named to apt, it upgrades.
    fn missing_names(&self, database: &PackageDatabase) -> Vec<String> {
        self.names.iter().filter(|name| database.installed(name).is_none()).cloned().collect()
    }

    fn has_one(&self, database: &PackageDatabase) -> bool {
        let is_there = |list: &Vec<String>| list.iter().all(|name| database.installed(name).is_some());
        self.one_of.is_empty() || self.one_of.iter().any(is_there)
    }

    /// Where apt has none of the lists whole, the first: apt's words about it are the best there are.
    fn chosen(&self, host: &dyn Host, database: &PackageDatabase) -> Result<Vec<String>> {
        let Some(mut chosen) = self.one_of.first().filter(|_| !self.has_one(database)) else {
            return Ok(Vec::new());
        };
        for list in &self.one_of {
            if host.offered(list)?.len() == list.len() {
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
        let database = PackageDatabase::read(host)?;
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
