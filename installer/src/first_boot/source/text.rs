//! Texts that may come as base64, because what carries them takes no line ends or quotes.
//!
//! A seed always has a quote or a brace, which base64 never has: nobody has to say which of both it is.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::{Found, Source, of_bytes};
use crate::error::Result;
use crate::secret::Secret;

/// A seed and its signature as a source carries them.
pub(super) fn found(source: Source, place: &str, seed: &Secret, signature: Option<&Secret>) -> Result<Found> {
    let signature = signature.map(|text| plain(text, place)).transpose()?;
    Ok(Found {
        source,
        place: place.to_owned(),
        seed: plain(seed, place)?,
        signature: signature.map(|text| text.expose().to_owned()),
    })
}

/// The text, out of its base64 where it is in one.
pub(super) fn plain(text: &Secret, place: &str) -> Result<Secret> {
    let packed: Zeroizing<String> =
        Zeroizing::new(text.expose().chars().filter(|it| !it.is_ascii_whitespace()).collect());
    match BASE64_STANDARD.decode(packed.as_bytes()) {
        Ok(content) if !packed.is_empty() => of_bytes(content, place),
        _ => Ok(text.clone()),
    }
}
