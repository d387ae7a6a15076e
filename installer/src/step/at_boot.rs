//! Have systemd start units at every boot, and leave them as they are until then.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Before, Leftovers, units};
use crate::error::Result;
use crate::host::Host;

/// Units that start at every boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtBoot {
    /// Their full names.
    pub units: Vec<String>,
}

impl AtBoot {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let now = units::look(host, &self.units)?;
        let enabled = units::those(&self.units, &now, |it| it.enabled);
        let done = enabled.len() == self.units.len();
        let active = units::those(&self.units, &now, units::is_at_work);
        let owned = |names: Vec<&String>| names.into_iter().cloned().collect();
        Ok((!done).then(|| Before::AtBoot { enabled: owned(enabled), active: owned(active) }))
    }

    pub(super) fn apply(&self, host: &mut dyn Host) -> Result<()> {
        let now = units::look(host, &self.units)?;
        units::enable(host, &units::those(&self.units, &now, |it| !it.enabled))
    }

    /// Whether it decides that there is something to start.
    pub(super) fn is_told_by(&self, path: &Path) -> bool {
        self.units.iter().any(|unit| path == units::file(unit))
    }

    pub(super) fn undo(&self, host: &mut dyn Host, before: &Before) -> Result<Leftovers> {
        let Before::AtBoot { enabled, active } = before else { return Ok(Leftovers::new()) };
        units::put_back(host, &self.units, enabled, active)
    }
}
