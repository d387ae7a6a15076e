//! Landfall's own record of what its package transactions bring, on the disk before they begin: a transaction
//! that was cut short leaves no other trace of which dependencies are ours.
//!
//! apt tells by a hook which archives dpkg will be given, and the hook adds their paths. rpm has no such hook, but
//! its managers say before what they are about to bring. So the record says `begun TIME NAME...` before a
//! transaction, when all is fetched, and `brought NAME` for each package after it. Where the end is missing, those
//! of the names are ours that came soon after that time: rpm dates each package by its transaction. What others
//! bring meanwhile under other names, or later, is theirs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::durable;
use crate::error::{Kind, Result};
use crate::host::Host;
use crate::package_database::Package;
use crate::receipt::Receipt;
use crate::step::{Before, state_folder};

const BEGUN: &str = "begun ";
/// Seconds: a transaction has nothing to fetch any more, and may wait for scripts.
const SOON: i64 = 900;
const BROUGHT: &str = "brought ";

/// Where the record is.
pub(crate) fn record() -> PathBuf {
    state_folder().join("transaction")
}

/// The packages that our transactions brought to this machine, by its receipt.
pub(crate) fn brought(host: &dyn Host) -> Result<Vec<String>> {
    let receipt = Receipt::read(host)?;
    let before = receipt.entries.iter().find_map(|entry| match &entry.replaced {
        Before::Packages { installed, .. } => Some(installed),
        _ => None,
    });
    let Some(installed) = before else { return Ok(Vec::new()) };
    let mut brought = recorded(host)?;
    brought.retain(|name| !installed.contains(name));
    Ok(brought)
}

/// What was added to the record; an archive is `NAME_VERSION_ARCHITECTURE.deb`.
pub(crate) fn recorded(host: &dyn Host) -> Result<Vec<String>> {
    let name = |line: &str| match line.strip_prefix(BROUGHT) {
        Some(name) => Some(name.to_owned()),
        None if line.starts_with(BEGUN) => None,
        None => Some(Path::new(line).file_stem()?.to_str()?.split('_').next()?.to_owned()),
    };
    Ok(text(host)?.lines().filter_map(name).collect())
}

/// apt's hook adds to the record; its name reaches the disk here.
pub(crate) fn prepare(host: &mut dyn Host) -> Result<()> {
    durable::create_folders(host, &state_folder(), 0o700)?;
    match host.stat(&record())? {
        Some(_) => Ok(()),
        None => durable::write(host, &record(), b"", 0o600),
    }
}

/// A transaction of rpm's is about to begin that will bring these, of which none is here.
pub(crate) fn begin(host: &mut dyn Host, names: &[String]) -> Result<()> {
    durable::create_folders(host, &state_folder(), 0o700)?;
    let (begun, names) = (host.now().as_second(), names.join(" "));
    let text = format!("{}{BEGUN}{begun} {names}\n", closed(&text(host)?));
    durable::write(host, &record(), text.as_bytes(), 0o600)
}

/// It ended, or what a cut one left is dealt with: these of its names are here.
pub(crate) fn end(host: &mut dyn Host, here: &[String]) -> Result<()> {
    let mut text = closed(&text(host)?);
    text.extend(here.iter().map(|name| format!("{BROUGHT}{name}\n")));
    durable::write(host, &record(), text.as_bytes(), 0o600)
}

/// What the transaction brought that was begun and whose end nobody saw; `None` where there is no such.
pub(crate) fn cut_short(
    host: &dyn Host,
    packages: &BTreeMap<String, Package>,
) -> Result<Option<Vec<String>>> {
    let text = match text(host) {
        // Whoever may not see the record may not change anything either.
        Err(e) if e.kind == Kind::Refused => return Ok(None),
        text => text?,
    };
    let Some(begun) = text.lines().last().and_then(|line| line.strip_prefix(BEGUN)) else { return Ok(None) };
    let mut words = begun.split(' ');
    let begun = words.next().and_then(|time| time.parse::<i64>().ok()).unwrap_or(i64::MAX);
    let came_soon = |name: &&str| {
        let came = packages.get(*name).map(|package| package.transaction);
        came.is_some_and(|time| time >= begun && time - begun <= SOON)
    };
    Ok(Some(words.filter(came_soon).map(str::to_owned).collect()))
}

/// Nothing is ours any more.
pub(crate) fn forget(host: &mut dyn Host) -> Result<()> {
    match host.stat(&record())? {
        Some(_) => durable::remove(host, &record()),
        None => Ok(()),
    }
}

fn text(host: &dyn Host) -> Result<String> {
    Ok(String::from_utf8_lossy(&host.read(&record())?.unwrap_or_default()).into_owned())
}

/// The record without a beginning whose end is known by now.
fn closed(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with(BEGUN)).map(|line| format!("{line}\n")).collect()
}
