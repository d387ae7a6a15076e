//! The certificates that came with a signature, and whether a trusted authority stands behind one.
//!
//! The chain is built and checked by rustls' own verifier of certificates, as for a TLS server, for another use.

use cms::cert::IssuerAndSerialNumber;
use cms::cert::x509::der::asn1::{PrintableStringRef, Utf8StringRef};
use cms::cert::x509::der::{Any, Decode};
use cms::cert::x509::ext::pkix::ExtendedKeyUsage;
use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::message::Digest;
use super::no_count;
use crate::error::{Error, Result};

const ORGANISATION: &str = "2.5.4.10";

/// What a certificate is to be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Signing programs.
    SigningCode,
    /// Saying when something was there.
    StampingTime,
}

impl Usage {
    /// Its object identifier.
    fn identifier(self) -> &'static str {
        match self {
            Usage::SigningCode => "1.3.6.1.5.5.7.3.3",
            Usage::StampingTime => "1.3.6.1.5.5.7.3.8",
        }
    }

    /// What an authority's certificate must allow, where it allows some uses only: the same, as certificates have it.
    fn of_authorities(self) -> KeyUsage {
        match self {
            Usage::SigningCode => KeyUsage::required_if_present(&[0x2b, 6, 1, 5, 5, 7, 3, 3]),
            Usage::StampingTime => KeyUsage::required_if_present(&[0x2b, 6, 1, 5, 5, 7, 3, 8]),
        }
    }

    fn by_whom(self) -> &'static str {
        match self {
            Usage::SigningCode => "who signed it",
            Usage::StampingTime => "who says when it was signed",
        }
    }
}

/// What came along: nothing in it is trusted.
pub struct Bag(Vec<Certificate>);

impl Bag {
    /// Those that can be read.
    pub fn new<'a>(certificates: impl IntoIterator<Item = &'a CertificateDer<'static>>) -> Self {
        let read = |der: &CertificateDer<'static>| {
            let parsed = cms::cert::x509::Certificate::from_der(der).ok()?;
            Some(Certificate { der: der.clone(), parsed })
        };
        Self(certificates.into_iter().filter_map(read).collect())
    }

    /// The one with this name.
    pub fn named(&self, name: &IssuerAndSerialNumber) -> Result<&Certificate> {
        let is_it = |it: &&Certificate| {
            let certificate = &it.parsed.tbs_certificate;
            certificate.issuer == name.issuer && certificate.serial_number == name.serial_number
        };
        self.0.iter().find(is_it).ok_or_else(|| no_count("the certificate of who signed it is not there"))
    }

    /// All of them, and those.
    pub fn with<'a>(&'a self, others: &'a [CertificateDer<'static>]) -> Self {
        Self::new(others.iter().chain(self.0.iter().map(|it| &it.der)))
    }
}

/// One of them.
pub struct Certificate {
    der: CertificateDer<'static>,
    parsed: cms::cert::x509::Certificate,
}

impl Certificate {
    /// Verifies what the key of this certificate signed.
    pub fn verify(&self, digest: Digest, message: &[u8], signature: &[u8]) -> Result<()> {
        let certificate = self.end_entity()?;
        let verifies = |by| certificate.verify_signature(by, message, signature).is_ok();
        match for_digest(digest).into_iter().any(verifies) {
            true => Ok(()),
            false => Err(no_count("the key that it names did not make it")),
        }
    }

    /// Whether one of these roots stands behind it at that time, for that use.
    pub fn must_be_trusted(
        &self,
        bag: &Bag,
        roots: &[CertificateDer],
        at: Timestamp,
        usage: Usage,
    ) -> Result<()> {
        if !self.is_for(usage) {
            return Err(no_count(format!("the certificate of {} is for another use", usage.by_whom())));
        }
        // Of a list of roots, what this cannot read vouches for nobody.
        let anchors: Vec<TrustAnchor> =
            roots.iter().filter_map(|root| anchor_from_trusted_cert(root).ok()).collect();
        let others: Vec<CertificateDer> = bag.0.iter().map(|it| it.der.clone()).collect();
        let seconds = u64::try_from(at.as_second()).map_err(|_| no_count("it is dated before 1970"))?;
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        self.end_entity()?
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &anchors,
                &others,
                time,
                usage.of_authorities(),
                None,
                None,
            )
            .map(drop)
            .map_err(|error| untrusted(&error, usage))
    }

    /// The organisation that it names.
    pub fn organisation(&self) -> Result<String> {
        let parts = self.parsed.tbs_certificate.subject.0.iter().flat_map(|it| it.0.iter());
        let mut named = parts.filter(|it| it.oid.to_string() == ORGANISATION).map(|it| text(&it.value));
        match (named.next(), named.next()) {
            (Some(Some(name)), None) => Ok(name),
            _ => Err(no_count("its certificate does not name one organisation")),
        }
    }

    /// Whether it names this use, which one that names none does not.
    fn is_for(&self, usage: Usage) -> bool {
        let uses = self.parsed.tbs_certificate.get::<ExtendedKeyUsage>().ok().flatten();
        uses.is_some_and(|(_, uses)| uses.0.iter().any(|it| it.to_string() == usage.identifier()))
    }

    fn end_entity(&self) -> Result<EndEntityCert<'_>> {
        EndEntityCert::try_from(&self.der)
            .map_err(|e| no_count(format!("its certificate cannot be read: {e}")))
    }
}

fn text(value: &Any) -> Option<String> {
    let utf8 = value.decode_as::<Utf8StringRef>().map(|it| it.as_str().to_owned());
    utf8.or_else(|_| value.decode_as::<PrintableStringRef>().map(|it| it.as_str().to_owned())).ok()
}

/// What may have made a signature over such a sum; a certificate's key is for one of them.
fn for_digest(digest: Digest) -> Vec<&'static dyn SignatureVerificationAlgorithm> {
    use webpki::ring::*;
    match digest {
        Digest::Sha256 => vec![RSA_PKCS1_2048_8192_SHA256, ECDSA_P256_SHA256, ECDSA_P384_SHA256],
        Digest::Sha384 => vec![RSA_PKCS1_2048_8192_SHA384, ECDSA_P256_SHA384, ECDSA_P384_SHA384],
        Digest::Sha512 => vec![RSA_PKCS1_2048_8192_SHA512],
    }
}

fn untrusted(error: &webpki::Error, usage: Usage) -> Error {
    let who = usage.by_whom();
    let day = |time: &UnixTime| {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        Timestamp::from_second(seconds).map_or_else(|_| "no day".to_owned(), |it| it.to_string())
    };
    no_count(match error {
        webpki::Error::CertExpired { not_after, .. } => {
            format!("the certificate of {who} was good until {} only", day(not_after))
        }
        webpki::Error::CertNotValidYet { not_before, .. } => {
            format!("the certificate of {who} was not good before {}", day(not_before))
        }
        // The second is of one that calls itself by the name of one that is trusted.
        webpki::Error::UnknownIssuer | webpki::Error::InvalidSignatureForPublicKey => {
            format!("no authority that this machine trusts vouches for {who}")
        }
        webpki::Error::RequiredEkuNotFoundContext(_) => {
            format!("an authority of {who} is for another use")
        }
        other => format!("the certificate of {who} does not count ({other})"),
    })
}
