//! Which packages an image has: read out of dpkg's own status file. rpm keeps a database that only rpm reads, so
//! there the guest says it, as `rpm -qa` prints it.

use landfall_contract::seal_list::Tree;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

const STATUS: &str = "/var/lib/dpkg/status";
/// Where rpm keeps its database, in the places that distributions chose.
const RPM: [&str; 2] = ["/var/lib/rpm", "/usr/lib/sysimage/rpm"];
/// How the guest has to be asked: `rpm -qa --queryformat` with this.
pub const RPM_QUERY: &str = "%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\t%{ARCH}\\n";

/// A package that is installed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, as its manager writes it.
    pub version: String,
    /// The manager's name for what it runs on.
    pub architecture: String,
}

/// What is known of an image's packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packages {
    /// dpkg's.
    Dpkg(Vec<Package>),
    /// rpm's, as the guest said them; nothing where it was not asked.
    Rpm(Option<Vec<Package>>),
}

impl Packages {
    /// Reads them, sorted by name.
    ///
    /// # Errors
    /// When the image has neither manager, or cannot be read.
    pub fn read(tree: &dyn Tree<Error = Error>) -> Result<Self> {
        if tree.look(STATUS)?.is_some() {
            return Ok(Self::Dpkg(dpkg(&String::from_utf8_lossy(&tree.read(STATUS)?))));
        }
        for folder in RPM {
            if tree.look(folder)?.is_some() {
                return Ok(Self::Rpm(None));
            }
        }
        Err(Error::failed("the image has neither dpkg's packages nor rpm's"))
    }

    /// What the guest told: stanzas as in dpkg's status file, or what rpm printed for [`RPM_QUERY`].
    ///
    /// # Errors
    /// When it is neither.
    pub fn of_guest(told: &str) -> Result<Self> {
        if told.starts_with("Package: ") { Ok(Self::Dpkg(dpkg(told))) } else { Self::of_rpm(told) }
    }

    fn of_rpm(printed: &str) -> Result<Self> {
        let line = |line: &str| match line.split('\t').collect::<Vec<_>>()[..] {
            [name, version, architecture] => Ok(Package {
                name: name.into(),
                // Without an epoch it is 0, which nobody writes.
                version: version.strip_prefix("0:").unwrap_or(version).into(),
                architecture: architecture.into(),
            }),
            _ => Err(Error::failed(format!("rpm printed a line that is no package: {line}"))),
        };
        let mut packages: Vec<Package> = printed.lines().map(line).collect::<Result<_>>()?;
        // rpm lists the keys that it trusts as if they were packages.
        packages.retain(|it| it.name != "gpg-pubkey");
        packages.sort();
        Ok(Self::Rpm(Some(packages)))
    }

    /// The list, where it is known.
    #[must_use]
    pub fn known(&self) -> Option<&[Package]> {
        match self {
            Self::Dpkg(list) | Self::Rpm(Some(list)) => Some(list),
            Self::Rpm(None) => None,
        }
    }
}

fn dpkg(status: &str) -> Vec<Package> {
    let mut packages: Vec<Package> = status.split("\n\n").filter_map(stanza).collect();
    packages.sort();
    packages
}

/// A package whose files are there, configured or not.
fn stanza(text: &str) -> Option<Package> {
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(|value| value.trim().to_owned())
    };
    let status = field("Status")?;
    let state = status.rsplit(' ').next()?;
    if matches!(state, "not-installed" | "config-files" | "half-installed") {
        return None;
    }
    Some(Package {
        name: field("Package")?,
        version: field("Version")?,
        architecture: field("Architecture")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_installed_counts() {
        let status = "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\nVersion: 1:1.2\n\
                      Description: a library\n Package: not-this\n\nPackage: gone\nStatus: deinstall ok config-files\n\
                      Architecture: all\nVersion: 1\n\nPackage: bash\nEssential: yes\nStatus: install ok unpacked\n\
                      Architecture: amd64\nVersion: 5.2-1\n";
        let names: Vec<String> =
            dpkg(status).into_iter().map(|it| format!("{} {}", it.name, it.version)).collect();
        assert_eq!(names, ["bash 5.2-1", "zlib1g 1:1.2"]);
        assert!(dpkg("").is_empty() && dpkg("garbage\n\n\n\nPackage:").is_empty());
    }

    #[test]
    fn what_rpm_prints_is_read_and_anything_else_refused() {
        let told =
            "zlib\t0:1.2.11-1.el9\tx86_64\ngpg-pubkey\t0:8483c65d-5ccc5b19\t(none)\nbash\t1:5.1-9\tx86_64\n";
        let packages = Packages::of_guest(told).unwrap();
        let list = packages.known().unwrap();
        assert_eq!((list[0].name.as_str(), list[0].version.as_str()), ("bash", "1:5.1-9"));
        assert_eq!(list[1].version, "1.2.11-1.el9");
        assert_eq!(list.len(), 2);
        assert!(Packages::of_guest("error: no database\n").is_err());
        let dpkg = "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n";
        assert_eq!(Packages::of_guest(dpkg).unwrap().known().unwrap()[0].version, "5.2-1");
    }
}
