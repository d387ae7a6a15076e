//! What a release needs from its package manager.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a release needs from its package manager.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Packages {
    /// The package manager.
    pub manager: Manager,
    /// The format of AWS's agent packages.
    pub agents: Format,
    /// The name of this system in the addresses of the SSM agent's packages.
    pub ssm_system: String,
    /// Whether the ECS agent's package demands a Docker that came as a package.
    pub agents_demand_docker: bool,
    /// Packages that count as a Docker.
    pub docker_accepted: Vec<String>,
    /// The distribution's own Docker packages; none where it has none that would do.
    #[serde(default)]
    pub docker: Vec<String>,
    /// Packages that the distribution's Docker cannot be installed beside.
    #[serde(default)]
    pub docker_conflicts: Vec<String>,
    /// The unit that runs the Docker daemon.
    pub docker_unit: String,
    /// Where Docker comes from where nothing is asked for: the first of these that has it.
    pub docker_sources: Vec<DockerOrigin>,
    /// What to do where the distribution's Docker cannot be had, for people.
    pub docker_hint: Option<String>,
    /// Repositories of the distribution that are off by default and have what is needed.
    #[serde(default)]
    pub enable_repositories: Vec<String>,
    /// Docker's own repository, where it has one for this release.
    pub docker_repository: Option<DockerRepository>,
    /// Further packages.
    pub tools: BTreeMap<String, Tool>,
    /// The least version of each agent.
    pub least_versions: BTreeMap<String, Least>,
}

/// A further package.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Tool {
    /// Why it is needed.
    pub because: String,
    /// Packages that do as well where they are installed already.
    #[serde(default)]
    pub or: Vec<String>,
    /// The kernel module that it is for: where the running kernel has that, the package is not needed.
    pub module: Option<String>,
    /// Whether it must be of the running kernel's own version, `NAME-$(uname -r)`: the newest may belong to a kernel
    /// that only the next boot brings.
    #[serde(default)]
    pub of_running_kernel: bool,
    /// Whether it is needed only where the kernel has AppArmor on.
    #[serde(default)]
    pub with_apparmor: bool,
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

/// Docker's own repository for a release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DockerRepository {
    /// The address of Docker's server, without a slash at the end; a mirror takes its place.
    pub host: String,
    /// The repository's path there; `{architecture}` stands for the package manager's word for it.
    pub path: String,
    /// The path of the key's file on that server.
    pub key: String,
    /// The primary key that signs it, by its fingerprint: forty hexadecimal digits in capitals.
    pub fingerprint: String,
    /// The suite, where the format has one: by default the release's codename, as os-release has it.
    pub suite: Option<String>,
    /// The component that has stable releases, where the format has components.
    pub component: Option<String>,
    /// The packages that are a Docker.
    pub packages: Vec<String>,
    /// Packages that those cannot be installed beside.
    #[serde(default)]
    pub conflicts: Vec<String>,
}

/// A package manager, of the generation that decides how it is spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manager {
    /// apt and dpkg.
    #[default]
    Apt,
    /// yum 3, and whatever is called `yum` where nothing is called `dnf`.
    Yum,
    /// dnf 4.
    Dnf,
    /// dnf 5.
    Dnf5,
    /// zypper.
    Zypper,
}

impl Manager {
    /// The format of its packages.
    #[must_use]
    pub fn format(self) -> Format {
        match self {
            Self::Apt => Format::Deb,
            Self::Yum | Self::Dnf | Self::Dnf5 | Self::Zypper => Format::Rpm,
        }
    }

    /// As people type it.
    #[must_use]
    pub fn program(self) -> &'static str {
        match self {
            Self::Apt => "apt-get",
            Self::Yum => "yum",
            Self::Dnf => "dnf",
            Self::Dnf5 => "dnf5",
            Self::Zypper => "zypper",
        }
    }
}

/// A package format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Debian's.
    #[default]
    Deb,
    /// rpm's.
    Rpm,
}

impl Format {
    /// The ending of its files.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Rpm => "rpm",
        }
    }
}
