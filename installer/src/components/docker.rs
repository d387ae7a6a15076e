//! Docker: kept where one is, taken from the first source that has it where none is.

use distro_matrix::{Distro, DockerOrigin, DockerRepository};

use super::docker_repository::repository;
use super::{drop_in_folder, proxy_drop_in, proxy_file};
use crate::cli::DockerSource;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::plan::{Item, item};
use crate::step::{AddRepository, Await, ReadPackageLists, Step, Unit};

const BRIDGE_SECONDS: u64 = 30;

pub(crate) fn steps(facts: &Facts, config: &Config, distro: &Distro) -> [Item; 1] {
    let unit = &distro.packages.docker_unit;
    let proxied = config.proxy.is_some() && is_ours(facts, distro);
    let reads = if proxied { vec![proxy_file(unit)] } else { Vec::new() };
    [item(
        "the ECS agent is a container, so Docker runs, now and after every boot",
        Step::Unit(Unit { unit: unit.clone(), reads }),
    )]
}

/// Before Docker is installed, so that it knows the proxy from its first start on; later for one that an
/// earlier run brought. A Docker that was here before keeps its own ways: it would have to be restarted,
/// with all that runs in it.
pub(crate) fn proxy(facts: &Facts, config: &Config, distro: &Distro) -> Vec<Item> {
    let Some(proxy) = config.proxy.as_ref().filter(|_| is_ours(facts, distro)) else { return Vec::new() };
    let unit = &distro.packages.docker_unit;
    vec![
        drop_in_folder(unit, true),
        proxy_drop_in(unit, "Docker fetches the images of tasks, through the proxy too", proxy),
    ]
}

/// Whether Landfall brings Docker, or an earlier run did.
fn is_ours(facts: &Facts, distro: &Distro) -> bool {
    facts.docker_brought || !(is_package(facts, distro) || is_engine(facts))
}

pub(crate) fn bridge() -> [Item; 1] {
    [item(
        "the machine's fingerprint counts its network interfaces, so Docker's bridge is there before it is taken",
        Step::Await(Await::DockerBridge { seconds: BRIDGE_SECONDS }),
    )]
}

/// Whether a Docker is here that the ECS agent's package accepts: podman's look-alike is none. Where that
/// package demands none, Docker's engine is one however it came.
pub(crate) fn is_there(facts: &Facts, distro: &Distro) -> bool {
    let as_package = distro.packages.docker_accepted.iter().any(|name| facts.has_package(name));
    as_package || (!distro.packages.agents_demand_docker && is_engine(facts))
}

/// Whether what answers on Docker's socket is Docker.
pub(crate) fn is_engine(facts: &Facts) -> bool {
    facts.docker.as_ref().is_some_and(|docker| docker.engine)
}

/// Whether the Docker here came as a package; one that dpkg was interrupted at may run all the same.
pub(crate) fn is_package(facts: &Facts, distro: &Distro) -> bool {
    let unfinished = |name| facts.unfinished_packages.contains(name);
    is_there(facts, distro) || distro.packages.docker_accepted.iter().any(unfinished)
}

/// A source's Docker.
pub(crate) struct Offer {
    /// Its packages.
    pub(crate) names: Vec<String>,
    /// What it conflicts with.
    conflicts: Vec<String>,
    /// The repository to add for it.
    repository: Option<AddRepository>,
}

/// Where Docker may come from, best first; from nowhere where it is here already. Nothing is ever
/// removed to make room for Docker, so a source that something is in the way of does not count, and what is in
/// the way of all is the user's to remove.
pub(crate) fn offers(facts: &Facts, config: &Config, distro: &Distro) -> Result<Vec<Offer>> {
    if is_there(facts, distro) {
        return Ok(Vec::new());
    }
    let mut offers = sources(facts, config, distro)?;
    let in_the_way = |offer: &Offer| offer.conflicts.iter().find(|name| facts.has_package(name)).cloned();
    let conflict = offers.first().and_then(|offer| Some((in_the_way(offer)?, offer.names.join(" "))));
    offers.retain(|offer| in_the_way(offer).is_none());
    match conflict {
        Some((name, names)) if offers.is_empty() => {
            Err(Error::refused(format!("the package {name} is installed, and {names} conflicts with it"))
                .hint(format!(
                    "remove it ('{} remove {name}'), or install one of {} by yourself; then run again",
                    distro.packages.manager.program(),
                    distro.packages.docker_accepted.join(", ")
                )))
        }
        _ => Ok(offers),
    }
}

fn sources(facts: &Facts, config: &Config, distro: &Distro) -> Result<Vec<Offer>> {
    match config.docker {
        DockerSource::None => Ok(Vec::new()),
        DockerSource::Distro if distro.packages.docker.is_empty() => {
            Err(Error::refused(format!("{} has no Docker of its own that would do", distro.name))
                .hint("leave --docker-install-source out: Docker then comes from Docker's own repository"))
        }
        DockerSource::Distro => Ok(vec![distribution(distro)]),
        DockerSource::Docker => match &distro.packages.docker_repository {
            Some(found) => Ok(vec![own_repository(facts, config, distro, found)?]),
            None => Err(Error::refused(format!("Docker has no repository for {}", distro.name))
                .hint("leave --docker-install-source out, or install Docker first")),
        },
        // A second choice that this machine cannot have is none.
        DockerSource::All => Ok(distro
            .packages
            .docker_sources
            .iter()
            .filter_map(|origin| match origin {
                DockerOrigin::Distro => Some(distribution(distro)),
                DockerOrigin::Docker => {
                    let found = distro.packages.docker_repository.as_ref()?;
                    own_repository(facts, config, distro, found).ok()
                }
            })
            .collect()),
    }
}

fn distribution(distro: &Distro) -> Offer {
    let packages = &distro.packages;
    Offer { names: packages.docker.clone(), conflicts: packages.docker_conflicts.clone(), repository: None }
}

fn own_repository(
    facts: &Facts,
    config: &Config,
    distro: &Distro,
    found: &DockerRepository,
) -> Result<Offer> {
    Ok(Offer {
        names: found.packages.clone(),
        conflicts: found.conflicts.clone(),
        repository: Some(repository(facts, config, distro, found)?),
    })
}

/// What has to be done so that the package manager has the packages of these offers: for a second choice, only
/// where it does not have the first.
pub(crate) fn prepare(offers: &[Offer], config: &Config, distro: &Distro) -> Vec<Item> {
    let mut items = Vec::new();
    let mut unless: Vec<String> = Vec::new();
    for offer in offers {
        if let Some(repository) = &offer.repository {
            let mut why =
                "Docker comes from Docker's own repository, and only what its pinned key signed".to_owned();
            if !unless.is_empty() {
                let until = distro.packages.docker_accepted.clone();
                items.push(item(
                    format!("whether {} can be had decides where Docker comes from", unless.join(" ")),
                    Step::ReadPackageLists(ReadPackageLists {
                        until,
                        manager: distro.packages.manager,
                        lock_seconds: config.lock_seconds,
                    }),
                ));
                why = format!("where {} cannot be had, {why}", unless.join(" "));
            }
            let add = AddRepository { unless: unless.clone(), ..repository.clone() };
            items.push(item(why, Step::AddRepository(add)));
        }
        unless.extend(offer.names.iter().cloned());
    }
    items
}
