//! Taking away what is a machine's own, by the list that images are checked against too.
//!
//! What would write the traces again comes to rest first ([`rest`]); then each group of the list is cleaned, and
//! looked at once more. Nothing here is entered in the receipt: an identity is not put back. Cleaning asks no
//! memory of an earlier try, so a seal that was cut short is completed by the next one.

use std::collections::BTreeSet;
use std::path::Path;

use landfall_contract::seal_list::{Group, SEALED, Seal, Survivor, TRACES, Trace, Wanted};

use crate::durable;
use crate::error::{Error, Result, While};
use crate::host::{EntryKind, Host};

mod forget;
pub mod rest;
mod tree;

pub use forget::forget_identity;
pub use tree::Machine;

/// How much is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of the list.
    Whole,
    /// What is Landfall's, the agents' and Docker's: somebody else cleans the rest.
    Landfall,
}

impl Scope {
    /// Whether a group is in it.
    #[must_use]
    pub fn has(self, group: Group) -> bool {
        self == Self::Whole || group.is_landfalls_part()
    }
}

/// The traces of those names, which may stay.
///
/// # Errors
/// When one is not on the list, or is an identity or a secret.
pub fn chosen(names: &[String]) -> Result<BTreeSet<String>> {
    for name in names {
        let trace = TRACES.iter().find(|trace| trace.id == name);
        let may_stay = |trace: &Trace| trace.is_kept(&BTreeSet::from([trace.id.to_owned()]));
        if !trace.is_some_and(may_stay) {
            let all: Vec<&str> = TRACES.iter().filter(|it| may_stay(it)).map(|it| it.id).collect();
            let what = match trace {
                Some(_) => format!("'{name}' is an identity or a secret, and stays in no image"),
                None => format!("nothing on the seal list is called '{name}'"),
            };
            return Err(Error::refused(what).hint(format!("what may be kept: {}", all.join(", "))));
        }
    }
    Ok(names.iter().cloned().collect())
}

/// Takes a group's traces away; returns what was there.
///
/// # Errors
/// When the machine refuses.
pub fn clean(host: &mut dyn Host, group: Group, kept: &BTreeSet<String>) -> Result<Vec<Survivor>> {
    let mut found = Vec::new();
    for trace in traces(kept).filter(|trace| trace.group == group && trace.wanted != Wanted::Present) {
        for survivor in trace.survivors(&Machine(host))? {
            let path = Path::new(&survivor.path);
            clear(host, path, trace.wanted).while_doing(|| format!("clearing {}", survivor.path))?;
            found.push(survivor);
        }
    }
    Ok(found)
}

/// What is cleaned must be gone: a folder that something is mounted on cannot be removed, and a program that
/// nobody thought of may have written again.
///
/// # Errors
/// When an identity or a secret is there still.
pub fn must_be_gone(host: &dyn Host, scope: Scope, kept: &BTreeSet<String>) -> Result<()> {
    for trace in traces(kept).filter(|it| scope.has(it.group) && it.wanted != Wanted::Present) {
        if let Some(left) = trace.survivors(&Machine(host))?.into_iter().find(|it| it.gate) {
            return Err(Error::failed(format!("{} is there again, or still: {}", left.path, left.what))
                .hint(format!(
                    "see what writes it, or is mounted there; {}, and run 'landfall seal' again",
                    left.remedy
                )));
        }
    }
    Ok(())
}

/// Says on disk that this machine is sealed; true where that was not said yet.
///
/// # Errors
/// When the machine refuses.
pub fn mark(host: &mut dyn Host, kept: BTreeSet<String>) -> Result<bool> {
    let seal = serde_json::json!(Seal { version: 1, kept });
    let text = format!("{seal}\n");
    let path = Path::new(SEALED);
    if host.read(path)?.is_some_and(|there| there == text.as_bytes()) {
        host.sync_all()?;
        return Ok(false);
    }
    // Docker and cloud-init cleared traces too, and synced nothing.
    host.sync_all()?;
    durable::write(host, path, text.as_bytes(), 0o600)?;
    Ok(true)
}

fn traces(kept: &BTreeSet<String>) -> impl Iterator<Item = &'static Trace> {
    TRACES.iter().filter(|trace| !trace.is_kept(kept))
}

fn clear(host: &mut dyn Host, path: &Path, wanted: Wanted) -> Result<()> {
    match wanted {
        Wanted::Absent | Wanted::NoFile => erase(host, path),
        Wanted::Blank(mode) => blank(host, path, mode),
        Wanted::Truncated => {
            let mode = host.stat(path)?.map_or(0o600, |stat| stat.mode);
            empty(host, path, mode)
        }
        Wanted::Unset(syntax, keys) => forget::unset(host, path, syntax, keys),
        Wanted::Remade { by, from } if host.stat(Path::new(by))?.is_some() => {
            durable::write(host, path, from.as_bytes(), 0o600)
        }
        Wanted::Remade { .. } => erase(host, path),
        Wanted::Present => Ok(()),
    }
}

/// In place: owner and label stay, and a power cut leaves what was there or nothing.
fn empty(host: &mut dyn Host, path: &Path, mode: u32) -> Result<()> {
    host.write(path, b"", mode)?;
    host.sync(path)
}

fn blank(host: &mut dyn Host, path: &Path, mode: u32) -> Result<()> {
    if host.stat(path)?.is_some_and(|stat| stat.kind == EntryKind::File) {
        return empty(host, path, mode);
    }
    erase(host, path)?;
    durable::write(host, path, b"", mode)
}

/// Removes a path and what is below it, on one file system and through no link. The folder above is synced
/// once, at the end: half of what was to go may be there after a power cut, and goes with the next seal.
fn erase(host: &mut dyn Host, path: &Path) -> Result<()> {
    let Some(stat) = host.stat(path)? else { return Ok(()) };
    if stat.device == host.stat(durable::parent(path))?.map_or(stat.device, |above| above.device) {
        remove_below(host, path, stat.device)?;
    }
    host.sync(durable::parent(path))
}

/// Whether all of it went; what something else is mounted on stays, and so does the way there.
fn remove_below(host: &mut dyn Host, path: &Path, device: u64) -> Result<bool> {
    let Some(stat) = host.stat(path)? else { return Ok(true) };
    if stat.device != device {
        return Ok(false);
    }
    let mut all = true;
    if stat.kind == EntryKind::Folder {
        for name in host.list(path)? {
            all &= remove_below(host, &path.join(name), device)?;
        }
    }
    if all {
        host.remove(path)?;
    }
    Ok(all)
}
