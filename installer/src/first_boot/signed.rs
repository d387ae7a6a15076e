//! Signatures of seeds: minisign's, which is one key, one algorithm and nothing to choose.
//!
//! Both kinds count, of the content itself and of its hash. The signer's trusted comment is signed too.

use minisign_verify::{PublicKey, Signature};

use crate::error::{Error, Result};

/// Whether this text is a public key: its second line, as minisign prints it.
#[must_use]
pub fn is_key(text: &str) -> bool {
    PublicKey::from_base64(text).is_ok()
}

/// Checks a signature against keys of which one must have made it; returns the trusted comment.
///
/// # Errors
/// When none has.
pub fn verify(content: &[u8], signature: &str, keys: &[String], place: &str) -> Result<String> {
    let refuse = |what: String| {
        Error::refused(what).hint("sign it with 'minisign -Sm FILE' and a key of the policy's seed-keys")
    };
    let signature = Signature::decode(signature)
        .map_err(|_| refuse(format!("the signature of the seed from {place} is not one of minisign's")))?;
    let keys = keys.iter().filter_map(|key| PublicKey::from_base64(key).ok());
    // Signatures of the content itself are what minisign made before it hashed.
    let mut counts = keys.map(|key| key.verify(content, &signature, true).is_ok());
    if counts.any(|counts| counts) {
        return Ok(signature.trusted_comment().to_owned());
    }
    Err(refuse(format!("no key of the policy made the signature of the seed from {place}")))
}
