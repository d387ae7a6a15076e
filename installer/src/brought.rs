//! Landfall's own record of what its package transactions bring, on the disk before they begin: a transaction
//! that was cut short leaves no other trace of which dependencies are ours.
//!
//! apt tells by a hook which archives dpkg will be given, and the hook adds their paths. rpm has no such hook,
//! but all that one transaction brings has the time of its beginning in rpm's database. So the record says
//! `begun TIME` before a transaction, and `brought NAME` for each package after it. Where the end is missing,
//! the first transaction since that time was ours: nobody else's can begin while ours holds rpm's lock. zypper
//! may make each package a transaction of its own; those that follow one another closely are then one run's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use distro_matrix::{Format, Manager};

use crate::durable;
use crate::error::{Kind, Result};
use crate::host::Host;
use crate::package_database::{Package, PackageDatabase};
use crate::receipt::Receipt;
use crate::step::{Before, state_folder};

const BEGUN: &str = "begun ";
const MANY: &str = " and more";
/// Seconds.
const CLOSELY: i64 = 120;
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

/// A transaction of rpm's is about to begin.
pub(crate) fn begin(host: &mut dyn Host, manager: Manager) -> Result<()> {
    durable::create_folders(host, &state_folder(), 0o700)?;
    let many = if manager == Manager::Zypper { MANY } else { "" };
    let text = format!("{}{BEGUN}{}{many}\n", closed(&text(host)?), host.now().as_second());
    durable::write(host, &record(), text.as_bytes(), 0o600)
}

/// What a transaction that was cut short brought is dealt with, but for these.
pub(crate) fn settle(host: &mut dyn Host, left: &[String]) -> Result<()> {
    let mut text = closed(&text(host)?);
    text.extend(left.iter().map(|name| format!("{BROUGHT}{name}\n")));
    durable::write(host, &record(), text.as_bytes(), 0o600)
}

/// It ended, well or not: what is here now and was not before it, it brought.
pub(crate) fn end(host: &mut dyn Host, before: &PackageDatabase) -> Result<()> {
    let mut here = PackageDatabase::read(host, Format::Rpm)?.in_state("installed");
    let before = before.in_state("installed");
    here.retain(|name| !before.contains(name));
    settle(host, &here)
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
    let (begun, apart) = match begun.strip_suffix(MANY) {
        Some(begun) => (begun, CLOSELY),
        None => (begun, 0),
    };
    let begun = begun.parse::<i64>().unwrap_or(i64::MAX);
    let mut since: Vec<_> = packages.iter().filter(|(_, package)| package.transaction >= begun).collect();
    since.sort_by_key(|(_, package)| package.transaction);
    let mut last = since.first().map_or(0, |(_, package)| package.transaction);
    let ours = since.into_iter().take_while(|(_, package)| {
        let follows = package.transaction - last <= apart;
        last = package.transaction;
        follows
    });
    Ok(Some(ours.map(|(name, _)| name.clone()).collect()))
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
