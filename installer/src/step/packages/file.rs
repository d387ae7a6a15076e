//! A package file from elsewhere, and whether what came is what was asked for.
//!
//! A signature says who made a file, not what it is: the right signer's package of the other agent, or
//! of years ago, is signed as well as this one. So the file's own control data has to agree.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use distro_matrix::Format;
use serde::{Deserialize, Serialize};

use super::{downloads, is_version};
use crate::error::{Error, Result};
use crate::host::{ControlData, Fetch, Host};
use crate::package_version::compare;
use crate::signature::Trust;

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
    /// Its format.
    #[serde(default, skip_serializing_if = "is_deb")]
    pub format: Format,
    /// The architecture, in the package manager's word for it.
    #[serde(default)]
    pub architecture: String,
    /// The version that was asked for, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The least version that is installed at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<Least>,
}

/// The least version of a package, and why no older one will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Least {
    /// The version.
    pub version: String,
    /// What is wrong with those before it.
    pub because: String,
}

/// The receipts of the first versions name no format: there was one.
fn is_deb(format: &Format) -> bool {
    *format == Format::Deb
}

impl PackageFile {
    pub(super) fn destination(&self) -> PathBuf {
        Self::download_of(&self.name, self.format)
    }

    /// Where a download of this name goes.
    pub(in crate::step) fn download_of(name: &str, format: Format) -> PathBuf {
        downloads().join(format!("{name}.{}", format.ending()))
    }

    pub(in crate::step) fn fetch(&self, destination: PathBuf) -> Fetch {
        Fetch {
            url: self.url.clone(),
            destination,
            signature_url: self.signature_url.clone(),
            trust: self.trust.clone(),
        }
    }

    /// Compares what was fetched with what was asked for.
    pub(in crate::step) fn must_be_as_asked(&self, host: &dyn Host, file: &Path) -> Result<()> {
        self.compare(&host.control_data(file, self.format)?)
    }

    fn compare(&self, found: &ControlData) -> Result<()> {
        if found.name != self.name {
            return Err(self.another(format!("it is the package {}", found.name)));
        }
        if found.architecture != self.architecture {
            let asked = &self.architecture;
            return Err(self.another(format!("it is for {}, and {asked} was asked for", found.architecture)));
        }
        if let Some(asked) = self.version.as_deref().filter(|asked| !is_version(&found.version, asked)) {
            return Err(self.another(format!("it is version {}, and {asked} was asked for", found.version)));
        }
        match &self.least {
            Some(least) if compare(&found.version, &least.version) == Ordering::Less => {
                Err(self.another(format!(
                    "it is version {}, and {} is the least: {}",
                    found.version, least.version, least.because
                )))
            }
            _ => Ok(()),
        }
    }

    fn another(&self, why: String) -> Error {
        Error::failed(format!("what came from {} is not the {} that was asked for, whoever signed it: {why}", self.url, self.name))
            .hint("nothing was installed; somebody between AWS and this machine may offer an old or another package: see where it comes from")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::Use;

    fn asked(version: Option<&str>) -> PackageFile {
        PackageFile {
            name: "amazon-ecs-init".into(),
            url: "https://mirror.example/x.deb".into(),
            signature_url: "https://mirror.example/x.deb.asc".into(),
            trust: Trust::of(Use::Ecs),
            format: Format::Deb,
            architecture: "amd64".into(),
            version: version.map(str::to_owned),
            least: Some(Least { version: "1.81.0".into(), because: "older ones are broken".into() }),
        }
    }

    fn answer(asked: &PackageFile, name: &str, version: &str, architecture: &str) -> Result<()> {
        asked.compare(&ControlData {
            name: name.into(),
            version: version.into(),
            architecture: architecture.into(),
        })
    }

    #[test]
    fn what_was_asked_for_is_taken() {
        for version in ["1.105.1-1", "1.81.0-1", "1.81.0"] {
            answer(&asked(None), "amazon-ecs-init", version, "amd64").unwrap();
        }
        answer(&asked(Some("1.105.1")), "amazon-ecs-init", "1.105.1-1", "amd64").unwrap();
    }

    #[test]
    fn another_name_architecture_or_version_and_one_that_is_too_old_are_refused() {
        for (asked, name, version, architecture, why) in [
            (asked(None), "amazon-ssm-agent", "1.105.1-1", "amd64", "it is the package amazon-ssm-agent"),
            (asked(None), "amazon-ecs-init", "1.105.1-1", "arm64", "it is for arm64"),
            (asked(Some("1.105.1")), "amazon-ecs-init", "1.104.0-1", "amd64", "it is version 1.104.0-1"),
            (asked(None), "amazon-ecs-init", "1.80.0-1", "amd64", "1.81.0 is the least: older ones"),
            (asked(Some("1.80.0")), "amazon-ecs-init", "1.80.0-1", "amd64", "1.81.0 is the least"),
        ] {
            let error = answer(&asked, name, version, architecture).unwrap_err();
            assert_eq!(error.exit_code(), 1);
            assert!(error.what.contains(why), "{error}");
            assert!(error.hint.is_some_and(|hint| hint.starts_with("nothing was installed")));
        }
    }

    #[test]
    fn a_file_in_the_receipt_of_an_earlier_landfall_still_reads() {
        let earlier =
            r#"{"name": "amazon-ecs-init", "url": "u", "signature_url": "s", "trust": {"aws": "ecs"}}"#;
        let file: PackageFile = serde_json::from_str(earlier).unwrap();
        assert_eq!((file.least, file.trust), (None, Trust::of(Use::Ecs)));
    }
}
