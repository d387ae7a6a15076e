//! From facts and choices to an ordered list of steps, each with its reason. Pure.
//!
//! The order is the design: gates first, so that no package script or preset starts an agent that
//! has no identity; then packages, Docker and the credentials endpoint; registration last and alone,
//! because it cannot be taken back.

use distro_matrix::Distro;
use serde::{Deserialize, Serialize};

use crate::components::{
    at_boot, credentials_endpoint, docker, ecs_agent, exec, first_boot, guard, landfall, packages, sealing,
    selinux, ssh_host_keys, ssm_agent,
};
use crate::config::Config;
use crate::error::Result;
use crate::facts::Facts;
use crate::recognition;
use crate::step::{Change, Step};

mod refusals;

pub use refusals::refusals;

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
#[serde(bound = "S: Change")]
pub struct Item<S = Step> {
    /// A sentence that says why.
    pub why: String,
    /// The step.
    #[serde(flatten)]
    pub step: S,
}

/// Joins a reason and a step.
pub(crate) fn item<S>(why: impl Into<String>, step: S) -> Item<S> {
    Item { why: why.into(), step }
}

/// Decides what to do.
///
/// # Errors
/// When this machine, or this combination of choices, is not supported. Nothing was touched then.
pub fn plan(facts: &Facts, config: &Config, distro: &Distro, goal: Goal) -> Result<Plan> {
    if let Some((_, refusal)) = refusals(facts, config, distro, goal).into_iter().next() {
        return Err(refusal);
    }
    let mut plan = Plan::new();
    if facts.registration.is_some() {
        plan.extend(ssm_agent::takeover(config));
    }
    plan.extend(selinux::steps(facts, config));
    if goal != Goal::Register {
        plan.extend(landfall::steps());
        plan.extend(guard::steps(facts));
        plan.extend(first_boot::steps(config.policy.as_ref()));
        plan.extend(ssm_agent::gate());
        plan.extend(ecs_agent::gate());
        plan.extend(ssm_agent::proxy(config));
        plan.extend(docker::proxy(facts, config, distro));
        plan.extend(ssm_agent::configuration(config));
        plan.extend(ecs_agent::configuration(facts, config, distro));
        plan.extend(credentials_endpoint::persistence());
        plan.extend(sealing::steps());
        plan.extend(ssh_host_keys::steps());
        plan.extend(at_boot::of_landfall());
        plan.extend(packages::steps(facts, config, distro)?);
        plan.extend(exec::steps(facts, config, distro)?);
    } else if config.proxy.is_some() {
        plan.extend(ssm_agent::late_proxy(config));
        plan.extend(docker::proxy(facts, config, distro));
        plan.extend(ecs_agent::configuration(facts, config, distro));
    }
    plan.extend(docker::steps(facts, config, distro));
    if goal != Goal::Register {
        plan.extend(credentials_endpoint::steps(facts));
    }
    match goal {
        Goal::Install => {
            plan.extend(at_boot::agents());
        }
        Goal::Register | Goal::Up => {
            plan.extend(docker::bridge());
            plan.extend(ssm_agent::registration(config));
            plan.extend(ecs_agent::start(config, distro));
        }
    }
    Ok(plan)
}

/// The release that the facts name: see [`recognition::distro`].
///
/// # Errors
/// When the matrix does not know it.
pub fn distro(facts: &Facts) -> Result<Distro> {
    recognition::distro(&facts.os, facts.os_release_broken.as_deref())
}

#[cfg(test)]
mod tests;
