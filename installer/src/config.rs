//! What was chosen, resolved and checked: flags over environment over file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::aws::is_account;
use crate::cli::{Allowance, DockerSource, IpFamily, Options, SelinuxMode};
use crate::error::{Error, Result, While};
use crate::host::Machine;
use crate::partition::{Endpoints, is_region};
use crate::proxy::Proxy;
use crate::secret::Secret;

mod docker_mirror;
mod exec;
mod proxy;
mod secrets;
mod sources;

pub use docker_mirror::DockerMirror;
pub use secrets::activation;
pub use sources::Sources;
#[cfg(any(windows, test))]
pub(crate) use sources::sum;

pub(crate) use secrets::must_be_private;

/// The folder of a release of Landfall, without a slash at its end.
///
/// # Errors
/// When it is no address, or one without TLS.
pub fn release_address(url: &str) -> Result<String> {
    sources::address("--from", url).map(|url| url.trim_end_matches('/').to_owned())
}

/// The proxy to use, where one is.
///
/// # Errors
/// When it is none that can be.
pub fn proxy(host: &dyn Machine, options: &Options) -> Result<Option<Proxy>> {
    proxy::chosen(host, options)
}

/// Where options are read from when no other file is named.
#[cfg(unix)]
pub const FILE: &str = "/etc/landfall/config.toml";
/// Where options are read from when no other file is named.
#[cfg(windows)]
pub const FILE: &str = crate::windows::places::CONFIGURATION;
/// The systemd credential that an activation may come in.
pub const CREDENTIAL: &str = "landfall.activation";

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The region.
    pub region: String,
    /// The cluster, where one was asked for.
    pub cluster: Option<String>,
    /// The account that the identity must belong to.
    pub expect_account: Option<String>,
    /// Custom attributes.
    pub attributes: BTreeMap<String, String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Where to go on that would be refused otherwise.
    pub allow: Vec<Allowance>,
    /// Where Docker may come from.
    pub docker: DockerSource,
    /// What stands in for Docker's own server, where something does.
    pub docker_mirror: Option<DockerMirror>,
    /// The ECS agent's version, unless the latest.
    pub ecs_version: Option<String>,
    /// The SSM agent's version, unless the latest.
    pub ssm_version: Option<String>,
    /// The version of ECS Exec's programs, unless the installed one.
    pub exec_version: Option<String>,
    /// The certificates for ECS Exec, unless the system's.
    pub certs_file: Option<PathBuf>,
    /// Where the agents' packages come from.
    pub sources: Sources,
    /// Whether an older version of an agent may take the place of a newer one.
    pub allow_downgrade: bool,
    /// The ECS endpoint, unless the region's own.
    pub ecs_endpoint: Option<String>,
    /// The address family, where one was asked for.
    pub ip: Option<IpFamily>,
    /// The proxy, where one is to be used.
    pub proxy: Option<Proxy>,
    /// Whether a proxy, or none, was chosen for Landfall, whatever the environment has.
    pub proxy_is_chosen: bool,
    /// Patience with other package managers, in seconds.
    pub lock_seconds: u64,
    /// Patience with the agents, in seconds.
    pub agent_seconds: u64,
    /// Whether to leave the ECS agent alone after registration.
    pub no_start: bool,
    /// What SELinux is to be, where that was asked for.
    pub selinux: Option<SelinuxMode>,
    /// Whether tasks are to use NVIDIA GPUs.
    pub gpu: bool,
    /// The policy of first boots, as its file is to be, where one was given.
    pub policy: Option<String>,
}

