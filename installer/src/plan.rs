//! From facts and choices to an ordered list of steps, each with its reason. Pure.
//!
//! The order is the design: gates first, so that no package script or preset starts an agent that
//! has no identity; then packages, Docker and the credentials endpoint; registration last and alone,
//! because it cannot be taken back.

use distro_matrix::{Distro, Support};
use serde::{Deserialize, Serialize};

use crate::cli::DockerSource;
use crate::components::{credentials_endpoint, docker, ecs_agent, landfall, packages, ssm_agent};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::step::Step;

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Everything but an identity.
    Install,
    /// An identity for an installed machine.
    Register,
    /// Both.
    Up,
}

/// What to do, in order.
pub type Plan = Vec<Item>;

/// A step and its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// A sentence that says why.
    pub why: String,
    /// The step.
    #[serde(flatten)]
    pub step: Step,
}

/// Joins a reason and a step.
pub(crate) fn item(why: impl Into<String>, step: Step) -> Item {
    Item { why: why.into(), step }
}

/// Decides what to do.
///
/// # Errors
/// When this machine, or this combination of choices, is not supported. Nothing was touched then.
pub fn plan(facts: &Facts, config: &Config, distro: &Distro, goal: Goal) -> Result<Plan> {
    refuse_unsupported(facts, distro)?;
    refuse_conflicts(facts, config, distro, goal)?;
    let mut plan = Plan::new();
    if facts.registration.is_some() {
        plan.extend(ssm_agent::takeover(config));
    }
    if goal != Goal::Register {
        plan.extend(landfall::steps());
        plan.extend(ssm_agent::gate());
        plan.extend(ecs_agent::gate());
        plan.extend(ssm_agent::proxy(config));
        plan.extend(docker::proxy(facts, config, distro));
        plan.extend(ssm_agent::configuration(config));
        plan.extend(ecs_agent::configuration(config));
        plan.extend(credentials_endpoint::persistence());
        plan.extend(packages::steps(facts, config, distro)?);
    } else if config.proxy.is_some() {
        plan.extend(ssm_agent::late_proxy(config));
        plan.extend(ecs_agent::configuration(config));
    }
    plan.extend(docker::steps(facts, config, distro));
    if goal != Goal::Register {
        plan.extend(credentials_endpoint::steps());
    }
    match goal {
        Goal::Install => {
            plan.extend(ssm_agent::at_boot());
            plan.extend(ecs_agent::at_boot());
        }
        Goal::Register | Goal::Up => {
            plan.extend(docker::bridge());
            plan.extend(ssm_agent::registration(config));
            plan.extend(ecs_agent::start(config));
        }
    }
    Ok(plan)
}

/// The release that the facts name.
///
/// # Errors
/// When the matrix does not know it.
pub fn distro(facts: &Facts) -> Result<Distro> {
    let os = &facts.os;
    distro_matrix::find(&os.id, &os.version_id).ok_or_else(|| {
        let known: Vec<String> = distro_matrix::all().into_iter().map(|distro| distro.name).collect();
        let called = if os.pretty_name.is_empty() { "a system without a name" } else { &os.pretty_name };
        Error::refused(format!(
            "this is {called} (ID '{}', VERSION_ID '{}'), which is not supported",
            os.id, os.version_id
        ))
        .hint(format!("supported are: {}", known.join(", ")))
    })
}

fn refuse_unsupported(facts: &Facts, distro: &Distro) -> Result<()> {
    if distro.support == Support::Refused {
        return Err(Error::refused(format!("{} is not supported", distro.name)));
    }
    let Some(architecture) = distro.architectures.get(&facts.kernel_architecture) else {
        let known: Vec<&str> = distro.architectures.keys().map(String::as_str).collect();
        return Err(Error::refused(format!(
            "the architecture {} is not supported",
            facts.kernel_architecture
        ))
        .hint(format!("{} is supported on {}", distro.name, known.join(" and "))));
    };
    if let Some(userland) = facts.userland_architecture.as_ref().filter(|it| *it != architecture) {
        return Err(Error::refused(format!(
            "the kernel is {}, but the system's programs are {userland}",
            facts.kernel_architecture
        ))
        .hint("the agents exist for 64-bit systems only: install a 64-bit system"));
    }
    if !facts.systemd {
        return Err(Error::refused("systemd does not run here")
            .hint("the agents are systemd services: run this on a booted system, not in a chroot"));
    }
    Ok(())
}

fn refuse_conflicts(facts: &Facts, config: &Config, distro: &Distro, goal: Goal) -> Result<()> {
    if let Some(found) = facts.registration.as_ref().filter(|found| found.region != config.region) {
        return Err(Error::refused(format!(
            "this machine is registered in {} as {}, not in {}",
            found.region, found.instance_id, config.region
        ))
        .hint(format!(
            "run with --region {}; to leave it, 'landfall uninstall', and where the identity was here before \
             Landfall also 'amazon-ssm-agent -register -clear'",
            found.region
        )));
    }
    let other = facts.ecs_agent.as_ref().map(|agent| &agent.cluster);
    if let (Some(wanted), Some(other)) =
        (&config.cluster, other.filter(|it| Some(*it) != config.cluster.as_ref()))
    {
        return Err(Error::refused(format!(
            "the ECS agent here belongs to the cluster {other}, not to {wanted}"
        ))
        .hint("an instance belongs to one cluster: 'landfall uninstall' first; where the cluster was joined before Landfall, stop ecs and remove /var/lib/ecs/data/agent.db"));
    }
    if config.docker == DockerSource::None && !docker::is_there(facts, distro) {
        return Err(Error::refused("there is no Docker here, and it may come from nowhere")
            .hint("install Docker first, or leave --docker-install-source out"));
    }
    if facts.docker.as_ref().is_some_and(|docker| docker.engine) && !docker::is_package(facts, distro) {
        return Err(Error::refused(
            "the Docker here did not come as a package, and the ECS agent's package demands one",
        )
        .hint(format!("install one of {} in its place", distro.packages.docker_accepted.join(", "))));
    }
    docker::refuse_conflicting(facts, distro)?;
    packages::refuse_old_versions(facts, config, distro)?;
    let installed = facts.has_package("amazon-ssm-agent") && facts.has_package("amazon-ecs-init");
    if goal == Goal::Register && !installed {
        return Err(Error::refused("the agents are not installed yet")
            .hint("'landfall install' first, or 'landfall up' for both"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
