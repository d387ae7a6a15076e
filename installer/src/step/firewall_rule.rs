//! Add a firewall rule, now; Landfall's unit adds it again at each boot.

use super::{Before, Leftovers};
use crate::error::{Error, Result};
use crate::host::{Command, Host, Rule};

pub(super) fn check(rule: &Rule, host: &dyn Host) -> Result<Option<Before>> {
    Ok((!host.has_rule(rule)?).then_some(Before::Nothing))
}

pub(super) fn apply(rule: &Rule, host: &mut dyn Host) -> Result<()> {
    let output = host.run(&Command::AddRule(rule.clone()))?;
    if output.ok() {
        return Ok(());
    }
    Err(Error::failed(format!("iptables refused the rule '{rule}': {}", output.tail()))
        .hint("see that the kernel's nat table works: 'iptables -t nat -S'"))
}

/// Deletes the rule if it is there still: the ECS agent deletes an identical one when it stops.
pub(super) fn undo(rule: &Rule, host: &mut dyn Host) -> Result<Leftovers> {
    if !host.has_rule(rule)? {
        return Ok(Leftovers::new());
    }
    let output = host.run(&Command::DeleteRule(rule.clone()))?;
    if output.ok() {
        return Ok(Leftovers::new());
    }
    Err(Error::failed(format!("iptables kept the rule '{rule}': {}", output.tail()))
        .hint("see 'iptables -t nat -S', and run again"))
}
