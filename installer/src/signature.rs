//! Which signatures count, and reading one.
//!
//! A signature counts when the key that made it is pinned for that use by fingerprint, it was made
//! while that key was valid, and it is a binary signature over SHA-256 or stronger. "A subkey of" a
//! pinned key does not count, and neither does any trust that a certificate claims for itself. There
//! is no key server, no download of keys and no keyring.

use std::io::{self, Read};

use jiff::{SignedDuration, Timestamp};
use pgp::composed::{Deserializable, DetachedSignature};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType};
use pgp::types::KeyDetails;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result, While};

#[cfg(any(windows, test))]
pub mod authenticode;
mod ending;
mod operator;
mod pinned;

pub use ending::ending;
pub use operator::Certificate;
pub use pinned::{PinnedKey, pinned};

const NOTHING_INSTALLED: &str = "nothing was installed; the file may have been changed on its way: see where it comes from before trying again";

/// How far the clocks of two machines may be apart: a time zone mistaken for another, at worst.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(24);

/// What a key may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Use {
    /// The SSM agent's packages.
    Ssm,
    /// The ECS agent's packages.
    Ecs,
    /// None: who signed is said in the file itself, which is looked at when it is whole.
    #[cfg(any(windows, test))]
    Inside,
}

/// Whose signature counts for a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// AWS's keys for this use.
    pub aws: Use,
    /// A further certificate that the operator trusts besides, for a file of theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    /// The SHA-256 that the file must have besides, in hexadecimal figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether that sum alone counts, and no signature is asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsigned: bool,
}

impl Trust {
    /// AWS's keys for this use alone.
    #[must_use]
    pub fn of(aws: Use) -> Self {
        Self { aws, certificate: None, sha256: None, unsigned: false }
    }

    /// Verifies what a reader yields: its sum where one is asked for, and the detached signature over it
    /// unless the sum alone counts. Returns who vouches for it: the signer's fingerprint, or the sum.
    ///
    /// # Errors
    /// When the signature does not count or the sum is another, with the reason.
    pub fn verify(&self, signature: &[u8], data: impl Read, now: Timestamp) -> Result<String> {
        let mut data = Hashing { data, hash: self.sha256.as_ref().map(|_| Sha256::new()) };
        #[cfg(any(windows, test))]
        if self.aws == Use::Inside {
            io::copy(&mut data, &mut io::sink()).while_doing(|| "reading the program".into())?;
            return Ok("not known yet".into());
        }
        let signer = match (self.unsigned, &self.sha256) {
            (false, _) => self.verify_signature(signature, &mut data, now)?,
            (true, Some(sum)) => format!("sha256:{sum}"),
            (true, None) => return Err(Error::bug("a package with neither a signature nor a sum")),
        };
        io::copy(&mut data, &mut io::sink()).while_doing(|| "reading the package".into())?;
        let found = data.hash.map(|hash| hex::encode(hash.finalize()));
        match found {
            Some(found) if self.sha256.as_ref() != Some(&found) => Err(Error::failed(format!(
                "the package's SHA-256 is {found}, and not that of --package-sha256"
            ))
            .hint(NOTHING_INSTALLED)),
            _ => Ok(signer),
        }
    }

    fn verify_signature(&self, signature: &[u8], data: impl Read, now: Timestamp) -> Result<String> {
        let signature = parse(signature)?;
        must_be_strong(&signature)?;
        let key = self.signer_of(&signature)?;
        must_be_in_validity(&signature, &key, now)?;
        signature
            .verify(&key.key, data)
            .map_err(|_| no_count(format!("the file is not what {} signed", key.fingerprint)))?;
        Ok(key.fingerprint)
    }

    fn signer_of(&self, signature: &Signature) -> Result<PinnedKey> {
        let fingerprints = signature.issuer_fingerprint();
        let ids = signature.issuer_key_id();
        let named = |key: &PinnedKey| {
            fingerprints.iter().any(|named| **named == key.key.fingerprint())
                || (fingerprints.is_empty() && ids.iter().any(|id| **id == key.key.legacy_key_id()))
        };
        self.keys()?.into_iter().find(named).ok_or_else(|| {
            let who = fingerprints
                .first()
                .map(ToString::to_string)
                .or_else(|| ids.first().map(|id| format!("key id {id}")))
                .map_or_else(|| "nobody it names".to_owned(), |name| name.to_uppercase());
            no_count(format!("it was signed by {who}, and that key is not trusted for this package"))
        })
    }

    fn keys(&self) -> Result<Vec<PinnedKey>> {
        let mut keys: Vec<PinnedKey> = pinned().into_iter().filter(|key| key.usage == self.aws).collect();
        if let Some(certificate) = &self.certificate {
            keys.push(certificate.key(self.aws)?);
        }
        Ok(keys)
    }
}

/// Sums up what is read through it, where a sum is asked for.
struct Hashing<R> {
    data: R,
    hash: Option<Sha256>,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.data.read(buffer)?;
        if let Some(hash) = &mut self.hash {
            hash.update(&buffer[..count]);
        }
        Ok(count)
    }
}

fn parse(signature: &[u8]) -> Result<Signature> {
    let parsed = if signature.starts_with(b"-----BEGIN") {
        DetachedSignature::from_armor_single(signature).map(|(signature, _)| signature)
    } else {
        DetachedSignature::from_bytes(signature)
    };
    parsed
        .map(|detached| detached.signature)
        .map_err(|_| no_count("the signature file holds no OpenPGP signature".into()))
}

fn must_be_strong(signature: &Signature) -> Result<()> {
    if signature.typ() != Some(SignatureType::Binary) {
        return Err(no_count("it is not a signature over a binary file".into()));
    }
    match signature.hash_alg() {
        Some(HashAlgorithm::Sha256 | HashAlgorithm::Sha384 | HashAlgorithm::Sha512) => Ok(()),
        Some(other) => Err(no_count(format!("it is over {other}, and at least SHA-256 is asked for"))),
        None => Err(no_count("it does not say over which hash it is".into())),
    }
}

fn must_be_in_validity(signature: &Signature, key: &PinnedKey, now: Timestamp) -> Result<()> {
    let made = signature
        .created()
        .and_then(|made| Timestamp::from_second(i64::from(made.as_secs())).ok())
        .ok_or_else(|| no_count("it does not say when it was made".into()))?;
    let late = key.valid_until.is_some_and(|end| made >= end);
    if made < key.created || late {
        return Err(no_count(format!(
            "{} signed it on {made}, when that key was not valid",
            key.fingerprint
        )));
    }
    // One from a later day was dated by whoever wants it to count for longer than its key, or this clock is wrong.
    if made > now + CLOCKS_DIFFER {
        return Err(no_count(format!("it is dated {made}, which is still to come"))
            .hint("see that this machine's clock is right: nothing was installed"));
    }
    // A signer who gave the signature itself an end wants nobody to offer the file after it.
    let life =
        signature.signature_expiration_time().map(|life| i64::from(life.as_secs())).filter(|it| *it > 0);
    match life.and_then(|life| made.checked_add(SignedDuration::from_secs(life)).ok()) {
        Some(end) if end < now => Err(no_count(format!("it was good until {end} only"))),
        _ => Ok(()),
    }
}

fn no_count(why: String) -> Error {
    Error::failed(format!("the package's signature does not count: {why}")).hint(NOTHING_INSTALLED)
}

#[cfg(test)]
mod tests;
