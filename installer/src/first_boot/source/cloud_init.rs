//! What cloud-init took from its own source: a table or a text `landfall` in the metadata.
//!
//! The file with the sensitive values is the only one that has them: in the other they are blacked out.

use std::path::Path;

use serde_json::Value;

use super::{Found, MOST, Source, text, too_large};
use crate::error::Result;
use crate::host::Host;
use crate::secret::Secret;

const DATA: &str = "/run/cloud-init/instance-data-sensitive.json";
const PLACE: &str = "cloud-init's instance data";
/// The names of a seed and of its signature among metadata.
const NAMES: [&str; 2] = ["landfall", "landfall-minisig"];

pub(super) fn look(host: &dyn Host) -> Result<Option<Found>> {
    let Some(content) = host.read_head(Path::new(DATA), 16 * MOST)? else { return Ok(None) };
    let content = zeroize::Zeroizing::new(content);
    let Ok(data) = serde_json::from_slice::<Value>(&content) else { return Ok(None) };
    of_metadata(Source::CloudInit, PLACE, &data["ds"]["meta_data"])
}

/// The seed among metadata, where OpenStack has what a user gives one level deeper.
pub(super) fn of_metadata(source: Source, place: &str, metadata: &Value) -> Result<Option<Found>> {
    let [seed, signature] = NAMES;
    for values in [metadata, &metadata["meta"]] {
        let Some(seed) = values.get(seed).filter(|it| !it.is_null()) else { continue };
        let seed = Secret::new(seed.as_str().map_or_else(|| seed.to_string(), str::to_owned));
        if seed.expose().len() > MOST {
            return Err(too_large(place));
        }
        let signature = values.get(signature).and_then(Value::as_str).map(|it| Secret::new(it.to_owned()));
        return text::found(source, place, &seed, signature.as_ref()).map(Some);
    }
    Ok(None)
}
