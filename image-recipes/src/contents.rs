//! What is in a finished image: its system and its packages with their versions.

use landfall_contract::seal_list::Tree;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::packages::{Package, Packages};

/// What is in an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Contents {
    /// `ID` of its os-release.
    pub system: String,
    /// `VERSION_ID`, or the codename of what rolls on.
    pub system_version: String,
    /// The packages' manager.
    pub manager: Manager,
    /// The packages, by name; nothing where they are not known.
    pub packages: Option<Vec<Package>>,
}

/// Who installed the packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manager {
    /// dpkg.
    Dpkg,
    /// rpm.
    Rpm,
}

impl Contents {
    /// Reads them out of an image.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(tree: &dyn Tree<Error = Error>) -> Result<Self> {
        let mut text = Vec::new();
        for path in ["/usr/lib/os-release", "/etc/os-release"] {
            if text.is_empty() && tree.look(path)?.is_some() {
                text = tree.read(path)?;
            }
        }
        Ok(Self::of(&String::from_utf8_lossy(&text), Packages::read(tree)?))
    }

    /// Of a system with this os-release, and these packages.
    #[must_use]
    pub fn of(os_release: &str, packages: Packages) -> Self {
        let value = |key: &str| {
            let line = os_release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.map(|value| value.trim().trim_matches(['"', '\'']).to_owned())
        };
        let (manager, packages) = match packages {
            Packages::Dpkg(list) => (Manager::Dpkg, Some(list)),
            Packages::Rpm(list) => (Manager::Rpm, list),
        };
        let system_version = value("VERSION_ID").or_else(|| value("VERSION_CODENAME")).unwrap_or_default();
        Self { system: value("ID").unwrap_or_default(), system_version, manager, packages }
    }
}
