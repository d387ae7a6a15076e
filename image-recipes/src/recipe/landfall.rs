//! What `landfall install` is told in a recipe: every option that may be the same on all clones.
//!
//! The names are those of `landfall install --help`; a test holds them together. Options of the activation are
//! not here: what a recipe holds is in every clone.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `landfall install` is told, and every clone after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Landfall {
    /// AWS region; a seed may name it instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ECS cluster; a seed may name it instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Custom attributes of every instance, `NAME=VALUE`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attribute: Vec<String>,
    /// Tags of every instance, `KEY=VALUE`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag: Vec<String>,
    /// Where Landfall goes on although it refuses to otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Allowance>,
    /// Where Docker may come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker_install_source: Option<DockerSource>,
    /// Base address of a mirror of Docker's repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker_mirror: Option<String>,
    /// Fingerprint of the primary key that signs that mirror.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker_trust_fingerprint: Option<String>,
    /// Version of the ECS agent instead of the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ecs_version: Option<String>,
    /// Version of the SSM agent instead of the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssm_version: Option<String>,
    /// Base address of a mirror of the agents' packages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<String>,
    /// Address of the ECS agent's .deb.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deb_url: Option<String>,
    /// Address of the ECS agent's .rpm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm_url: Option<String>,
    /// Certificate of a mirror, as a path in the image: put it there with `files`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_key: Option<PathBuf>,
    /// Fingerprint that this certificate must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_fingerprint: Option<String>,
    /// SHA-256 of the package of `deb-url` or `rpm-url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_sha256: Option<String>,
    /// Let an older version of an agent take the place of a newer one.
    #[serde(skip_serializing_if = "is_false")]
    pub allow_downgrade: bool,
    /// AWS account that the activation must belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect_account: Option<String>,
    /// Version of the SSM agent whose programs ECS Exec uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec_version: Option<String>,
    /// Certificates that ECS Exec trusts, as a path in the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certs_file: Option<PathBuf>,
    /// Proxy for everything that leaves the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Hosts to reach without it, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<String>,
    /// ECS endpoint instead of the region's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ecs_endpoint: Option<String>,
    /// Addresses to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_compatibility: Option<IpFamily>,
    /// Let SELinux only tell what it would refuse.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selinux: Option<SelinuxMode>,
    /// Seconds to wait for the package manager's lock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_timeout: Option<u64>,
    /// Seconds to wait for the agent to register.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_timeout: Option<u64>,
    /// Register, but do not start the ECS agent.
    #[serde(skip_serializing_if = "is_false")]
    pub no_start: bool,
    /// Let tasks use NVIDIA GPUs.
    #[serde(skip_serializing_if = "is_false")]
    pub enable_gpu: bool,
    /// Let `package-sha256` stand in for the package's signature.
    #[serde(skip_serializing_if = "is_false")]
    pub skip_gpg_check: bool,
}

/// What the system may run in or on although Landfall advises against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Allowance {
    /// A container of applications.
    Container,
    /// The Windows Subsystem for Linux.
    Wsl,
    /// An EC2 instance.
    Ec2,
}

/// Where Docker may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DockerSource {
    /// The distribution or Docker's own repository, in the order that suits the release.
    All,
    /// Docker's own repository.
    Docker,
    /// The distribution.
    Distro,
    /// Nowhere: it must be there already.
    None,
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IpFamily {
    /// IPv4.
    Ipv4,
    /// IPv6 alone.
    Ipv6,
}

/// A mode of SELinux that Landfall sets on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SelinuxMode {
    /// It tells, and refuses nothing.
    Permissive,
}

fn is_false(value: &bool) -> bool {
    !value
}
