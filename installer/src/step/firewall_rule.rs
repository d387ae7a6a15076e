//! A single firewall rule, as earlier versions of Landfall added them: known so that their receipts can be
//! taken back. No plan holds one any more.

use super::Leftovers;
use crate::error::{Error, Result};
use crate::host::{Command, Host, Rule};

/// More copies than this are no agent's doing.
const MOST_COPIES: usize = 64;

/// Deletes every copy that is there still: the ECS agent appends identical rules at each start, and
/// deletes one of each when it is stopped, but none when it is killed.
pub(super) fn undo(rule: &Rule, host: &mut dyn Host) -> Result<Leftovers> {
    let hint = format!("see 'iptables -t {} -S'", rule.table);
    for _ in 0..MOST_COPIES {
        if !host.has_rule(rule)? {
            return Ok(Leftovers::new());
        }
        let output = host.run(&Command::DeleteRule(rule.clone()))?;
        if !output.ok() {
            let kept = format!("iptables kept the rule '{rule}': {}", output.tail());
            return Err(Error::failed(kept).hint(hint));
        }
    }
    if host.has_rule(rule)? {
        let what = format!("the rule '{rule}' is there still after {MOST_COPIES} copies were deleted");
        return Err(Error::failed(what).hint(hint));
    }
    Ok(Leftovers::new())
}
