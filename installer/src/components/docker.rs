//! Docker: kept where a healthy one is, taken from the distribution where none is.

use distro_matrix::Distro;

use super::{drop_in_folder, proxy_drop_in, proxy_file};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::plan::{Item, item};
use crate::step::{Await, Step, Unit};

const BRIDGE_SECONDS: u64 = 30;

pub(crate) fn steps(facts: &Facts, config: &Config, distro: &Distro) -> [Item; 1] {
    let unit = &distro.packages.docker_unit;
    let proxied = config.proxy.is_some() && is_ours(facts, distro);
    let reads = if proxied { vec![proxy_file(unit)] } else { Vec::new() };
    [item(
        "the ECS agent is a container, so Docker runs, now and after every boot",
        Step::Unit(Unit { unit: unit.clone(), start: true, reads }),
    )]
}

/// Before Docker is installed, so that it knows the proxy from its first start on. A Docker that was
/// here before keeps its own ways: it would have to be restarted, with all that runs in it.
pub(crate) fn proxy(facts: &Facts, config: &Config, distro: &Distro) -> Vec<Item> {
    let Some(proxy) = config.proxy.as_ref().filter(|_| is_ours(facts, distro)) else { return Vec::new() };
    let unit = &distro.packages.docker_unit;
    vec![
        drop_in_folder(unit, true),
        proxy_drop_in(unit, "Docker fetches the images of tasks, through the proxy too", proxy),
    ]
}

/// Whether Landfall brings Docker, or once did and told it of a proxy.
fn is_ours(facts: &Facts, distro: &Distro) -> bool {
    !is_package(facts, distro) || facts.docker_proxied
}

pub(crate) fn bridge() -> [Item; 1] {
    [item(
        "the machine's fingerprint counts its network interfaces, so Docker's bridge is there before it is taken",
        Step::Await(Await::DockerBridge { seconds: BRIDGE_SECONDS }),
    )]
}

/// Whether a Docker is here that the ECS agent's package accepts: podman's look-alike is none.
pub(crate) fn is_there(facts: &Facts, distro: &Distro) -> bool {
    distro.packages.docker_accepted.iter().any(|name| facts.has_package(name))
}

/// Whether the Docker here came as a package; one that dpkg was interrupted at may run all the same.
pub(crate) fn is_package(facts: &Facts, distro: &Distro) -> bool {
    let unfinished = |name| facts.unfinished_packages.contains(name);
    is_there(facts, distro) || distro.packages.docker_accepted.iter().any(unfinished)
}

/// Nothing is ever removed to make room for Docker, so what is in its way is the user's to remove.
pub(crate) fn refuse_conflicting(facts: &Facts, distro: &Distro) -> Result<()> {
    let in_the_way = distro.packages.docker_conflicts.iter().find(|name| facts.has_package(name));
    match in_the_way {
        Some(name) if !is_there(facts, distro) => Err(Error::refused(format!(
            "the package {name} is installed, and {} conflicts with it",
            distro.packages.docker.join(" ")
        ))
        .hint(format!(
            "remove it ('apt-get remove {name}'), or install one of {} by yourself; then run again",
            distro.packages.docker_accepted.join(", ")
        ))),
        _ => Ok(()),
    }
}

/// The packages that bring Docker, unless it is here.
pub(crate) fn packages(facts: &Facts, distro: &Distro) -> Vec<String> {
    if is_there(facts, distro) { Vec::new() } else { distro.packages.docker.clone() }
}
