//! What starts at every boot without being started now.

use super::{ecs_agent, first_boot, guard, ssh_host_keys, ssm_agent};
use crate::plan::{Item, item};
use crate::step::{AtBoot, Step};

/// Before there is an agent.
pub(crate) fn of_landfall() -> [Item; 1] {
    enabled(
        "at every boot a copy is told of, also where no agent starts, an image begins to get its identity, and host keys \
         are made before the SSH server starts",
        &[guard::UNIT, first_boot::UNIT, ssh_host_keys::UNIT],
    )
}

pub(crate) fn agents() -> [Item; 1] {
    enabled(
        "a registered machine brings its identity up, and takes part in its cluster, after every boot",
        &[ssm_agent::UNIT, ecs_agent::UNIT],
    )
}

/// The one of Amazon ECS, where it is not to start now.
pub(crate) fn ecs_agent() -> [Item; 1] {
    enabled("a registered machine takes part in its cluster after every boot", &[ecs_agent::UNIT])
}

fn enabled(why: &str, units: &[&str]) -> [Item; 1] {
    let units = units.iter().map(|&unit| unit.to_owned()).collect();
    [item(why, Step::AtBoot(AtBoot { units }))]
}
