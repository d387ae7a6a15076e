//! VMware's guestinfo: `guestinfo.landfall.seed` in the machine's configuration, emptied after use.

use landfall_contract::seed::{NAME, SIGNATURE};

use super::{Found, MOST, Source, text, too_large};
use crate::error::Result;
use crate::host::{Command, Host};

const PLACE: &str = "VMware's guestinfo.landfall.seed";

pub(super) fn look(host: &dyn Host) -> Result<Option<Found>> {
    let Some(seed) = host.guestinfo(NAME)? else { return Ok(None) };
    if is_empty(seed.expose()) {
        return Ok(None);
    }
    if seed.expose().len() > MOST {
        return Err(too_large(PLACE));
    }
    let signature = host.guestinfo(&format!("{NAME}{SIGNATURE}"))?;
    text::found(Source::Guestinfo, PLACE, &seed, signature.as_ref()).map(Some)
}

/// Whoever may look at the machine's configuration finds the seed there no more.
pub(super) fn forget(host: &mut dyn Host) -> Result<()> {
    for key in [NAME.to_owned(), format!("{NAME}{SIGNATURE}")] {
        if host.guestinfo(&key)?.is_some_and(|text| !is_empty(text.expose())) {
            let output = host.run(&Command::ClearGuestinfo(key.clone()))?;
            if !output.ok() {
                host.tell(&format!("note: guestinfo.{key} could not be emptied: {}", output.tail()));
            }
        }
    }
    Ok(())
}

/// VMware's tool takes no empty value: a lone hyphen stands for one.
fn is_empty(text: &str) -> bool {
    matches!(text.trim(), "" | "-")
}