impl Config {
    /// Resolves options that came from flags, environment and file.
    ///
    /// # Errors
    /// When a choice is missing, wrong, or not built yet.
    pub fn resolve(host: &dyn Machine, options: &Options) -> Result<Self> {
        let region = options.region.clone().ok_or_else(|| {
            Error::refused("no region was given").hint("give --region, such as --region eu-central-1")
        })?;
        if !is_region(&region) {
            return Err(Error::refused(format!("'{region}' is not the name of a region"))
                .hint("a region is named like eu-central-1"));
        }
        Ok(Self {
            region,
            cluster: options.cluster.clone().map(checked_cluster).transpose()?,
            expect_account: options.expect_account.clone().map(checked_account).transpose()?,
            attributes: pairs("--attribute", &options.attribute)?,
            tags: pairs("--tag", &options.tag)?,
            allow: options.allow.clone(),
            docker: options.docker_install_source.unwrap_or(DockerSource::All),
            docker_mirror: DockerMirror::resolve(options)?,
            ecs_version: options.ecs_version.clone(),
            ssm_version: options.ssm_version.clone(),
            exec_version: exec::version(options)?,
            certs_file: exec::certificates(host, options)?,
            sources: Sources::resolve(host, options)?,
            allow_downgrade: options.allow_downgrade,
            ecs_endpoint: options.ecs_endpoint.clone(),
            ip: options.ip_compatibility,
            proxy: proxy::chosen(host, options)?,
            proxy_is_chosen: options.proxy.is_some(),
            lock_seconds: options.lock_timeout.unwrap_or(600),
            agent_seconds: options.agent_timeout.unwrap_or(180),
            no_start: options.no_start,
            selinux: options.selinux,
            gpu: options.enable_gpu,
            policy: policy(host, options)?,
        })
    }

    /// How AWS is reached.
    #[must_use]
    pub fn endpoints(&self) -> Endpoints<'_> {
        Endpoints {
            region: &self.region,
            dual_stack: self.ip == Some(IpFamily::Ipv6),
            mirror: self.sources.mirror.as_deref(),
        }
    }
}

/// The options of the configuration file: of the named one, else of the usual one if it is there.
///
/// # Errors
/// When a named file is missing, or the file is not understood.
pub fn file(host: &dyn Machine, named: Option<&Path>) -> Result<Options> {
    let path = named.unwrap_or(Path::new(FILE));
    let Some(content) = host.read(path)? else {
        return match named {
            Some(path) => Err(Error::refused(format!("there is no file {}", path.display()))
                .hint("see what --config or LANDFALL_CONFIG names")),
            None => Ok(Options::default()),
        };
    };
    let content = Secret::of_file(content, path)?;
    let options: Options = toml::from_str(content.expose()).map_err(|e| {
        let place = e.span().map_or(1, |span| content.expose()[..span.start].matches('\n').count() + 1);
        Error::refused(format!("{} line {place}: {}", path.display(), e.message()))
            .hint("every flag of 'landfall up --help' is a key of this file, without its dashes")
    })?;
    if options.activation_code.is_some() {
        must_be_private(host, path)?;
    }
    Ok(options)
}

pub(crate) fn policy(host: &dyn Machine, options: &Options) -> Result<Option<String>> {
    let Some(path) = &options.policy else { return Ok(None) };
    let text = text(host, path, "--policy")?;
    crate::first_boot::policy::parse(&text, path)?;
    Ok(Some(text))
}

fn checked_cluster(name: String) -> Result<String> {
    let fine = !name.is_empty()
        && name.len() <= 255
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if fine {
        return Ok(name);
    }
    Err(Error::refused(format!("'{name}' is not the name of a cluster"))
        .hint("a name has up to 255 letters, figures, hyphens and underscores; give the name, not the ARN"))
}

fn checked_account(id: String) -> Result<String> {
    if is_account(&id) {
        return Ok(id);
    }
    Err(Error::refused(format!("'{id}' is not the number of an account")).hint(
        "--expect-account takes the twelve figures that 'aws sts get-caller-identity' prints as Account",
    ))
}

fn pairs(flag: &str, texts: &[String]) -> Result<BTreeMap<String, String>> {
    let pair =
        |text: &String| match text.split_once('=') {
            Some((name, value)) if !name.is_empty() && !text.contains(['\n', '\r']) => {
                Ok((name.to_owned(), value.to_owned()))
            }
            _ => Err(Error::refused(format!("{flag} '{text}' is not a pair"))
                .hint(format!("write {flag} NAME=VALUE"))),
        };
    texts.iter().map(pair).collect()
}

fn text(host: &dyn Machine, path: &Path, flag: &str) -> Result<String> {
    let content =
        host.read(path).while_doing(|| format!("reading the file of {flag}"))?.ok_or_else(|| {
            Error::refused(format!("there is no file {}", path.display())).hint(format!("see {flag}"))
        })?;
    String::from_utf8(content).map_err(|_| {
        Error::refused(format!("the file of {flag}, {}, is not text", path.display()))
            .hint("it is read as text: a key is armored by 'gpg --armor --export FINGERPRINT', certificates are PEM")
    })
}

#[cfg(test)]
mod tests;
