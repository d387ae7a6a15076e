//! A copy, or what may be one, that waits for a person: since when, why, and a notice for whoever logs in.
//!
//! What decides is the comparison, made anew each time somebody asks; the file only keeps since when. So a disk
//! that is put back into its own machine is free again, and no file has to be removed by hand.

use std::path::Path;

use jiff::{Timestamp, Unit};
use serde::{Deserialize, Serialize};

use super::HINT;
use crate::durable;
use crate::error::{Error, Result};
use crate::host::Host;

/// Where it is kept.
const QUARANTINE: &str = "/var/lib/landfall/quarantine.json";
/// What is shown at a login, gone with the next boot, at which it is judged anew.
pub const NOTICE: &str = "/run/motd.d/50-landfall-guard";
const VERSION: u32 = 1;

/// Why both agents stay down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Quarantine {
    /// The format's version.
    pub version: u32,
    /// Since when.
    pub since: Timestamp,
    /// The identity that was copied.
    pub instance_id: String,
    /// Whether a comparison shows a copy; else nothing could be compared.
    #[serde(default = "shown")]
    pub is_copy: bool,
    /// What gave the copy away, or why nobody can tell, a sentence each.
    pub reasons: Vec<String>,
}

/// Those of an earlier Landfall said nothing of it.
fn shown() -> bool {
    true
}

impl Quarantine {
    /// That of a copy, for these reasons.
    ///
    /// # Errors
    /// When the machine cannot be read.
    pub fn of_copy(host: &dyn Host, instance_id: &str, reasons: Vec<String>) -> Result<Self> {
        Self::standing(host, instance_id, true, reasons)
    }

    /// That of a machine of which nobody can tell whether it is a copy.
    ///
    /// # Errors
    /// When the machine cannot be read.
    pub fn of_unknown(host: &dyn Host, instance_id: &str, why: String) -> Result<Self> {
        Self::standing(host, instance_id, false, vec![why])
    }

    /// It began when it was first said, or begins now.
    fn standing(host: &dyn Host, instance_id: &str, is_copy: bool, reasons: Vec<String>) -> Result<Self> {
        let text = host.read(Path::new(QUARANTINE))?.unwrap_or_default();
        let earlier = serde_json::from_slice::<Self>(&text).ok().filter(|it| it.instance_id == instance_id);
        let now = || host.now().round(Unit::Second).unwrap_or_else(|_| host.now());
        let since = earlier.map_or_else(now, |earlier| earlier.since);
        Ok(Self { version: VERSION, since, instance_id: instance_id.to_owned(), is_copy, reasons })
    }

    /// All of it in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let reasons = self.reasons.join("; ");
        let id = &self.instance_id;
        if self.is_copy {
            return format!("this machine is a copy of {id}, so its agents stay down: {reasons}");
        }
        format!("whether this machine is a copy of {id} cannot be told, so its agents stay down: {reasons}")
    }
}

/// Keeps it, durably, and hangs the notice out.
///
/// # Errors
/// When the machine refuses either.
pub fn impose(host: &mut dyn Host, quarantine: &Quarantine) -> Result<()> {
    let mut text = serde_json::to_string_pretty(quarantine).map_err(|e| Error::bug(e.to_string()))?;
    text.push('\n');
    let path = Path::new(QUARANTINE);
    if host.read(path)?.as_deref() != Some(text.as_bytes()) {
        durable::write(host, path, text.as_bytes(), 0o600)?;
    }
    let notice = format!("Landfall: {}.\n{HINT}.\n", quarantine.sentence());
    durable::create_folders(host, durable::parent(Path::new(NOTICE)), 0o755)?;
    durable::write(host, Path::new(NOTICE), notice.as_bytes(), 0o644)
}

/// Takes it away; says whether there was one.
///
/// # Errors
/// When the machine refuses.
pub fn lift(host: &mut dyn Host) -> Result<bool> {
    let mut lifted = false;
    for path in [NOTICE, QUARANTINE].map(Path::new) {
        if host.stat(path)?.is_some() {
            durable::remove(host, path)?;
            lifted = true;
        }
    }
    Ok(lifted)
}
