//! What can be chosen: flags, variables and keys of the configuration file in one declaration.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Deserialize;
#[cfg(any(windows, test))]
use serde::Serialize;

use crate::secret::Secret;

/// What can be chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Deserialize)]
#[cfg_attr(any(windows, test), derive(Serialize))]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Options {
    /// AWS region, such as eu-central-1
    #[arg(long, env = "LANDFALL_REGION")]
    pub region: Option<String>,

    /// ECS cluster to join; without it the agent chooses its default
    #[arg(long, env = "LANDFALL_CLUSTER")]
    pub cluster: Option<String>,

    /// File with the activation, as 'aws ssm create-activation' prints it, or the bare code; - for
    /// standard input
    #[arg(long, value_name = "FILE", env = "LANDFALL_ACTIVATION_FILE")]
    pub activation_file: Option<PathBuf>,

    /// Id of the activation
    #[arg(long, value_name = "ID", env = "LANDFALL_ACTIVATION_ID")]
    pub activation_id: Option<String>,

    /// Code of the activation; others on this machine can read it here: prefer --activation-file
    #[arg(long, value_name = "CODE", env = "LANDFALL_ACTIVATION_CODE", hide_env_values = true)]
    #[cfg_attr(any(windows, test), serde(skip_serializing))]
    pub activation_code: Option<Secret>,

    /// Custom attribute of the instance; may be given several times
    #[arg(long, value_name = "NAME=VALUE", env = "LANDFALL_ATTRIBUTE", value_delimiter = ',')]
    pub attribute: Vec<String>,

    /// Tag of the instance; may be given several times
    #[arg(long, value_name = "KEY=VALUE", env = "LANDFALL_TAG", value_delimiter = ',')]
    pub tag: Vec<String>,

    /// Go on where Landfall refuses to otherwise; may be given several times
    #[arg(long, value_name = "KIND", env = "LANDFALL_ALLOW", value_delimiter = ',')]
    pub allow: Vec<Allowance>,

    /// Where Docker may come from
    #[arg(long, value_name = "SOURCE", env = "LANDFALL_DOCKER_INSTALL_SOURCE")]
    pub docker_install_source: Option<DockerSource>,

    /// Base address of a mirror of Docker's repository, laid out as Docker's server is
    #[arg(long, value_name = "URL", env = "LANDFALL_DOCKER_MIRROR")]
    pub docker_mirror: Option<String>,

    /// Fingerprint of the primary key that signs the repository of --docker-mirror
    #[arg(long, value_name = "FPR", env = "LANDFALL_DOCKER_TRUST_FINGERPRINT")]
    pub docker_trust_fingerprint: Option<String>,

    /// Version of the ECS agent instead of the latest
    #[arg(long, value_name = "VERSION", env = "LANDFALL_ECS_VERSION")]
    pub ecs_version: Option<String>,

    /// Version of the SSM agent instead of the latest
    #[arg(long, value_name = "VERSION", env = "LANDFALL_SSM_VERSION")]
    pub ssm_version: Option<String>,

    /// Base address of a mirror of the agents' packages, laid out as AWS's buckets are
    #[arg(long, value_name = "URL", env = "LANDFALL_MIRROR")]
    pub mirror: Option<String>,

    /// Address of the ECS agent's .deb, with its signature beside it as .asc
    #[arg(long, value_name = "URL", env = "LANDFALL_DEB_URL")]
    pub deb_url: Option<String>,

    /// Address of the ECS agent's .rpm, with its signature beside it as .asc
    #[arg(long, value_name = "URL", env = "LANDFALL_RPM_URL")]
    pub rpm_url: Option<String>,

    /// Armored OpenPGP certificate whose primary key's signature counts besides AWS's, for what --mirror,
    /// --deb-url or --rpm-url name
    #[arg(long, value_name = "FILE", env = "LANDFALL_TRUST_KEY")]
    pub trust_key: Option<PathBuf>,

    /// Fingerprint that the certificate of --trust-key must have
    #[arg(long, value_name = "FPR", env = "LANDFALL_TRUST_FINGERPRINT")]
    pub trust_fingerprint: Option<String>,

    /// SHA-256 that the package of --deb-url or --rpm-url must have; on Windows, the SSM
    /// agent's installer
    #[arg(long, value_name = "SUM", env = "LANDFALL_PACKAGE_SHA256")]
    pub package_sha256: Option<String>,

    /// Let an older version of an agent take the place of a newer one
    #[arg(long, env = "LANDFALL_ALLOW_DOWNGRADE", value_parser = clap::builder::FalseyValueParser::new())]
    pub allow_downgrade: bool,

    /// AWS account that the activation must belong to
    #[arg(long, value_name = "ID", env = "LANDFALL_EXPECT_ACCOUNT")]
    pub expect_account: Option<String>,

    /// Version of the SSM agent whose programs ECS Exec uses, instead of the installed one
    #[arg(long, value_name = "VERSION", env = "LANDFALL_EXEC_VERSION")]
    pub exec_version: Option<String>,

    /// Certificates that ECS Exec trusts inside containers, instead of the system's
    #[arg(long, value_name = "FILE", env = "LANDFALL_CERTS_FILE")]
    pub certs_file: Option<PathBuf>,

    /// Proxy for Landfall, the package manager, both agents and a Docker that Landfall brings, such as
    /// http://proxy:3128; without it, https_proxy or all_proxy of the environment; "" for none
    #[arg(long, value_name = "URL", env = "LANDFALL_PROXY")]
    pub proxy: Option<String>,

    /// Hosts to reach without the proxy, separated by commas; without it, no_proxy of the environment
    #[arg(long, value_name = "HOSTS", env = "LANDFALL_NO_PROXY")]
    pub no_proxy: Option<String>,

    /// ECS endpoint instead of the region's own
    #[arg(long, value_name = "URL", env = "LANDFALL_ECS_ENDPOINT")]
    pub ecs_endpoint: Option<String>,

    /// Addresses to use
    #[arg(long, value_name = "FAMILY", env = "LANDFALL_IP_COMPATIBILITY")]
    pub ip_compatibility: Option<IpFamily>,

    /// Let SELinux only tell what it would refuse, now and at every boot, where it enforces
    #[arg(long, value_name = "MODE", env = "LANDFALL_SELINUX")]
    pub selinux: Option<SelinuxMode>,

    /// Seconds to wait while another process holds the package manager's lock
    #[arg(long, value_name = "SECONDS", env = "LANDFALL_LOCK_TIMEOUT")]
    pub lock_timeout: Option<u64>,

    /// Seconds to wait for the agent to register
    #[arg(long, value_name = "SECONDS", env = "LANDFALL_AGENT_TIMEOUT")]
    pub agent_timeout: Option<u64>,

    /// Policy of first boots: which sources of seeds count, and what a seed must agree with
    #[arg(long, value_name = "FILE", env = "LANDFALL_POLICY")]
    pub policy: Option<PathBuf>,

    /// With 'up': install, but do not register
    #[arg(long, env = "LANDFALL_SKIP_REGISTRATION", value_parser = clap::builder::FalseyValueParser::new())]
    pub skip_registration: bool,

    /// Register, but do not start the ECS agent
    #[arg(long, env = "LANDFALL_NO_START", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_start: bool,

    /// Let tasks use NVIDIA GPUs; driver, container toolkit and Docker's runtime must be there
    #[arg(long, env = "LANDFALL_ENABLE_GPU", value_parser = clap::builder::FalseyValueParser::new())]
    pub enable_gpu: bool,

    /// Let --package-sha256 stand in for the signature of what it is the sum of
    #[arg(long, env = "LANDFALL_SKIP_GPG_CHECK", value_parser = clap::builder::FalseyValueParser::new())]
    pub skip_gpg_check: bool,
}

