//! A systemd credential: what a hypervisor, `systemd-nspawn` or an encrypted file hands to the unit.

use std::path::{Path, PathBuf};

use landfall_contract::seed::{NAME, SIGNATURE};

use super::{Found, Source, text, whole};
use crate::error::Result;
use crate::host::Host;

const PLACE: &str = "the systemd credential landfall.seed";

pub(super) fn look(host: &dyn Host) -> Result<Option<Found>> {
    let Some(folder) = host.env("CREDENTIALS_DIRECTORY").map(PathBuf::from) else { return Ok(None) };
    let named = |name: &str| whole(host, &Path::new(&folder).join(name), PLACE);
    let Some(seed) = named(NAME)? else { return Ok(None) };
    let signature = named(&format!("{NAME}{SIGNATURE}"))?;
    text::found(Source::Credential, PLACE, &seed, signature.as_ref()).map(Some)
}
