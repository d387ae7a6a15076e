//! Docker's own repository, for a Docker that does not come from the distribution.

use distro_matrix::{Distro, DockerRepository, Format};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::step::AddRepository;

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
    let architecture = distro.architectures.get(&facts.kernel_architecture).cloned().unwrap_or_default();
    Ok(AddRepository {
        name: name(distro).into(),
        key_url: format!("{host}/{}", found.key),
        url: format!("{host}/{}", found.path.replace("{architecture}", &architecture)),
        fingerprint: fingerprint.clone(),
        suite: match distro.packages.agents {
            Format::Deb => suite(facts, found)?,
            Format::Rpm => String::new(),
        },
        component: found.component.clone().unwrap_or_default(),
        architecture,
        unless: Vec::new(),
        manager: distro.packages.manager,
        lock_seconds: config.lock_seconds,
    })
}

/// As Docker's own instructions call its files.
fn name(distro: &Distro) -> &'static str {
    match distro.packages.agents {
        Format::Deb => "docker",
        Format::Rpm => "docker-ce",
    }
}

/// It is written into a file of apt's, so it has to be a plain word.
fn suite(facts: &Facts, found: &DockerRepository) -> Result<String> {
    let name = found.suite.as_ref().unwrap_or(&facts.os.codename);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if !name.is_empty() && name.bytes().all(plain) {
        return Ok(name.clone());
    }
    Err(Error::refused(format!(
        "os-release names no release that Docker's repository could have (VERSION_CODENAME '{name}')"
    ))
    .hint("see /etc/os-release, or take the distribution's Docker with --docker-install-source distro"))
}
