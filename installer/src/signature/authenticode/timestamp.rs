//! When a program was signed, as somebody trusted says who saw the signature then.
//!
//! There are two ways to say it: a token of its own (RFC 3161), and a signature over the signature, which is older. Who
//! says it needs a certificate that is good now, unlike who signed: a key that has ended says no more what was before.

use cms::cert::x509::der::asn1::ObjectIdentifier;
use cms::cert::x509::der::{self, Any, Decode, Encode, Reader, SliceReader, Tag, Tagged};
use cms::cert::x509::time::Time;
use cms::signed_data::SignerInfo;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;

use super::certificates::{Bag, Usage};
use super::message::{self, Digest, Message, Signer};
use super::no_count;
use crate::error::Result;
use crate::signature::CLOCKS_DIFFER;

/// Where a token is added to a signature, and what it is about.
const TOKEN: &str = "1.3.6.1.4.1.311.3.3.1";
const TOKEN_CONTENT: &str = "1.2.840.113549.1.9.16.1.4";

/// Where a signature over a signature is added, what that is about, and where it says when it was made.
const COUNTERSIGNATURE: &str = "1.2.840.113549.1.9.6";
const DATA: &str = "1.2.840.113549.1.7.1";
const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";

/// When it was signed, where that is said; who says it must be trusted.
pub fn of(signer: &Signer, bag: &Bag, roots: &[CertificateDer], now: Timestamp) -> Result<Option<Timestamp>> {
    let (tokens, older) = (signer.additions(TOKEN), signer.additions(COUNTERSIGNATURE));
    let at = match (&tokens[..], &older[..]) {
        ([], []) => return Ok(None),
        ([token], []) => by_token(token, signer, bag, roots, now)?,
        ([], [older]) => by_countersignature(older, signer, bag, roots, now)?,
        _ => return Err(no_count("more than one says when it was signed")),
    };
    match at > now + CLOCKS_DIFFER {
        true => Err(no_count(format!("it is dated {at}, which is still to come"))
            .hint("see that this machine's clock is right: nothing was installed")),
        false => Ok(Some(at)),
    }
}

/// The certificates that came with tokens, as far as those can be read.
pub fn certificates(signer: &Signer) -> Vec<CertificateDer<'static>> {
    let read = |token: &Any| Message::parse(&token.to_der().ok()?).ok();
    let tokens = signer.additions(TOKEN);
    tokens.iter().filter_map(|token| read(token)).flat_map(|token| token.certificates).collect()
}

fn by_token(
    token: &Any,
    signer: &Signer,
    bag: &Bag,
    roots: &[CertificateDer],
    now: Timestamp,
) -> Result<Timestamp> {
    let broken = |e: der::Error| no_count(format!("what says when it was signed cannot be read: {e}"));
    let message = Message::parse(&token.to_der().map_err(broken)?)?;
    let bag = bag.with(&message.certificates);
    let content = message.content(TOKEN_CONTENT, Tag::OctetString)?;
    let certificate = message.only_signer()?.verify(&bag, TOKEN_CONTENT, content)?;
    certificate.must_be_trusted(&bag, roots, now, Usage::StampingTime)?;
    let Stamp { algorithm, sum, time } = Stamp::read(content).map_err(broken)?;
    if Digest::of(&algorithm)?.sum(&[signer.signature()]) != sum {
        return Err(no_count("when it was signed is said of another signature"));
    }
    moment(&time).ok_or_else(|| no_count(format!("it is said to be signed at '{time}', which is no time")))
}

fn by_countersignature(
    older: &Any,
    signer: &Signer,
    bag: &Bag,
    roots: &[CertificateDer],
    now: Timestamp,
) -> Result<Timestamp> {
    let witness: SignerInfo = older
        .decode_as()
        .map_err(|e| no_count(format!("what says when it was signed cannot be read: {e}")))?;
    let witness = Signer(&witness);
    let certificate = witness.verify(bag, DATA, signer.signature())?;
    certificate.must_be_trusted(bag, roots, now, Usage::StampingTime)?;
    let at: Time = witness.said(SIGNING_TIME)?;
    let since = SignedDuration::try_from(at.to_unix_duration());
    since
        .ok()
        .and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok())
        .ok_or_else(|| no_count("it is said to be signed at no time that there is"))
}

/// What a token says (`TSTInfo`), as far as it is of use.
struct Stamp {
    algorithm: cms::cert::x509::spki::AlgorithmIdentifierOwned,
    sum: Vec<u8>,
    time: String,
}

impl Stamp {
    fn read(content: &[u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(content)?;
        let stamp = reader.sequence(|reader| {
            let _version = u8::decode(reader)?;
            let _policy = ObjectIdentifier::decode(reader)?;
            let (algorithm, sum) = reader.sequence(message::sum)?;
            let _number = Any::decode(reader)?;
            let time = Any::decode(reader)?;
            time.tag().assert_eq(Tag::GeneralizedTime)?;
            // How exact it is, and more that need not be there.
            while !reader.is_finished() {
                Any::decode(reader)?;
            }
            Ok(Self { algorithm, sum, time: String::from_utf8_lossy(time.value()).into_owned() })
        })?;
        reader.finish(stamp)
    }
}

/// The moment of a `GeneralizedTime`, which may have fractions of a second here, as it may not in certificates.
fn moment(text: &str) -> Option<Timestamp> {
    let time = DateTime::strptime("%Y%m%d%H%M%S%.f", text.strip_suffix('Z')?).ok()?;
    time.to_zoned(TimeZone::UTC).map(|it| it.timestamp()).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_moment_may_have_fractions_and_is_always_in_utc() {
        let moment = |text: &str| super::moment(text).map(|it| it.to_string());
        assert_eq!(moment("20260102030405Z").as_deref(), Some("2026-01-02T03:04:05Z"));
        assert_eq!(moment("20260102030405.25Z").as_deref(), Some("2026-01-02T03:04:05.25Z"));
        for wrong in ["20260102030405", "20260102030405+0100", "260102030405Z", "20261302030405Z", "Z"] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }
}
