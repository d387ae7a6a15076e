//! A copy gives up the identity that was copied, and nothing is said to AWS: the original uses it still.
//!
//! What is to be done is on disk before anything is touched, and stays there until all is done, so a power cut
//! anywhere is followed by the same end: whoever starts next goes on. The marker goes first, so from then on no
//! agent starts.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::quarantine;
use super::record::RECORD;
use crate::durable;
use crate::error::{Error, Result, While};
use crate::host::Host;
use crate::step;

const NOTE: &str = "/var/lib/landfall/giving-up";
/// What has the next first boot register the machine.
pub use landfall_contract::SEALED;

/// Where the next identity comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Next {
    /// From a first boot, later in this boot or at the next one.
    FirstBoot,
    /// From a registration that follows at once.
    Registration,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Note {
    instance_id: String,
    next: Next,
}

/// The identity that is being given up, where that was begun and not ended.
///
/// # Errors
/// When the machine cannot be read.
pub fn begun(host: &dyn Host) -> Result<Option<String>> {
    Ok(read(host)?.map(|note| note.instance_id))
}

/// Gives an identity up.
///
/// # Errors
/// When the machine refuses; whoever calls [`finish`] goes on.
pub fn relinquish(host: &mut dyn Host, instance_id: &str, next: Next) -> Result<()> {
    let note = Note { instance_id: instance_id.to_owned(), next };
    let text = serde_json::to_string(&note).map_err(|e| Error::bug(e.to_string()))?;
    durable::create_folders(host, durable::parent(Path::new(NOTE)), 0o700)?;
    durable::write(host, Path::new(NOTE), format!("{text}\n").as_bytes(), 0o600)?;
    finish(host)
}

/// Goes on with what was begun; nothing where nothing was.
///
/// # Errors
/// As [`relinquish`].
pub fn finish(host: &mut dyn Host) -> Result<()> {
    let Some(note) = read(host)? else { return Ok(()) };
    step::forget_identity(host).while_doing(|| format!("giving {} up", note.instance_id))?;
    durable::remove(host, Path::new(RECORD))?;
    quarantine::lift(host)?;
    if note.next == Next::FirstBoot {
        durable::write(host, Path::new(SEALED), b"", 0o600)?;
    }
    durable::remove(host, Path::new(NOTE))
}

/// A note that cannot be read was begun all the same.
fn read(host: &dyn Host) -> Result<Option<Note>> {
    let Some(text) = host.read(Path::new(NOTE))? else { return Ok(None) };
    let unknown = || Note { instance_id: "an unknown instance".into(), next: Next::FirstBoot };
    Ok(Some(serde_json::from_slice(&text).unwrap_or_else(|_| unknown())))
}
