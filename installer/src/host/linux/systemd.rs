//! Reading what `systemctl show` prints.

use jiff::Timestamp;

use crate::host::UnitState;

/// What is asked for.
pub(super) const PROPERTIES: &str =
    "Id,Names,LoadState,UnitFileState,ActiveState,SubState,Result,NeedDaemonReload,ActiveEnterTimestamp";

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
        exists: value("LoadState") == "loaded",
        enabled: matches!(value("UnitFileState"), "enabled" | "enabled-runtime" | "alias"),
        active: matches!(state, "active" | "reloading"),
        failing: state == "failed" || value("SubState") == "auto-restart",
        stale: value("NeedDaemonReload") == "yes",
        active_since: since(value("ActiveEnterTimestamp")),
    }
}

/// systemd prints `@seconds` when asked for unix time, and nothing for a unit that never ran.
fn since(text: &str) -> Option<Timestamp> {
    Timestamp::from_second(text.strip_prefix('@')?.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_told_apart() {
        let text = "Id=a.service\nLoadState=loaded\nUnitFileState=enabled\nActiveState=active\nSubState=running\n\
            NeedDaemonReload=yes\nActiveEnterTimestamp=@1700000000\n\n\
            Id=b.service\nLoadState=not-found\nUnitFileState=\nActiveState=inactive\nSubState=dead\nNeedDaemonReload=no\n";
        let units = parse_units(text, &["a.service", "b.service"]);
        assert!(units[0].exists && units[0].enabled && units[0].active && units[0].stale);
        assert_eq!(units[0].active_since, Timestamp::from_second(1_700_000_000).ok());
        assert_eq!(units[1], UnitState::default());
    }
}
