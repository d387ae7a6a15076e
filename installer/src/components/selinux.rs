//! SELinux: ECS Anywhere does not support it where it enforces. It is never switched off unasked.

use crate::config::Config;
use crate::facts::Facts;
use crate::plan::{Item, item};
use crate::step::{Selinux, Step};

pub(crate) fn steps(facts: &Facts, config: &Config) -> Option<Item> {
    let enforces = facts.security.enforces() || facts.security.enforces_at_boot();
    (enforces && config.selinux.is_some()).then(|| {
        item(
            "ECS Anywhere does not support SELinux where it enforces, and letting it only tell was asked for",
            Step::Selinux(Selinux {}),
        )
    })
}