/// What the system may run in or on although Landfall advises against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[cfg_attr(any(windows, test), derive(Serialize))]
#[serde(rename_all = "kebab-case")]
pub enum Allowance {
    /// A container of Docker, podman or Kubernetes
    Container,
    /// The Windows Subsystem for Linux
    Wsl,
    /// An EC2 instance
    Ec2,
}

/// Where Docker may come from, in the words of AWS's script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[cfg_attr(any(windows, test), derive(Serialize))]
#[serde(rename_all = "kebab-case")]
pub enum DockerSource {
    /// The distribution or Docker's own repository, in the order that suits the release
    All,
    /// Docker's own repository
    Docker,
    /// The distribution
    Distro,
    /// Nowhere: it must be there already
    None,
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[cfg_attr(any(windows, test), derive(Serialize))]
#[serde(rename_all = "kebab-case")]
pub enum IpFamily {
    /// IPv4
    Ipv4,
    /// IPv6 alone
    Ipv6,
}

/// A mode of SELinux that Landfall sets on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[cfg_attr(any(windows, test), derive(Serialize))]
#[serde(rename_all = "kebab-case")]
pub enum SelinuxMode {
    /// It tells, and refuses nothing
    Permissive,
}

impl Options {
    /// These options, with those of a file where these say nothing.
    #[must_use]
    pub fn or(self, file: Self) -> Self {
        let list = |flags: Vec<String>, file: Vec<String>| if flags.is_empty() { file } else { flags };
        Self {
            region: self.region.or(file.region),
            cluster: self.cluster.or(file.cluster),
            activation_file: self.activation_file.or(file.activation_file),
            activation_id: self.activation_id.or(file.activation_id),
            activation_code: self.activation_code.or(file.activation_code),
            attribute: list(self.attribute, file.attribute),
            tag: list(self.tag, file.tag),
            allow: if self.allow.is_empty() { file.allow } else { self.allow },
            docker_install_source: self.docker_install_source.or(file.docker_install_source),
            docker_mirror: self.docker_mirror.or(file.docker_mirror),
            docker_trust_fingerprint: self.docker_trust_fingerprint.or(file.docker_trust_fingerprint),
            ecs_version: self.ecs_version.or(file.ecs_version),
            ssm_version: self.ssm_version.or(file.ssm_version),
            deb_url: self.deb_url.or(file.deb_url),
            rpm_url: self.rpm_url.or(file.rpm_url),
            mirror: self.mirror.or(file.mirror),
            trust_key: self.trust_key.or(file.trust_key),
            trust_fingerprint: self.trust_fingerprint.or(file.trust_fingerprint),
            package_sha256: self.package_sha256.or(file.package_sha256),
            allow_downgrade: self.allow_downgrade || file.allow_downgrade,
            expect_account: self.expect_account.or(file.expect_account),
            exec_version: self.exec_version.or(file.exec_version),
            proxy: self.proxy.or(file.proxy),
            no_proxy: self.no_proxy.or(file.no_proxy),
            ecs_endpoint: self.ecs_endpoint.or(file.ecs_endpoint),
            ip_compatibility: self.ip_compatibility.or(file.ip_compatibility),
            selinux: self.selinux.or(file.selinux),
            lock_timeout: self.lock_timeout.or(file.lock_timeout),
            agent_timeout: self.agent_timeout.or(file.agent_timeout),
            policy: self.policy.or(file.policy),
            skip_registration: self.skip_registration || file.skip_registration,
            no_start: self.no_start || file.no_start,
            enable_gpu: self.enable_gpu || file.enable_gpu,
            certs_file: self.certs_file.or(file.certs_file),
            skip_gpg_check: self.skip_gpg_check || file.skip_gpg_check,
        }
    }
}
