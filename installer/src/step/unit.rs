//! Enable and start, or restart, a systemd unit.
//!
//! A unit that runs is restarted when one of the files it reads is younger than its start: that is
//! how a changed configuration takes effect, also when the run that changed it was cut short.

use std::path::{Path, PathBuf};
use std::slice;

use serde::{Deserialize, Serialize};

use super::{Before, Leftovers, units};
use crate::error::Result;
use crate::host::{Command, Host, UnitState, UnitVerb};

/// A systemd unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its full name.
    pub unit: String,
    /// The files it reads at its start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<PathBuf>,
}

impl Unit {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let now = self.look(host)?;
        let done = now.enabled && now.active && !now.stale && !self.outdated(host, &now)?;
        let (enabled, active) = (now.enabled, units::is_at_work(&now));
        Ok((!done).then_some(Before::Unit { enabled, active }))
    }

    pub(super) fn apply(&self, host: &mut dyn Host) -> Result<()> {
        let now = self.look(host)?;
        // What enables a unit has systemd read all of them anew, too.
        if !now.enabled {
            units::enable(host, &[&self.unit])?;
        } else if now.stale {
            let output = host.run(&Command::ReloadUnits)?;
            units::done(&[&self.unit], &output)?;
        }
        if now.failed {
            units::tell(host, UnitVerb::ResetFailed, &[&self.unit])?;
        }
        let verb = if now.active { UnitVerb::Restart } else { UnitVerb::Start };
        units::tell(host, verb, &[&self.unit])
    }

    pub(super) fn undo(&self, host: &mut dyn Host, before: &Before) -> Result<Leftovers> {
        let Before::Unit { enabled, active } = before else { return Ok(Leftovers::new()) };
        let own = slice::from_ref(&self.unit);
        let where_so = |is_so: &bool| if *is_so { own } else { &[] };
        units::put_back(host, own, where_so(enabled), where_so(active))
    }

    /// Whether a file decides how it starts: one that it reads, or one that systemd reads for it.
    pub(super) fn is_told_by(&self, path: &Path) -> bool {
        let drop_ins = Path::new(units::FOLDER).join(format!("{}.d", self.unit));
        self.reads.iter().any(|read| read == path)
            || path == units::file(&self.unit)
            || path.starts_with(drop_ins)
    }

    fn look(&self, host: &dyn Host) -> Result<UnitState> {
        Ok(units::look(host, slice::from_ref(&self.unit))?.into_iter().next().unwrap_or_default())
    }

    fn outdated(&self, host: &dyn Host, now: &UnitState) -> Result<bool> {
        let Some(since) = now.started else { return Ok(false) };
        for path in &self.reads {
            if host.stat(path)?.is_some_and(|stat| stat.changed > since) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
