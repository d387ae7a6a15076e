//! An RPM distribution that a Debian poses as: what it is called and what it calls its packages, read from
//! a file of `vm-tests/stand-ins`.

use crate::Result;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The content of such a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Distribution {
    /// The Debian release that all programs are from.
    pub base: String,
    /// Debian's packages that bring the package manager.
    pub manager: Vec<String>,
    /// dnf answers to the name yum alone.
    #[serde(default)]
    pub only_yum: bool,
    /// Where the distribution's repository is configured, below the root.
    pub repository_file: String,
    /// Where the key that signs its packages lies, below the root.
    pub key_file: String,
    /// What stands in rpm's macros besides the place of the database.
    #[serde(default)]
    pub rpm_macros: String,
    /// The whole file.
    pub os_release: String,
    /// Further files below the root, and what is in them.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// The folders that Docker's server has for it; empty for none.
    pub docker_server: Vec<String>,
    /// The package that says which release this is.
    pub release: Release,
    /// The names of its packages.
    pub packages: Names,
}

/// The package that says which release a system is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Release {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What `$releasever` is in a repository's address.
    pub releasever: String,
    /// What ends the release number of the distribution's packages.
    pub tag: String,
    /// The name of the product, where libzypp wants to know one.
    pub product: Option<String>,
}

/// What the distribution calls the packages that hold Debian's programs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Names {
    /// The package with `iptables`.
    pub iptables: String,
    /// The package with `sysctl`.
    pub procps: String,
    /// The package with `dmidecode`.
    pub dmidecode: String,
    /// The distribution's own Docker, if it has one.
    pub docker: Option<String>,
    /// Packages without programs, there for their conflicts with Docker's.
    pub look_alikes: Vec<String>,
    /// Whether there is a package `container-selinux`, which Docker's packages want.
    pub container_selinux: bool,
}

impl Distribution {
    /// Reads a file.
    pub fn read(file: &Path) -> Result<Self> {
        Self::parse(&std::fs::read_to_string(file)?)
            .map_err(|error| format!("{}: {error}", file.display()).into())
    }

    /// Reads the text of a file.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(toml::from_str(text)?)
    }
}
