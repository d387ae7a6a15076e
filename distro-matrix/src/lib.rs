//! The distributions as data: one TOML file per release, read at compile time.
//!
//! This crate holds the types and the lookup. It does no I/O, and it decides nothing: what to do
//! with a release is the installer's business.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// One release of a distribution.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Distro {
    /// The file's name without its ending, such as `debian-12`; filled in by [`all`].
    #[serde(skip)]
    pub release: String,
    /// The name for people.
    pub name: String,
    /// Whether Landfall stands behind this release.
    pub support: Support,
    /// The day the vendor's (or the long-term team's) support ends, `YYYY-MM-DD`.
    pub end_of_life: Option<String>,
    /// How os-release names it.
    pub identity: Identity,
    /// Kernel machine name (`uname -m`) to the package manager's name for the same.
    pub architectures: BTreeMap<String, String>,
    /// What to install, and with what.
    pub packages: Packages,
    /// What is known of GPUs.
    pub gpu: Option<Gpu>,
}

/// What is known of GPUs on a release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Gpu {
    /// Why they cannot be used, where somebody who must know says so.
    pub refused: Option<String>,
}

/// How far Landfall stands behind a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Support {
    /// Tested and supported.
    Supported,
    /// Past its end of life; works, at the user's own risk.
    Eol,
    /// Known, and turned away with a reason.
    Refused,
}

/// The fields of `/etc/os-release` that name a release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Identity {
    /// `ID`.
    pub id: String,
    /// `VERSION_ID`, exactly.
    pub version_id: String,
}

/// What a release needs from its package manager.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Packages {
    /// The package manager.
    pub manager: Manager,
    /// The format of AWS's agent packages.
    pub agents: Format,
    /// The name of this system in the addresses of the SSM agent's packages.
    pub ssm_system: String,
    /// Packages that count as a Docker for the ECS agent's own dependency.
    pub docker_accepted: Vec<String>,
    /// The distribution's own Docker packages.
    pub docker: Vec<String>,
    /// Packages that the distribution's Docker cannot be installed beside.
    pub docker_conflicts: Vec<String>,
    /// The unit that runs the Docker daemon.
    pub docker_unit: String,
    /// Where Docker comes from where nothing is asked for: the first of these that has it.
    #[serde(default = "distribution_alone")]
    pub docker_sources: Vec<DockerOrigin>,
    /// Docker's own repository, where it has one for this release.
    pub docker_repository: Option<DockerRepository>,
    /// Further packages, each with the reason it is needed.
    pub tools: BTreeMap<String, String>,
    /// The least version of each agent.
    pub least_versions: BTreeMap<String, Least>,
}

/// The least version of a package: what is older is not installed, however well it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Least {
    /// The version.
    pub version: String,
    /// What is wrong with those before it.
    pub because: String,
}

/// Whose Docker it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DockerOrigin {
    /// The distribution's.
    Distro,
    /// Docker's own repository's.
    Docker,
}

fn distribution_alone() -> Vec<DockerOrigin> {
    vec![DockerOrigin::Distro]
}

/// Docker's own repository for a release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DockerRepository {
    /// The address of Docker's server, without a slash at the end; a mirror takes its place.
    pub host: String,
    /// The repository's path there.
    pub path: String,
    /// The name of the key's file in the repository.
    pub key: String,
    /// The primary key that signs it, by its fingerprint: forty hexadecimal digits in capitals.
    pub fingerprint: String,
    /// The component that has stable releases.
    pub component: String,
    /// The packages that are a Docker.
    pub packages: Vec<String>,
    /// Packages that those cannot be installed beside.
    pub conflicts: Vec<String>,
}

/// A package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manager {
    /// apt and dpkg.
    Apt,
}

/// A package format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Debian's.
    Deb,
}

/// Every release, in the order of its file's name.
///
/// # Panics
/// When a file of the matrix is broken, which a test of this crate rules out.
#[must_use]
pub fn all() -> Vec<Distro> {
    FILES
        .iter()
        .map(|(release, text)| {
            let distro: Distro = toml::from_str(text).unwrap_or_else(|e| panic!("{release}.toml: {e}"));
            Distro { release: (*release).to_owned(), ..distro }
        })
        .collect()
}

/// The release that os-release's `ID` and `VERSION_ID` name.
#[must_use]
pub fn find(id: &str, version_id: &str) -> Option<Distro> {
    all().into_iter().find(|distro| distro.identity.id == id && distro.identity.version_id == version_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_matrix_is_well_formed() {
        assert!(!all().is_empty());
        for distro in all() {
            assert!(!distro.architectures.is_empty(), "{}", distro.release);
            let agents: Vec<&str> = distro.packages.least_versions.keys().map(String::as_str).collect();
            assert_eq!(agents, ["amazon-ecs-init", "amazon-ssm-agent"], "{}", distro.release);
        }
    }

    #[test]
    fn a_pinned_fingerprint_has_forty_digits_in_capitals_and_its_address_is_https() {
        for repository in all().into_iter().filter_map(|distro| distro.packages.docker_repository) {
            let digit = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
            assert!(repository.fingerprint.len() == 40 && repository.fingerprint.bytes().all(digit));
            assert!(repository.host.starts_with("https://") && !repository.host.ends_with('/'));
        }
    }

    #[test]
    fn no_two_releases_claim_the_same_identity() {
        let mut seen: Vec<Identity> = Vec::new();
        for distro in all() {
            assert!(!seen.contains(&distro.identity), "{} is claimed twice", distro.release);
            seen.push(distro.identity);
        }
    }

    #[test]
    fn debian_12_is_found_by_its_os_release() {
        assert_eq!(find("debian", "12").map(|distro| distro.release), Some("debian-12".into()));
        assert_eq!(find("debian", ""), None);
    }
}
