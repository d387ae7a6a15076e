//! The SSM agent writes the `[default]` profile of whom it runs as: an operator's own is kept aside. An empty file says
//! that there was none.

use std::path::Path;

use super::credentials_file;
use crate::durable;
use crate::error::Result;
use crate::host::Machine;
use crate::registration::Store;

/// Keeps what is there, once.
pub(crate) fn set_aside(host: &mut dyn Machine, path: &Path, aside: &Path) -> Result<()> {
    if host.stat(aside)?.is_some() {
        return Ok(());
    }
    let content = host.read(path)?.unwrap_or_default();
    durable::write(host, aside, &content, 0o600)
}

/// Nothing aside means that the agent was never asked to register, or that this was done already.
pub(crate) fn put_back(host: &mut dyn Machine, path: &Path, aside: &Path) -> Result<()> {
    let Some(earlier) = host.read(aside)? else { return Ok(()) };
    let now = host.read(path)?.unwrap_or_default();
    let content = credentials_file::taken_back(&now, &earlier);
    if content.trim_ascii().is_empty() {
        durable::remove(host, path)?;
    } else {
        let mode = host.stat(path)?.map_or(0o600, |stat| stat.mode);
        durable::create_folders(host, durable::parent(path), 0o700)?;
        durable::write(host, path, &content, mode)?;
    }
    durable::remove(host, aside)
}

/// Of an identity that was here before Landfall nothing was set aside: what its agent noted tells that the
/// credentials are the agent's. That note goes before what was set aside, and after what was not: a second
/// try must not take an operator's own for the agent's.
pub(crate) fn take_away(host: &mut dyn Machine, store: &Store, aside: &Path) -> Result<()> {
    let (noted, path) = (Path::new(store.identity), Path::new(store.credentials));
    if host.stat(aside)?.is_none() && host.stat(noted)?.is_some() {
        let others = credentials_file::taken_back(&host.read(path)?.unwrap_or_default(), b"");
        match others.is_empty() {
            true => durable::remove(host, path)?,
            false => durable::write(host, path, &others, 0o600)?,
        }
    }
    durable::remove(host, noted)?;
    put_back(host, path, aside)
}
