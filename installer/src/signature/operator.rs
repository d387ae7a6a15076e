//! The one certificate that an operator trusts besides AWS's keys, for packages of a mirror of their own.
//!
//! Its primary key alone counts, and only under the fingerprint that was given with it: what else the
//! certificate says, or binds to itself, is nobody's word but its own.

use pgp::composed::{Deserializable, SignedPublicKey};
use pgp::types::KeyDetails;
use serde::{Deserialize, Serialize};

use super::{PinnedKey, Use};
use crate::error::{Error, Result};

/// A certificate whose fingerprint was given beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The fingerprint of its primary key, in capitals: all of it that a plan or a receipt shows.
    pub fingerprint: String,
    /// A receipt is read to take back what was done, and nothing is verified then.
    #[serde(skip)]
    armored: String,
}

impl Certificate {
    /// Reads an armored certificate that must have this fingerprint, which may be written in groups.
    ///
    /// # Errors
    /// When it is no certificate, or another one. Nothing was touched then.
    pub fn read(armored: String, fingerprint: &str) -> Result<Self> {
        let given = in_capitals(fingerprint);
        if !is_fingerprint(&given) {
            return Err(Error::refused(format!("'{fingerprint}' is not the fingerprint of a certificate"))
                .hint("it has 40 hexadecimal figures, as 'gpg --show-keys FILE' prints them"));
        }
        let found = shown(&parsed(&armored)?);
        if found != given {
            return Err(Error::refused(format!(
                "the certificate of --trust-key has the fingerprint {found}, and not that of --trust-fingerprint"
            ))
            .hint("ask whoever signs the packages for the fingerprint, by another way than the certificate came"));
        }
        Ok(Self { fingerprint: given, armored })
    }

    pub(super) fn key(&self, usage: Use) -> Result<PinnedKey> {
        Ok(PinnedKey::of_operator(parsed(&self.armored)?.primary_key, usage))
    }
}

fn parsed(armored: &str) -> Result<SignedPublicKey> {
    SignedPublicKey::from_string(armored).map(|(certificate, _)| certificate).map_err(|e| {
        Error::refused(format!("the file of --trust-key is no armored OpenPGP certificate: {e}"))
            .hint("export it with 'gpg --armor --export FINGERPRINT'")
    })
}

fn shown(certificate: &SignedPublicKey) -> String {
    in_capitals(&certificate.primary_key.fingerprint().to_string())
}

fn in_capitals(fingerprint: &str) -> String {
    fingerprint.split_whitespace().collect::<String>().to_uppercase()
}

/// Of version 4 or of version 6.
fn is_fingerprint(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
