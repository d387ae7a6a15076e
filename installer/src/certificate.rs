//! The one certificate of a vendor's key file that counts, written anew.
//!
//! A key file is a list of certificates, and whoever verifies with it trusts every one of them. So only the
//! certificate whose primary key is pinned is taken, and only what belongs to it: the bytes that came
//! are never kept. A certificate that has the pinned key as a subkey is another certificate.

use pgp::composed::{ArmorOptions, Deserializable, SignedPublicKey, SignedPublicSubKey};
use pgp::packet::SignatureType;
use pgp::types::KeyDetails;

const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
/// No vendor has more in one file; a parser is not fed for ever.
const MOST: usize = 64;

/// The certificate with this primary fingerprint (in capitals) alone, armored; `None` where the file has
/// none.
pub(crate) fn only(file: &[u8], fingerprint: &str) -> Option<String> {
    let mut certificate = certificates(file).into_iter().find(|it| primary(it) == fingerprint)?;
    forget_foreign_subkeys(&mut certificate);
    certificate.to_armored_string(ArmorOptions::default()).ok()
}

/// Whether a keyring holds the certificate with this primary fingerprint, and no other.
pub(crate) fn holds_only(keyring: &[u8], fingerprint: &str) -> bool {
    let certificates = certificates(keyring);
    certificates.len() == 1 && primary(&certificates[0]) == fingerprint
}

/// The primary fingerprints of a file, for people to compare.
pub(crate) fn fingerprints(file: &[u8]) -> Vec<String> {
    certificates(file).iter().map(primary).collect()
}

fn primary(certificate: &SignedPublicKey) -> String {
    certificate.primary_key.fingerprint().to_string().to_uppercase()
}

/// Armored files may have been put one after the other.
fn certificates(file: &[u8]) -> Vec<SignedPublicKey> {
    match std::str::from_utf8(file) {
        Ok(text) if text.contains(BEGIN) => {
            text.split(BEGIN).skip(1).flat_map(|rest| armored(&format!("{BEGIN}{rest}"))).collect()
        }
        _ => binary(file),
    }
}

fn armored(block: &str) -> Vec<SignedPublicKey> {
    let Ok((found, _)) = SignedPublicKey::from_armor_many(block.as_bytes()) else { return Vec::new() };
    found.take(MOST).filter_map(Result::ok).collect()
}

fn binary(file: &[u8]) -> Vec<SignedPublicKey> {
    let Ok(found) = SignedPublicKey::from_bytes_many(file) else { return Vec::new() };
    found.take(MOST).filter_map(Result::ok).collect()
}

/// Anybody can put a subkey beside a primary key; only the primary key can sign for it. A revocation is kept
/// in any case: what was taken back must not come back.
fn forget_foreign_subkeys(certificate: &mut SignedPublicKey) {
    let primary = certificate.primary_key.clone();
    for subkey in &mut certificate.public_subkeys {
        let key = subkey.key.clone();
        subkey.signatures.retain(|signature| {
            signature.typ() == Some(SignatureType::SubkeyRevocation)
                || SignedPublicSubKey::new(key.clone(), vec![signature.clone()])
                    .verify_bindings(&primary)
                    .is_ok()
        });
    }
    let is_bound = |it: &SignedPublicSubKey| {
        it.signatures.iter().any(|signature| signature.typ() == Some(SignatureType::SubkeyBinding))
    };
    certificate.public_subkeys.retain(is_bound);
}

#[cfg(test)]
pub(crate) mod tests;
