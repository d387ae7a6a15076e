//! The one certificate that an operator trusts besides AWS's keys, for packages of a mirror of their own.
//!
//! Its primary key alone counts, and only under the fingerprint that was given with it: what else the
//! certificate says, or binds to itself, is nobody's word but its own.

use jiff::Timestamp;
use pgp::composed::{Deserializable, SignedPublicKey};
use pgp::packet::{Signature, SignatureType};
use pgp::types::{KeyDetails, SignedUser, Tag};
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
        let certificate = parsed(&armored)?;
        let found = shown(&certificate);
        if found != given {
            return Err(Error::refused(format!(
                "the certificate of --trust-key has the fingerprint {found}, and not that of --trust-fingerprint"
            ))
            .hint("ask whoever signs the packages for the fingerprint, by another way than the certificate came"));
        }
        if is_revoked(&certificate) {
            return Err(Error::refused(format!("the certificate {found} of --trust-key was revoked"))
                .hint("ask whoever signs the packages for the certificate of their new key"));
        }
        Ok(Self { fingerprint: given, armored })
    }

    pub(super) fn key(&self, usage: Use) -> Result<PinnedKey> {
        let certificate = parsed(&self.armored)?;
        let valid_until = end(&certificate);
        Ok(PinnedKey::of_operator(certificate.primary_key, usage, valid_until))
    }
}

fn parsed(armored: &str) -> Result<SignedPublicKey> {
    SignedPublicKey::from_string(armored).map(|(certificate, _)| certificate).map_err(|e| {
        Error::refused(format!("the file of --trust-key is no armored OpenPGP certificate: {e}"))
            .hint("export it with 'gpg --armor --export FINGERPRINT'")
    })
}

fn is_revoked(certificate: &SignedPublicKey) -> bool {
    let revocations = &certificate.details.revocation_signatures;
    revocations.iter().any(|signature| signature.verify_key(&certificate.primary_key).is_ok())
}

/// The end that the key was given last, by a certification or a signature of its own over itself (RFC 9580,
/// section 5.2.3.13). What was said of a user id that was revoked counts where no other is left: a revocation
/// gives a key no longer life.
fn end(certificate: &SignedPublicKey) -> Option<Timestamp> {
    let key = &certificate.primary_key;
    let direct = certificate.details.direct_signatures.iter();
    let direct = direct.filter(|it| it.typ() == Some(SignatureType::Key) && it.verify_key(key).is_ok());
    let (revoked, valid): (Vec<&SignedUser>, Vec<_>) =
        certificate.details.users.iter().partition(|user| is_revoked_user(certificate, user));
    let of = |users: Vec<&'_ SignedUser>| -> Vec<Signature> {
        users
            .into_iter()
            .flat_map(|user| by_itself(certificate, user))
            .filter(|it| is_certification(it))
            .cloned()
            .collect()
    };
    let mut counting = of(valid);
    counting.extend(direct.cloned());
    if counting.is_empty() {
        counting = of(revoked);
    }
    let last = counting.into_iter().max_by_key(|it| it.created().map(|made| made.as_secs()))?;
    let life = last.key_expiration_time().filter(|life| life.as_secs() > 0)?;
    let end = i64::from(key.created_at().as_secs()) + i64::from(life.as_secs());
    Timestamp::from_second(end).ok()
}

/// A revocation says nothing of a key's life.
fn is_certification(signature: &Signature) -> bool {
    signature.is_certification() && signature.typ() != Some(SignatureType::CertRevocation)
}

/// What the key itself says of a user id.
fn by_itself<'a>(
    certificate: &'a SignedPublicKey,
    user: &'a SignedUser,
) -> impl Iterator<Item = &'a Signature> {
    let key = &certificate.primary_key;
    let verifies = |it: &&Signature| it.verify_certification(key, Tag::UserId, &user.id).is_ok();
    user.signatures.iter().filter(verifies)
}

/// Whether nothing that was said of a user id is later than its revocation.
fn is_revoked_user(certificate: &SignedPublicKey, user: &SignedUser) -> bool {
    let last = by_itself(certificate, user).max_by_key(|it| it.created().map(|made| made.as_secs()));
    last.is_some_and(|it| it.typ() == Some(SignatureType::CertRevocation))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(armored: &str, fingerprint: &str) -> Result<Certificate> {
        Certificate::read(armored.to_owned(), fingerprint)
    }

    #[test]
    fn a_certificate_counts_until_the_end_that_it_was_given() {
        let ended = include_str!("../../tests/certificates/ended.asc");
        let key = read(ended, "54BD1779F5B3CDC5486078A3355358AE3C953D44").unwrap().key(Use::Ecs).unwrap();
        assert_eq!(
            key.valid_until.map(|end| end.to_string().chars().take(7).collect()),
            Some("2025-01".to_owned())
        );
        let endless = include_str!("../../tests/certificates/operator.asc");
        let key = read(endless, "C1D7F90776118FEB60B8EB32723399571A4B01FC").unwrap().key(Use::Ecs).unwrap();
        assert_eq!(key.valid_until, None);
    }

    #[test]
    fn a_revoked_certificate_is_refused() {
        let revoked = include_str!("../../tests/certificates/revoked.asc");
        let error = read(revoked, "AF7108A4CCA03ADD6BF72BD510A0270DBCC1E9B4").unwrap_err();
        assert!(error.exit_code() == 2 && error.what.ends_with("was revoked"), "{error}");
    }
}
