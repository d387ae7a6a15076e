//! The command line, the environment and the configuration file, declared once.
//!
//! [`Options`] is all three: a flag `--lock-timeout` is the variable `LANDFALL_LOCK_TIMEOUT` and the
//! key `lock-timeout` of `/etc/landfall/config.toml`. A test fails when they differ.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Deserialize;

use crate::secret::Secret;

/// Turns this machine into an Amazon ECS Anywhere external instance.
#[derive(Debug, Parser)]
#[command(name = "landfall", version, max_term_width = 80, disable_help_subcommand = true)]
#[command(after_help = "Exit codes: 0 done, 1 failed (run again to resume), 2 wrong usage or \
unsupported machine (nothing touched), 3 problems found.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Action,

    /// Print data as JSON on standard output
    #[arg(long, global = true, env = "LANDFALL_JSON", value_parser = clap::builder::FalseyValueParser::new())]
    pub json: bool,

    /// Read options from this file
    #[arg(long, global = true, value_name = "FILE", env = "LANDFALL_CONFIG")]
    pub config: Option<PathBuf>,
}

/// What Landfall can be asked to do.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Install, configure, register, verify
    Up(Box<Options>),
    /// Show what 'up' would do, and why; changes nothing
    Plan(Box<Options>),
    /// Everything but an identity: for golden images
    Install(Box<Options>),
    /// Give an installed machine its identity
    Register(Box<Options>),
    /// Tell how this machine stands
    Status,
    /// Put back everything that Landfall changed
    Uninstall,
    /// Wait until the SSM agent has brought credentials (used by a unit)
    #[command(hide = true)]
    WaitForCredentials {
        /// Seconds
        #[arg(long, default_value_t = 60)]
        timeout: u64,
    },
    /// Set the credentials endpoint's kernel setting and rules (used by a unit)
    #[command(hide = true)]
    CredentialsEndpoint,
}

/// What can be chosen.
#[derive(Debug, Clone, Default, Args, Deserialize)]
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
    pub activation_code: Option<Secret>,

    /// Custom attribute of the instance; may be given several times
    #[arg(long, value_name = "NAME=VALUE", env = "LANDFALL_ATTRIBUTE", value_delimiter = ',')]
    pub attribute: Vec<String>,

    /// Tag of the instance; may be given several times
    #[arg(long, value_name = "KEY=VALUE", env = "LANDFALL_TAG", value_delimiter = ',')]
    pub tag: Vec<String>,

    /// Where Docker may come from
    #[arg(long, value_name = "SOURCE", env = "LANDFALL_DOCKER_INSTALL_SOURCE")]
    pub docker_install_source: Option<DockerSource>,

    /// Version of the ECS agent instead of the latest
    #[arg(long, value_name = "VERSION", env = "LANDFALL_ECS_VERSION")]
    pub ecs_version: Option<String>,

    /// Version of the SSM agent instead of the latest
    #[arg(long, value_name = "VERSION", env = "LANDFALL_SSM_VERSION")]
    pub ssm_version: Option<String>,

    /// Address of the ECS agent's .deb, with its signature beside it as .asc
    #[arg(long, value_name = "URL", env = "LANDFALL_DEB_URL")]
    pub deb_url: Option<String>,

    /// Address of the ECS agent's .rpm, with its signature beside it as .asc
    #[arg(long, value_name = "URL", env = "LANDFALL_RPM_URL")]
    pub rpm_url: Option<String>,

    /// Armored OpenPGP certificate whose signature on the agents' packages counts besides AWS's
    #[arg(long, value_name = "FILE", env = "LANDFALL_TRUST_KEY")]
    pub trust_key: Option<PathBuf>,

    /// ECS endpoint instead of the region's own
    #[arg(long, value_name = "URL", env = "LANDFALL_ECS_ENDPOINT")]
    pub ecs_endpoint: Option<String>,

    /// Addresses to use
    #[arg(long, value_name = "FAMILY", env = "LANDFALL_IP_COMPATIBILITY")]
    pub ip_compatibility: Option<IpFamily>,

    /// Seconds to wait while another process holds the package manager's lock
    #[arg(long, value_name = "SECONDS", env = "LANDFALL_LOCK_TIMEOUT")]
    pub lock_timeout: Option<u64>,

    /// Seconds to wait for the agent to register
    #[arg(long, value_name = "SECONDS", env = "LANDFALL_AGENT_TIMEOUT")]
    pub agent_timeout: Option<u64>,

    /// With 'up': install, but do not register
    #[arg(long, env = "LANDFALL_SKIP_REGISTRATION", value_parser = clap::builder::FalseyValueParser::new())]
    pub skip_registration: bool,

    /// Register, but do not start the ECS agent
    #[arg(long, env = "LANDFALL_NO_START", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_start: bool,

    /// Not built yet: GPU support
    #[arg(long, env = "LANDFALL_ENABLE_GPU", value_parser = clap::builder::FalseyValueParser::new(), hide = true)]
    pub enable_gpu: bool,

    /// Not built yet: certificates for ECS Exec
    #[arg(long, value_name = "FILE", env = "LANDFALL_CERTS_FILE", hide = true)]
    pub certs_file: Option<PathBuf>,

    /// Refused: packages are always verified
    #[arg(long, env = "LANDFALL_SKIP_GPG_CHECK", value_parser = clap::builder::FalseyValueParser::new(), hide = true)]
    pub skip_gpg_check: bool,
}

