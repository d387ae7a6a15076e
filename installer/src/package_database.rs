//! What the machine's package manager says is on it.

use std::collections::BTreeMap;

use distro_matrix::Format;

use crate::error::Result;
use crate::host::Host;

mod dpkg;
pub(crate) mod rpm;

pub use dpkg::chosen_by_apt;
#[cfg(test)]
pub use dpkg::{EXTENDED_STATES, STATUS, UPDATES};

/// The packages of a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageDatabase {
    packages: BTreeMap<String, Package>,
    /// Further versions of packages of which several may be here at once: kernels, and what belongs to them.
    others: BTreeMap<String, Package>,
    /// Whether the package manager was stopped in the middle of its work.
    pub interrupted: bool,
}

/// One package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    /// Its version.
    pub version: String,
    /// The architecture it was built for.
    pub architecture: String,
    /// dpkg's third status word: `installed`, `half-installed`, `config-files` ...; of rpm always the first.
    pub state: String,
    /// Whether it has to be installed again: dpkg demands it, or a transaction of ours was cut short at it.
    pub reinstall: bool,
    /// The transaction that brought it, in seconds since 1970, where that is known.
    pub transaction: i64,
}

impl PackageDatabase {
    /// Reads the database.
    ///
    /// # Errors
    /// When the machine cannot be read.
    pub fn read(host: &dyn Host, format: Format) -> Result<Self> {
        match format {
            Format::Deb => dpkg::read(host),
            Format::Rpm => rpm::read(host),
        }
    }

    /// An installed package, by its name; of rpm also with version and architecture behind it.
    #[must_use]
    pub fn installed(&self, name: &str) -> Option<&Package> {
        let found = self.packages.get(name).or_else(|| self.others.get(name));
        found.filter(|package| package.state == "installed" && !package.reinstall)
    }

    /// The names of packages in this state, sorted.
    #[must_use]
    pub fn in_state(&self, state: &str) -> Vec<String> {
        self.names(|package| package.state == state)
    }

    /// Packages that an interrupted run left between two states.
    #[must_use]
    pub fn unfinished(&self) -> Vec<String> {
        self.names(|package| {
            package.reinstall
                || !matches!(package.state.as_str(), "installed" | "config-files" | "not-installed")
        })
    }

    /// Packages that have to be installed again before anything else is done.
    #[must_use]
    pub fn demanded_again(&self) -> Vec<String> {
        self.names(|package| package.reinstall)
    }

    /// The package manager's own architecture, which tells a 32-bit userland on a 64-bit kernel.
    #[must_use]
    pub fn architecture(&self) -> Option<&str> {
        let own = ["dpkg", "rpm"].into_iter().find_map(|name| self.installed(name));
        own.map(|package| package.architecture.as_str())
    }

    fn names(&self, wanted: impl Fn(&Package) -> bool) -> Vec<String> {
        self.packages.iter().filter(|(_, package)| wanted(package)).map(|(name, _)| name.clone()).collect()
    }
}
