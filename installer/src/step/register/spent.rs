//! Activations that were used up here for an account that was not meant: using them again would only leave
//! another instance there.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::durable;
use crate::error::{Error, Result};
use crate::host::Host;

const NOTE: &str = "/var/lib/landfall/spent-activations.json";

/// Writes down whose an activation turned out to be.
pub(super) fn note(host: &mut dyn Host, activation: &str, account: &str) -> Result<()> {
    let mut known = known(host)?;
    known.insert(activation.to_owned(), account.to_owned());
    durable::write(host, Path::new(NOTE), format!("{}\n", json!(known)).as_bytes(), 0o600)
}

/// Refuses one that is known to be another account's than the expected one.
pub(super) fn must_not_be(host: &dyn Host, activation: &str, expected: Option<&str>) -> Result<()> {
    match (known(host)?.get(activation), expected) {
        (Some(account), Some(expected)) if account != expected => Err(Error::lasting(format!(
            "the activation {activation} belongs to the account {account}, not to {expected}: it was used here before"
        ))
        .hint(format!("give an activation of {expected}"))),
        _ => Ok(()),
    }
}

fn known(host: &dyn Host) -> Result<BTreeMap<String, String>> {
    let text = host.read(Path::new(NOTE))?.unwrap_or_default();
    Ok(serde_json::from_slice(&text).unwrap_or_default())
}