/// Where Docker may come from, in the words of AWS's script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DockerSource {
    /// Wherever it can be had
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
#[serde(rename_all = "kebab-case")]
pub enum IpFamily {
    /// IPv4
    Ipv4,
    /// IPv6 alone
    Ipv6,
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
            docker_install_source: self.docker_install_source.or(file.docker_install_source),
            ecs_version: self.ecs_version.or(file.ecs_version),
            ssm_version: self.ssm_version.or(file.ssm_version),
            deb_url: self.deb_url.or(file.deb_url),
            rpm_url: self.rpm_url.or(file.rpm_url),
            trust_key: self.trust_key.or(file.trust_key),
            ecs_endpoint: self.ecs_endpoint.or(file.ecs_endpoint),
            ip_compatibility: self.ip_compatibility.or(file.ip_compatibility),
            lock_timeout: self.lock_timeout.or(file.lock_timeout),
            agent_timeout: self.agent_timeout.or(file.agent_timeout),
            skip_registration: self.skip_registration || file.skip_registration,
            no_start: self.no_start || file.no_start,
            enable_gpu: self.enable_gpu || file.enable_gpu,
            certs_file: self.certs_file.or(file.certs_file),
            skip_gpg_check: self.skip_gpg_check || file.skip_gpg_check,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_has_its_variable_and_its_key() {
        let command = Cli::command();
        let up = command.find_subcommand("up").expect("up is a command");
        for flag in up.get_arguments().filter_map(|arg| arg.get_long().map(|long| (arg, long))) {
            let (arg, long) = flag;
            if matches!(long, "help" | "version" | "json" | "config") {
                continue;
            }
            let variable = format!("LANDFALL_{}", long.replace('-', "_").to_uppercase());
            assert_eq!(arg.get_env().and_then(|env| env.to_str()), Some(variable.as_str()), "--{long}");
            let accepted = ["\"all\"", "\"ipv4\"", "1", "true", "[\"a=b\"]", "\"text\""]
                .iter()
                .any(|value| toml::from_str::<Options>(&format!("{long} = {value}")).is_ok());
            assert!(accepted, "the configuration file does not know '{long}'");
        }
    }

    #[test]
    fn an_unknown_key_of_the_file_is_an_error() {
        assert!(toml::from_str::<Options>("regoin = \"us-east-1\"").is_err());
    }

    #[test]
    fn every_flag_of_awss_script_is_accepted_under_its_name() {
        let script = [
            "--region",
            "--activation-id",
            "--activation-code",
            "--cluster",
            "--enable-gpu",
            "--docker-install-source",
            "--ecs-version",
            "--ecs-endpoint",
            "--skip-registration",
            "--certs-file",
            "--ip-compatibility",
            "--no-start",
            "--deb-url",
            "--rpm-url",
            "--skip-gpg-check",
        ];
        let command = Cli::command();
        let up = command.find_subcommand("up").expect("up is a command");
        let ours: Vec<String> =
            up.get_arguments().filter_map(|arg| Some(format!("--{}", arg.get_long()?))).collect();
        for flag in script {
            assert!(ours.contains(&flag.to_owned()), "{flag}");
        }
    }

    #[test]
    fn help_fits_eighty_columns() {
        let mut command = Cli::command().term_width(80);
        let up = command.find_subcommand_mut("up").expect("up is a command").clone().term_width(80);
        for mut command in [command, up] {
            let help = command.render_long_help().to_string();
            assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
        }
    }
}
