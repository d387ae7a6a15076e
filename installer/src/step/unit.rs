//! Enable, start or restart a systemd unit.
//!
//! A unit that runs is restarted when one of the files it reads is younger than its start: that is
//! how a changed configuration takes effect, also when the run that changed it was cut short.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Before, Leftovers};
use crate::durable;
use crate::error::{Error, Result};
use crate::host::{Command, Host, UnitState, UnitVerb};

const UNITS: &str = "/etc/systemd/system";

/// A systemd unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its full name.
    pub unit: String,
    /// Whether it should also run now.
    pub start: bool,
    /// The files it reads at its start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<PathBuf>,
}

impl Unit {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let now = self.look(host)?;
        let running = !self.start || (now.active && !now.stale && !self.outdated(host, &now)?);
        let done = now.enabled && running;
        // A unit that was found on its way was not at rest: it is not ours to stop.
        let active = now.active || now.changing;
        Ok((!done).then_some(Before::Unit { enabled: now.enabled, active }))
    }

    pub(super) fn apply(&self, host: &mut dyn Host) -> Result<()> {
        let now = self.look(host)?;
        // What enables a unit has systemd read all of them anew, too.
        if !now.enabled {
            self.must(host, &self.verb(UnitVerb::Enable))?;
            sync_links(host)?;
        } else if now.stale {
            self.must(host, &Command::ReloadUnits)?;
        }
        if !self.start {
            return Ok(());
        }
        if now.failed {
            self.must(host, &self.verb(UnitVerb::ResetFailed))?;
        }
        let verb = if now.active { UnitVerb::Restart } else { UnitVerb::Start };
        self.must(host, &self.verb(verb))
    }

    pub(super) fn undo(&self, host: &mut dyn Host, before: &Before) -> Result<Leftovers> {
        let Before::Unit { enabled, active } = before else { return Ok(Leftovers::new()) };
        let now = self.look(host)?;
        let stopped = if *active { Ok(()) } else { self.bring_to_rest(host, &now) };
        if now.enabled && !enabled {
            self.must(host, &self.verb(UnitVerb::Disable))?;
        }
        if !enabled {
            self.remove_links(host)?;
        }
        stopped.map(|()| Leftovers::new())
    }

    /// Also a unit that only prepares its start, or waits to be started again: what it set up goes only
    /// when it is told to stop, while its program is there still.
    fn bring_to_rest(&self, host: &mut dyn Host, now: &UnitState) -> Result<()> {
        if now.active || now.changing {
            self.must(host, &self.verb(UnitVerb::Stop))?;
        }
        if self.look(host)?.failed {
            self.must(host, &self.verb(UnitVerb::ResetFailed))?;
        }
        Ok(())
    }

    /// A unit whose file is gone already is nothing that systemd would disable: its links stay behind.
    fn remove_links(&self, host: &mut dyn Host) -> Result<()> {
        for folder in wants(host)? {
            durable::remove(host, &folder.join(&self.unit))?;
        }
        Ok(())
    }

    /// Whether a file decides how it starts: one that it reads, or one that systemd reads for it.
    pub(super) fn is_told_by(&self, path: &Path) -> bool {
        let file = Path::new(UNITS).join(&self.unit);
        let drop_ins = Path::new(UNITS).join(format!("{}.d", self.unit));
        self.reads.iter().any(|read| read == path) || path == file || path.starts_with(drop_ins)
    }

    fn look(&self, host: &dyn Host) -> Result<UnitState> {
        Ok(host.units(&[&self.unit])?.into_iter().next().unwrap_or_default())
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

    fn verb(&self, verb: UnitVerb) -> Command {
        Command::Unit(verb, self.unit.clone())
    }

    fn must(&self, host: &mut dyn Host, command: &Command) -> Result<()> {
        let output = host.run(command)?;
        if output.ok() {
            return Ok(());
        }
        Err(Error::failed(format!("systemctl failed for {}: {}", self.unit, output.tail()))
            .hint(format!("see 'journalctl -u {}'", self.unit)))
    }
}

/// systemd does not sync the links that enable a unit: a power cut would take them back.
fn sync_links(host: &mut dyn Host) -> Result<()> {
    wants(host)?.iter().try_for_each(|folder| host.sync(folder))?;
    host.sync(Path::new(UNITS))
}

/// The folders of links to what a target wants.
fn wants(host: &dyn Host) -> Result<Vec<PathBuf>> {
    let names = host.list(Path::new(UNITS))?.into_iter();
    Ok(names.filter(|name| name.ends_with(".wants")).map(|name| Path::new(UNITS).join(name)).collect())
}
