//! A file in the image, or one that whoever provisions the machine put there: `/etc/landfall/seed.toml`.

use std::path::{Path, PathBuf};

use landfall_contract::seed::{IN_IMAGE, SIGNATURE};

use super::{Found, Source, text, whole};
use crate::config::must_be_private;
use crate::durable;
use crate::error::{Error, Result};
use crate::host::{EntryKind, Host};

/// Its name once it was used.
const USED: &str = "/etc/landfall/.seed-used";

pub(super) fn look(host: &dyn Host) -> Result<Option<Found>> {
    if host.stat(Path::new(IN_IMAGE))?.is_some_and(|stat| stat.kind != EntryKind::File) {
        return Err(Error::refused(format!("{IN_IMAGE} is not a regular file"))
            .hint("put the seed itself in its place: it is overwritten after use, where it lies"));
    }
    let Some(seed) = whole(host, Path::new(IN_IMAGE), IN_IMAGE)? else { return Ok(None) };
    must_be_private(host, Path::new(IN_IMAGE))?;
    let signature = whole(host, &beside(), IN_IMAGE)?;
    text::found(Source::File, IN_IMAGE, &seed, signature.as_ref()).map(Some)
}

/// Overwritten where it lies, then removed: a disk that is looked at block by block has it no more. It loses its
/// name first, because half of it would be taken for a seed that is broken where the power goes meanwhile.
pub(super) fn forget(host: &mut dyn Host) -> Result<()> {
    let (path, used) = (Path::new(IN_IMAGE), Path::new(USED));
    if host.stat(path)?.is_some() {
        host.rename(path, used)?;
        host.sync(durable::parent(path))?;
    }
    if host.stat(used)?.is_some() {
        host.blot_out(used)?;
        durable::remove(host, used)?;
    }
    durable::remove(host, &beside())
}

fn beside() -> PathBuf {
    PathBuf::from(format!("{IN_IMAGE}{SIGNATURE}"))
}
