//! Reading what `systemctl show` prints.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nix::time::{ClockId, clock_gettime};

use crate::host::UnitState;

/// What is asked for.
pub(super) const PROPERTIES: &str =
    "UnitFileState,ActiveState,NeedDaemonReload,InactiveExitTimestampMonotonic";

/// One state for each name, in the order asked for: systemd answers in that order, a blank line apart.
pub(super) fn parse_units(text: &str, names: &[&str]) -> Vec<UnitState> {
    let mut blocks = text.split("\n\n").map(parse_unit);
    names.iter().map(|_| blocks.next().unwrap_or_default()).collect()
}

fn parse_unit(block: &str) -> UnitState {
    let value = |key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_default()
    };
    let state = value("ActiveState");
    UnitState {
        enabled: matches!(value("UnitFileState"), "enabled" | "enabled-runtime" | "alias"),
        active: matches!(state, "active" | "reloading" | "refreshing"),
        changing: matches!(state, "activating" | "deactivating" | "maintenance"),
        failed: state == "failed",
        stale: value("NeedDaemonReload") == "yes",
        started: started(value("InactiveExitTimestampMonotonic")),
    }
}

/// systemd prints microseconds since boot, and 0 for a unit that never ran. Whole seconds, its other
/// format, are too coarse to tell whether a file was written before a start or after it.
fn started(microseconds: &str) -> Option<Timestamp> {
    let then = Duration::from_micros(microseconds.parse().ok().filter(|count| *count > 0)?);
    let boot_clock = Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC).ok()?);
    let ago = SignedDuration::try_from(boot_clock.checked_sub(then)?).ok()?;
    Timestamp::now().checked_sub(ago).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_told_apart() {
        let text = "UnitFileState=enabled\nActiveState=active\nNeedDaemonReload=yes\n\
            InactiveExitTimestampMonotonic=1\n\n\
            UnitFileState=\nActiveState=inactive\nNeedDaemonReload=no\n\
            InactiveExitTimestampMonotonic=0\n";
        let units = parse_units(text, &["a.service", "b.service"]);
        assert!(units[0].enabled && units[0].active && units[0].stale && !units[0].changing);
        assert!(units[0].started.is_some_and(|started| started < Timestamp::now()));
        assert_eq!(units[1], UnitState::default());
    }

    #[test]
    fn a_unit_on_its_way_neither_runs_nor_rests() {
        for state in ["activating", "deactivating"] {
            let unit = parse_unit(&format!("ActiveState={state}\n"));
            assert!(unit.changing && !unit.active && !unit.failed, "{state}");
        }
    }
}
