//! Whether this is the machine that was registered, or a copy of it.
//!
//! Whoever copies a disk copies the identity on it, and two machines under one identity take each other's
//! tasks and credentials. So what a machine is known by is recorded when it is registered, and compared before
//! its agents start. What decides is [`judge`], which looks at nothing. Addresses that are leased and host
//! names never count: they come and go with the network. Nothing here asks AWS, or tells it anything.

use std::path::Path;

use crate::error::{Error, Result};
use crate::host::Host;
use crate::registration::{self, Registration};

mod interfaces;
mod judgement;
mod quarantine;
mod record;
pub mod relinquishment;
mod uuid;

pub use judgement::{Today, Verdict, judge};
pub use quarantine::{NOTICE, Quarantine, impose, lift};
pub use record::{Marks, RECORD, Record, keep};

/// What the record of this identity says of the machine of today; `None` where there is no such record: the
/// machine was registered by an earlier Landfall, or registered anew by other means since.
///
/// # Errors
/// When the machine cannot be read.
pub fn verdict(host: &dyn Host, registration: &Registration) -> Result<Option<Verdict>> {
    let today = || Today::look(host);
    Ok(match record::read(host)? {
        record::Kept::Nothing => None,
        record::Kept::Broken(why) => Some(Verdict::Unknown(why)),
        record::Kept::Whole(record) if record.instance_id != registration.instance_id => None,
        record::Kept::Whole(record) => Some(judge(&record, &today()?)),
    })
}

/// The record of this identity, where a whole one is kept.
///
/// # Errors
/// When the machine cannot be read.
pub fn recorded(host: &dyn Host, registration: &Registration) -> Result<Option<Record>> {
    Ok(match record::read(host)? {
        record::Kept::Whole(record) if record.instance_id == registration.instance_id => Some(record),
        _ => None,
    })
}

/// Why both agents have to stay down here, if they have to.
///
/// # Errors
/// When the machine cannot be read.
pub fn standing(host: &dyn Host) -> Result<Option<Quarantine>> {
    if let Some(instance_id) = relinquishment::begun(host)? {
        let why = "it was giving that identity up, and was cut short".to_owned();
        return Ok(Some(Quarantine::of_copy(host, &instance_id, vec![why])?));
    }
    let Some(registration) = registration::read(host)? else { return Ok(None) };
    let id = &registration.instance_id;
    Ok(match verdict(host, &registration)? {
        Some(Verdict::Copy(reasons)) => Some(Quarantine::of_copy(host, id, reasons)?),
        Some(Verdict::Unknown(why)) => Some(Quarantine::of_unknown(host, id, why)?),
        Some(Verdict::Same | Verdict::Changed(_)) | None => None,
    })
}

/// What a copy, or what may be one, is told, wherever it is told.
#[must_use]
pub fn refusal(quarantine: &Quarantine) -> Error {
    Error::failed(quarantine.sentence()).hint(HINT)
}

/// What to do about a copy.
pub const HINT: &str = "a copy: 'landfall identity renew' gives it an identity of its own, and the original keeps its; \
                        the very machine, moved or changed on purpose: 'landfall identity accept'; \
                        'landfall identity show' tells what was compared";

/// The first line of a small file of the kernel's; nothing where it is missing, empty or may not be read.
fn line(host: &dyn Host, path: &str) -> Option<String> {
    let content = host.read(Path::new(path)).ok().flatten()?;
    let text = String::from_utf8_lossy(&content);
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}
