//! What dpkg says is on the machine, read from its own files: no process, a few milliseconds.
//!
//! A dpkg that was killed has said last what it was at in its journal, not in its status file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::host::Host;

/// dpkg's status file.
pub const STATUS: &str = "/var/lib/dpkg/status";
/// dpkg's journal of changes not yet in the status file.
pub const UPDATES: &str = "/var/lib/dpkg/updates";
/// apt's notes on which packages it chose by itself.
pub const EXTENDED_STATES: &str = "/var/lib/apt/extended_states";

/// dpkg's list of a package's files, which it writes whenever it unpacks the package.
#[must_use]
pub fn list_of_files(name: &str) -> PathBuf {
    PathBuf::from(format!("/var/lib/dpkg/info/{name}.list"))
}

/// The packages of a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageDatabase {
    packages: BTreeMap<String, Package>,
    /// Whether dpkg was stopped in the middle of writing its own files.
    pub interrupted: bool,
}

/// One package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    /// Its version.
    pub version: String,
    /// The architecture it was built for.
    pub architecture: String,
    /// dpkg's third status word: `installed`, `half-installed`, `config-files` ...
    pub state: String,
    /// Whether dpkg demands that it be installed again.
    pub reinstall: bool,
}

impl PackageDatabase {
    /// Reads the database.
    ///
    /// # Errors
    /// When the machine cannot be read.
    pub fn read(host: &dyn Host) -> Result<Self> {
        let text = |path: &Path| -> Result<String> {
            Ok(String::from_utf8_lossy(&host.read(path)?.unwrap_or_default()).into_owned())
        };
        let mut packages = parse(&text(Path::new(STATUS))?);
        let mut journal = host.list(Path::new(UPDATES))?;
        journal.retain(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
        for name in &journal {
            packages.extend(parse(&text(&Path::new(UPDATES).join(name))?));
        }
        Ok(Self { packages, interrupted: !journal.is_empty() })
    }

    /// An installed package.
    #[must_use]
    pub fn installed(&self, name: &str) -> Option<&Package> {
        self.packages.get(name).filter(|package| package.state == "installed" && !package.reinstall)
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

    /// Packages that dpkg demands to be installed again before it does anything else.
    #[must_use]
    pub fn demanded_again(&self) -> Vec<String> {
        self.names(|package| package.reinstall)
    }

    /// The package manager's own architecture, which tells a 32-bit userland on a 64-bit kernel.
    #[must_use]
    pub fn architecture(&self) -> Option<&str> {
        self.installed("dpkg").map(|package| package.architecture.as_str())
    }

    fn names(&self, wanted: impl Fn(&Package) -> bool) -> Vec<String> {
        self.packages.iter().filter(|(_, package)| wanted(package)).map(|(name, _)| name.clone()).collect()
    }
}

/// The packages that apt chose by itself, as dependencies.
///
/// # Errors
/// When the machine cannot be read.
pub fn chosen_by_apt(host: &dyn Host) -> Result<Vec<String>> {
    let states = host.read(Path::new(EXTENDED_STATES))?.unwrap_or_default();
    let text = String::from_utf8_lossy(&states).into_owned();
    Ok(text
        .split("\n\n")
        .filter(|stanza| field(stanza, "Auto-Installed") == Some("1"))
        .filter_map(|stanza| field(stanza, "Package").map(str::to_owned))
        .collect())
}

fn parse(status: &str) -> BTreeMap<String, Package> {
    status.split("\n\n").filter_map(parse_stanza).collect()
}

fn parse_stanza(stanza: &str) -> Option<(String, Package)> {
    let name = field(stanza, "Package")?;
    let mut words = field(stanza, "Status")?.split(' ');
    let (_want, flag, state) = (words.next()?, words.next()?, words.next()?);
    let package = Package {
        version: field(stanza, "Version").unwrap_or_default().to_owned(),
        architecture: field(stanza, "Architecture").unwrap_or_default().to_owned(),
        state: state.to_owned(),
        reinstall: flag == "reinstreq",
    };
    Some((name.to_owned(), package))
}

fn field<'a>(stanza: &'a str, name: &str) -> Option<&'a str> {
    stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS_FILE: &str = "Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.21.22\n\n\
        Package: ecs\nStatus: install reinstreq half-installed\nArchitecture: amd64\nVersion: 1\n\n\
        Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 2\n";

    #[test]
    fn an_interrupted_package_is_told_from_an_installed_and_a_removed_one() {
        let database = PackageDatabase { packages: parse(STATUS_FILE), interrupted: false };
        assert_eq!(database.unfinished(), ["ecs"]);
        assert_eq!(database.demanded_again(), ["ecs"]);
        assert_eq!(database.in_state("config-files"), ["gone"]);
        assert_eq!(database.architecture(), Some("amd64"));
    }
}
