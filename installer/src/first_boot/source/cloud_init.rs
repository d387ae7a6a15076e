//! What cloud-init took from its own source: a table or a text `landfall` in the metadata.
//!
//! The file with the sensitive values is the only one that has them: in the other they are blacked out. cloud-init's
//! own source may be anything, a stick or a neighbour on the network too: see `origin.rs`.

use std::path::Path;

use serde_json::Value;

use super::{Found, MOST, Policy, Source, text, too_large};
use crate::error::Result;
use crate::host::Host;
use crate::secret::Secret;

mod origin;
#[cfg(test)]
mod tests;

const DATA: &str = "/run/cloud-init/instance-data-sensitive.json";
const PLACE: &str = "cloud-init's instance data";
/// The names of a seed and of its signature among metadata.
const NAMES: [&str; 2] = ["landfall", "landfall-minisig"];

pub(super) fn look(host: &dyn Host, policy: &Policy, tell: &mut dyn FnMut(String)) -> Result<Option<Found>> {
    let Some(content) = host.read_head(Path::new(DATA), 16 * MOST)? else { return Ok(None) };
    let content = zeroize::Zeroizing::new(content);
    let Ok(data) = serde_json::from_slice::<Value>(&content) else { return Ok(None) };
    let metadata = &data["ds"]["meta_data"];
    if seed_of(metadata).is_none() {
        return Ok(None);
    }
    if let Some(why) = origin::objection(host, policy, &data["v1"])? {
        tell(format!("note: the seed in {PLACE} does not count: {why}"));
        return Ok(None);
    }
    of_metadata(Source::CloudInit, PLACE, metadata)
}

/// The seed among metadata, where OpenStack has what a user gives one level deeper.
pub(super) fn of_metadata(source: Source, place: &str, metadata: &Value) -> Result<Option<Found>> {
    let Some((values, seed)) = seed_of(metadata) else { return Ok(None) };
    let seed = Secret::new(seed.as_str().map_or_else(|| seed.to_string(), str::to_owned));
    if seed.expose().len() > MOST {
        return Err(too_large(place));
    }
    let signature = values.get(NAMES[1]).and_then(Value::as_str).map(|it| Secret::new(it.to_owned()));
    text::found(source, place, &seed, signature.as_ref()).map(Some)
}

/// The seed, and the table that it is in.
fn seed_of(metadata: &Value) -> Option<(&Value, &Value)> {
    let seed = |values: &'_ Value| values.get(NAMES[0]).filter(|it| !it.is_null()).is_some();
    let values = [metadata, &metadata["meta"]].into_iter().find(|values| seed(values))?;
    Some((values, &values[NAMES[0]]))
}
