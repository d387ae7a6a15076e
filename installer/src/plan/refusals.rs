//! Machines and combinations of choices for which there is no plan, each under its stable code.

use distro_matrix::Distro;

use super::Goal;
use crate::cli::DockerSource;
use crate::components::{docker, packages};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::findings::Code;
use crate::recognition;

/// Everything that speaks against a plan, the gravest first.
#[must_use]
pub fn refusals(facts: &Facts, config: &Config, distro: &Distro, goal: Goal) -> Vec<(Code, Error)> {
    let asked = [
        (Code::ReleaseUnsupported, recognition::refusal(distro).map_or(Ok(()), Err)),
        (Code::ArchitectureUnsupported, architecture(facts, distro)),
        (Code::NoSystemd, systemd(facts)),
        (Code::OtherRegion, region(facts, config)),
        (Code::OtherCluster, cluster(facts, config)),
        (Code::DockerMissing, no_docker(facts, config, distro)),
        (Code::DockerNotPackage, docker_package(facts, distro)),
        (Code::DockerConflict, docker::offers(facts, config, distro).map(|_| ())),
        (Code::OldVersion, packages::refuse_old_versions(facts, config, distro)),
        (Code::WrongPackageFormat, package_format(config, distro)),
        (Code::NotInstalled, installed(facts, goal)),
    ];
    asked.into_iter().filter_map(|(code, answer)| Some((code, answer.err()?))).collect()
}

fn architecture(facts: &Facts, distro: &Distro) -> Result<()> {
    let Some(architecture) = distro.architectures.get(&facts.kernel_architecture) else {
        let known: Vec<&str> = distro.architectures.keys().map(String::as_str).collect();
        return Err(Error::refused(format!(
            "the architecture {} is not supported",
            facts.kernel_architecture
        ))
        .hint(format!("{} is supported on {}", distro.name, known.join(" and "))));
    };
    // In the package manager's words, or in the kernel's.
    let is_right = |userland: &&String| *userland == architecture || **userland == facts.kernel_architecture;
    if let Some(userland) = facts.userland_architecture.as_ref().filter(|it| !is_right(it)) {
        return Err(Error::refused(format!(
            "the kernel is {}, but the system's programs are {userland}",
            facts.kernel_architecture
        ))
        .hint("the agents exist for 64-bit systems only: install a 64-bit system"));
    }
    Ok(())
}

fn systemd(facts: &Facts) -> Result<()> {
    if facts.systemd {
        return Ok(());
    }
    Err(Error::refused("systemd does not run here")
        .hint("the agents are systemd services: run this on a booted system, not in a chroot"))
}

fn region(facts: &Facts, config: &Config) -> Result<()> {
    let Some(found) = facts.registration.as_ref().filter(|found| found.region != config.region) else {
        return Ok(());
    };
    Err(Error::refused(format!(
        "this machine is registered in {} as {}, not in {}",
        found.region, found.instance_id, config.region
    ))
    .hint(format!(
        "run with --region {}; to leave it, 'landfall uninstall', and where the identity was here before \
         Landfall also 'amazon-ssm-agent -register -clear'",
        found.region
    )))
}

fn cluster(facts: &Facts, config: &Config) -> Result<()> {
    let other = facts.ecs_agent.as_ref().map(|agent| &agent.cluster);
    match (&config.cluster, other.filter(|it| Some(*it) != config.cluster.as_ref())) {
        (Some(wanted), Some(other)) => Err(Error::refused(format!(
            "the ECS agent here belongs to the cluster {other}, not to {wanted}"
        ))
        .hint("an instance belongs to one cluster: 'landfall uninstall' first; where the cluster was joined before Landfall, stop ecs and remove /var/lib/ecs/data/agent.db")),
        _ => Ok(()),
    }
}

fn no_docker(facts: &Facts, config: &Config, distro: &Distro) -> Result<()> {
    if config.docker != DockerSource::None || docker::is_there(facts, distro) {
        return Ok(());
    }
    Err(Error::refused("there is no Docker here, and it may come from nowhere")
        .hint("install Docker first, or leave --docker-install-source out"))
}

fn docker_package(facts: &Facts, distro: &Distro) -> Result<()> {
    let demanded = distro.packages.agents_demand_docker;
    if !demanded || !docker::is_engine(facts) || docker::is_package(facts, distro) {
        return Ok(());
    }
    Err(Error::refused("the Docker here did not come as a package, and the ECS agent's package demands one")
        .hint(format!("install one of {} in its place", distro.packages.docker_accepted.join(", "))))
}

fn package_format(config: &Config, distro: &Distro) -> Result<()> {
    let format = distro.packages.agents;
    let Some(flag) = config.sources.wrong_package(format) else { return Ok(()) };
    let ending = format.ending();
    Err(Error::refused(format!("{flag} was given, and {} takes .{ending} packages", distro.name))
        .hint(format!("name the ECS agent's package for it with --{ending}-url")))
}

fn installed(facts: &Facts, goal: Goal) -> Result<()> {
    let installed = facts.has_package("amazon-ssm-agent") && facts.has_package("amazon-ecs-init");
    if goal != Goal::Register || installed {
        return Ok(());
    }
    Err(Error::refused("the agents are not installed yet")
        .hint("'landfall install' first, or 'landfall up' for both"))
}
