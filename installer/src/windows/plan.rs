//! From facts and choices to an ordered list of steps on Windows, each with its reason. Pure.
//!
//! The order is the design, as on Linux: what may ask for a restart first; then what installs, with the SSM agent held
//! back; registration alone, because it cannot be taken back; the ECS agent last, because AWS's module starts it when it
//! brings it.

use crate::config::Config;
use crate::error::Result;
use crate::plan::{Goal, Item, item};

use super::components::{artifacts, containers, docker, ecs_agent, landfall, ssm_agent};
use super::facts::Facts;
use super::findings::refusals;
use super::places::{OF_THE_AGENTS, OF_THE_VENDOR};
use super::step::{Pin, Step};
use distro_matrix::Distro;

/// What to do, in order.
pub type Plan = Vec<Item<Step>>;

/// What a plan for Windows needs to know beside the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The choices that a run after a restart goes on with.
    pub after_restart: String,
    /// The sum that the SSM agent's installer must have.
    pub pin: Option<Pin>,
}

/// Decides what to do.
///
/// # Errors
/// When this machine, or this combination of choices, is not supported. Nothing was touched then.
pub fn plan(facts: &Facts, config: &Config, distro: &Distro, goal: Goal, told: &Told) -> Result<Plan> {
    if let Some((_, refusal)) = refusals(facts, config, distro, goal).into_iter().next() {
        return Err(refusal);
    }
    let mut plan = Plan::new();
    if goal != Goal::Register {
        plan.extend(landfall::steps());
        plan.extend(containers::steps(facts, &told.after_restart));
        plan.extend(agents_folders());
        plan.extend(artifacts::module(config));
        plan.extend(docker::steps(facts, config));
        plan.extend(ssm_agent::steps(facts, config, told.pin.clone()));
        plan.extend(artifacts::exec(config));
    }
    plan.extend(ecs_agent::configuration(config));
    if goal != Goal::Install {
        plan.extend(ssm_agent::registration(config));
        plan.extend(ecs_agent::start(facts, config));
    }
    Ok(plan)
}

fn agents_folders() -> [Item<Step>; 2] {
    let folders = |paths: &[&str], only_if_empty| {
        let paths = paths.iter().map(std::path::PathBuf::from).collect();
        Step::Folders(crate::step::Folders { paths, mode: 0o755, only_if_empty })
    };
    [
        item("other programs of Amazon's live in these folders too", folders(&OF_THE_VENDOR, true)),
        item(
            "both agents leave data in these folders that nobody ever removes",
            folders(&OF_THE_AGENTS, false),
        ),
    ]
}

#[cfg(test)]
mod tests;
