//! Docker's own repository, for a Docker that does not come from the distribution.

use distro_matrix::{Distro, DockerRepository};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::step::AddRepository;

/// As Docker's own instructions call its files.
const NAME: &str = "docker";

/// The repository for this machine, from Docker's own server or the mirror that was given.
pub(crate) fn repository(
    facts: &Facts,
    config: &Config,
    distro: &Distro,
    found: &DockerRepository,
) -> Result<AddRepository> {
    let (host, fingerprint) = match &config.docker_mirror {
        Some(mirror) => (&mirror.url, &mirror.fingerprint),
        None => (&found.host, &found.fingerprint),
    };
    let url = format!("{host}/{}", found.path);
    let architecture = distro.architectures.get(&facts.kernel_architecture);
    Ok(AddRepository {
        name: NAME.into(),
        key_url: format!("{url}/{}", found.key),
        url,
        fingerprint: fingerprint.clone(),
        suite: codename(facts)?,
        component: found.component.clone(),
        architecture: architecture.cloned().unwrap_or_default(),
        unless: Vec::new(),
        lock_seconds: config.lock_seconds,
    })
}

/// It is written into a file of apt's, so it has to be a plain word.
fn codename(facts: &Facts) -> Result<String> {
    let name = &facts.os.codename;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if !name.is_empty() && name.bytes().all(plain) {
        return Ok(name.clone());
    }
    Err(Error::refused(format!(
        "os-release names no release that Docker's repository could have (VERSION_CODENAME '{name}')"
    ))
    .hint("see /etc/os-release, or take the distribution's Docker with --docker-install-source distro"))
}
