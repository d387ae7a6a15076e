//! The marker: that this machine has its identity, and, where somebody asked, in which account.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::of_another_account;
use crate::durable;
use crate::error::Result;
use crate::host::Machine;
use crate::registration::Registration;

#[derive(Serialize, Deserialize)]
struct Marker {
    instance_id: String,
    region: String,
    /// Where it was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
}

/// Whether the agents may start already, as what was asked for.
///
/// # Errors
/// When the identity is known to belong to another account.
pub(crate) fn stands(
    host: &dyn Machine,
    path: &Path,
    registration: &Registration,
    expected: Option<&str>,
) -> Result<bool> {
    let Some(text) = host.read(path)? else { return Ok(false) };
    let Some(expected) = expected else { return Ok(true) };
    // A marker that cannot be read names no account, and is written anew.
    let marker = serde_json::from_slice::<Marker>(&text).ok();
    let known = marker.filter(|marker| marker.instance_id == registration.instance_id);
    match known.and_then(|marker| marker.account) {
        Some(account) if account != expected => Err(of_another_account(registration, &account, expected)),
        account => Ok(account.is_some()),
    }
}

/// From now on the agents may start.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn set(
    host: &mut dyn Machine,
    path: &Path,
    registration: Registration,
    account: Option<String>,
) -> Result<()> {
    let Registration { instance_id, region } = registration;
    let marker = json!(Marker { instance_id, region, account });
    durable::write(host, path, format!("{marker}\n").as_bytes(), 0o600)
}
