//! A systemd credential: what a hypervisor, `systemd-nspawn` or an encrypted file hands to the unit.

use std::path::{Path, PathBuf};

use landfall_contract::seed::{NAME, SIGNATURE};

use super::{Found, Source, text, whole};
use crate::error::Result;
use crate::host::Host;
use crate::secret::Secret;

/// What the unit falls back on where there is none. systemd 252 takes nothing empty.
pub(crate) const NONE: &str = "none";

const PLACE: &str = "the systemd credential landfall.seed";

pub(super) fn look(host: &dyn Host) -> Result<Option<Found>> {
    let Some(folder) = host.env("CREDENTIALS_DIRECTORY").map(PathBuf::from) else { return Ok(None) };
    let named = |name: &str| -> Result<Option<Secret>> {
        let content = whole(host, &Path::new(&folder).join(name), PLACE)?;
        Ok(content.filter(|it| it.expose() != NONE))
    };
    let Some(seed) = named(NAME)? else { return Ok(None) };
    let signature = named(&format!("{NAME}{SIGNATURE}"))?;
    text::found(Source::Credential, PLACE, &seed, signature.as_ref()).map(Some)
}
