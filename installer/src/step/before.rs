//! What a step replaced, as the receipt keeps it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

#[cfg(any(windows, test))]
use crate::windows::door::{Recovery, Start, Value};

/// What was on the machine before a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "before", rename_all = "kebab-case")]
pub enum Before {
    /// Nothing: what the step makes is ours alone.
    Nothing,
    /// Some of the folders; the others were not there.
    Folders {
        /// Those that were not there.
        absent: Vec<PathBuf>,
    },
    /// A file.
    File {
        /// Its content.
        content: Content,
        /// Its permission bits.
        mode: u32,
    },
    /// Another version of our own program, which is not worth keeping.
    OlderProgram,
    /// Packages.
    Packages {
        /// Those that were installed, by name.
        installed: Vec<String>,
        /// Those removed earlier whose configuration was still there.
        configured: Vec<String>,
        /// The agents' versions, where they were installed.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        versions: BTreeMap<String, String>,
    },
    /// The files of a package repository, each with what stood there.
    Repository {
        /// Folders that were not there.
        absent: Vec<PathBuf>,
        /// Whether the package manager trusted its key already, beyond what the source names.
        #[serde(default)]
        trusted: bool,
        /// Where its key is.
        keyring: Box<Before>,
        /// Where its source is.
        source: Box<Before>,
    },
    /// Units.
    AtBoot {
        /// Those that started at boot.
        enabled: Vec<String>,
        /// Those that ran.
        active: Vec<String>,
    },
    /// A unit.
    Unit {
        /// Whether it started at boot.
        enabled: bool,
        /// Whether it ran.
        active: bool,
    },
    /// A kernel setting's value.
    Setting {
        /// The value.
        value: String,
    },
    /// A firewall without our chains, and the setting behind them.
    Firewall {
        /// The setting's value.
        setting: String,
        /// Whether rules of an ECS agent's own stood there.
        agents_rules: bool,
    },
    /// The rules that firewalld sets when it loads.
    FirewalldRules {
        /// Those of ours that were among them.
        present: Vec<String>,
    },
    /// SELinux, enforcing now or from the next boot on.
    Selinux {
        /// Whether it enforced.
        enforces: bool,
        /// The line of its file that had it enforce from the next boot on.
        line: Option<String>,
    },
    /// A registration that was made before Landfall came: kept.
    Registered,
    /// Values of Windows' registry under a key, and those that were not there.
    #[cfg(any(windows, test))]
    Values {
        /// Each by its name.
        values: BTreeMap<String, Option<Value>>,
        /// Whether the service ran that reads them.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        read: bool,
    },
    /// A service of Windows.
    #[cfg(any(windows, test))]
    Service {
        /// When it started by itself.
        start: Start,
        /// Whether it ran.
        running: bool,
        /// What Windows did when it failed.
        recovery: Option<Recovery>,
    },
}

/// A file's content: text where it is text, hexadecimal figures where it is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// UTF-8.
    Text(String),
    /// Anything else.
    Hex(String),
}

impl Content {
    /// Takes bytes in.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Hex(hex::encode(bytes)),
        }
    }

    /// Gives the bytes back.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Hex(figures) => hex::decode(figures).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_comes_back_byte_for_byte() {
        for bytes in [&b"plain\n"[..], &[0xff, 0, 0x80], b""] {
            assert_eq!(Content::of(bytes).bytes(), bytes);
        }
    }

    #[test]
    fn what_an_earlier_landfall_wrote_of_packages_still_reads() {
        let earlier = r#"{"before": "packages", "installed": ["dpkg"], "configured": []}"#;
        let Before::Packages { installed, versions, .. } = serde_json::from_str(earlier).unwrap() else {
            panic!("another kind");
        };
        assert!(installed == ["dpkg"] && versions.is_empty());
    }
}
