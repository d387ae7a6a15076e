//! What systemd is told of units, whichever step tells it: all of one step's at once, because each time that some are
//! enabled or disabled, it reads all there are anew.

use std::path::{Path, PathBuf};

use super::Leftovers;
use crate::durable;
use crate::error::{Error, Result};
use crate::host::{Command, Host, Output, UnitState, UnitVerb};

pub(super) const FOLDER: &str = "/etc/systemd/system";

/// Where a unit is that Landfall writes.
pub(super) fn file(unit: &str) -> PathBuf {
    Path::new(FOLDER).join(unit)
}

/// How they are, in their order.
pub(super) fn look(host: &dyn Host, units: &[String]) -> Result<Vec<UnitState>> {
    let units: Vec<&str> = units.iter().map(String::as_str).collect();
    host.units(&units)
}

/// Those of them that are so.
pub(super) fn those<'u>(
    units: &'u [String],
    states: &[UnitState],
    is_so: impl Fn(&UnitState) -> bool,
) -> Vec<&'u String> {
    units.iter().zip(states).filter(|(_, state)| is_so(state)).map(|(unit, _)| unit).collect()
}

/// A unit that was found on its way was not at rest: it is not ours to stop.
pub(super) fn is_at_work(unit: &UnitState) -> bool {
    unit.active || unit.changing
}

/// Tells systemd this of some, where there are any.
pub(super) fn tell(host: &mut dyn Host, verb: UnitVerb, units: &[&String]) -> Result<()> {
    if units.is_empty() {
        return Ok(());
    }
    let output = host.run(&Command::Unit(verb, units.iter().map(|&unit| unit.clone()).collect()))?;
    done(units, &output)
}

pub(super) fn done(units: &[&String], output: &Output) -> Result<()> {
    if output.ok() {
        return Ok(());
    }
    let joined = |by: &str| units.iter().map(|unit| unit.as_str()).collect::<Vec<_>>().join(by);
    Err(Error::failed(format!("systemctl failed for {}: {}", joined(" "), output.tail()))
        .hint(format!("see 'journalctl -u {}'", joined(" -u "))))
}

/// Has systemd start them at every boot. It does not sync the links that say so: a power cut would take them back.
pub(super) fn enable(host: &mut dyn Host, units: &[&String]) -> Result<()> {
    tell(host, UnitVerb::Enable, units)?;
    wants(host)?.iter().try_for_each(|folder| host.sync(folder))?;
    host.sync(Path::new(FOLDER))
}

/// Puts back what was enabled, and what was at work.
pub(super) fn put_back(
    host: &mut dyn Host,
    units: &[String],
    enabled: &[String],
    active: &[String],
) -> Result<Leftovers> {
    let now = look(host, units)?;
    let stopped = bring_to_rest(host, units, &now, active);
    let ours: Vec<&String> = units.iter().filter(|unit| !enabled.contains(unit)).collect();
    let mut still = those(units, &now, |it| it.enabled);
    still.retain(|unit| ours.contains(unit));
    tell(host, UnitVerb::Disable, &still)?;
    ours.iter().try_for_each(|unit| remove_links(host, unit))?;
    stopped.map(|()| Leftovers::new())
}

/// Also a unit that only prepares its start, or waits to be started again: what it set up goes only
/// when it is told to stop, while its program is there still.
fn bring_to_rest(host: &mut dyn Host, units: &[String], now: &[UnitState], active: &[String]) -> Result<()> {
    let mut at_work = those(units, now, is_at_work);
    at_work.retain(|unit| !active.contains(unit));
    tell(host, UnitVerb::Stop, &at_work)?;
    let now = look(host, units)?;
    let mut failed = those(units, &now, |it| it.failed);
    failed.retain(|unit| !active.contains(unit));
    tell(host, UnitVerb::ResetFailed, &failed)
}

/// A unit whose file is gone already is nothing that systemd would disable: its links stay behind.
fn remove_links(host: &mut dyn Host, unit: &str) -> Result<()> {
    for folder in wants(host)? {
        durable::remove(host, &folder.join(unit))?;
    }
    Ok(())
}

/// The folders of links to what a target wants.
fn wants(host: &dyn Host) -> Result<Vec<PathBuf>> {
    let names = host.list(Path::new(FOLDER))?.into_iter();
    Ok(names.filter(|name| name.ends_with(".wants")).map(|name| Path::new(FOLDER).join(name)).collect())
}
