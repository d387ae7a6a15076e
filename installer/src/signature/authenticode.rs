//! Whether a program for Windows comes from who should have made it: Authenticode, without Windows.
//!
//! A pure function over the bytes of the file, so it is tested anywhere, with files that the real `osslsigncode` signed.
//! It knows one file, one signature and one publisher: who signs, over which roots, is the caller's to say. What
//! Windows itself would add, whether a certificate was revoked, is asked of nobody here.
//!
//! Where the rules leave room, the narrow reading counts: every byte of the file but those that the rules leave out is
//! under the sum, nothing stands behind the signature, and nothing is hidden in its padding. SHA-1 counts nowhere.

use cms::cert::x509::der::asn1::ObjectIdentifier;
use cms::cert::x509::der::{self, Any, Decode, Reader, SliceReader, Tag};
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;

use super::NOTHING_INSTALLED;
use crate::error::{Error, Result};

mod certificates;
mod image;
mod message;
mod timestamp;

use certificates::{Bag, Usage};
use image::Image;
use message::{Digest, Message};

/// The content of a signature over a program, and in it what says that the program is one of Windows'.
const INDIRECT_DATA: &str = "1.3.6.1.4.1.311.2.1.4";
const PORTABLE_EXECUTABLE: &str = "1.3.6.1.4.1.311.2.1.15";

/// Whose signature counts.
#[derive(Debug, Clone)]
pub struct Policy<'a> {
    /// The certificates of authorities that are trusted, for who signs and for who says when. A machine's own list has
    /// them; a Windows that was just set up has few there, and fetches others when it is asked about [`certificates`].
    pub roots: &'a [CertificateDer<'a>],
    /// The organisation that the signer's certificate must name, to the letter; one of these.
    pub publishers: &'a [&'a str],
}

/// Who vouches for a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The organisation that its certificate names.
    pub publisher: String,
    /// When it was signed, where somebody trusted says so.
    pub at: Option<Timestamp>,
}

/// Verifies the signature in the bytes of a program.
///
/// A certificate that has ended since is good for what was signed before, as a trusted time stamp tells.
///
/// # Errors
/// When there is no signature or it does not count, with the reason.
pub fn verify(program: &[u8], policy: &Policy, now: Timestamp) -> Result<Signed> {
    let image = Image::parse(program)?;
    let message = Message::parse(image.signature)?;
    let content = message.content(INDIRECT_DATA, Tag::Sequence)?;
    let (digest, sum) = indirect_data(content)?;
    if image.sum(digest) != sum {
        return Err(no_count("the file is not what was signed"));
    }
    let bag = Bag::new(&message.certificates);
    let signer = message.only_signer()?;
    let certificate = signer.verify(&bag, INDIRECT_DATA, content)?;
    let at = timestamp::of(&signer, &bag, policy.roots, now)?;
    certificate.must_be_trusted(&bag, policy.roots, at.unwrap_or(now), Usage::SigningCode)?;
    let publisher = certificate.organisation()?;
    if !policy.publishers.contains(&publisher.as_str()) {
        return Err(no_count(format!(
            "it was signed by {publisher}, and not by {}",
            policy.publishers.join(" or ")
        )));
    }
    Ok(Signed { publisher, at })
}

/// The certificates that came along with a signature and with what says when it was made: nothing in them is trusted.
///
/// # Errors
/// When there is no signature that can be read.
pub fn certificates(program: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let message = Message::parse(Image::parse(program)?.signature)?;
    let of_clocks = timestamp::certificates(&message.only_signer()?);
    Ok(message.certificates.into_iter().chain(of_clocks).collect())
}

/// What was signed: a kind of sum, and the sum of a program.
fn indirect_data(content: &[u8]) -> Result<(Digest, Vec<u8>)> {
    let read = || -> der::Result<_> {
        let mut reader = SliceReader::new(content)?;
        let kind = reader.sequence(|reader| {
            let kind = ObjectIdentifier::decode(reader)?;
            Any::decode(reader).map(|_| kind)
        })?;
        let (algorithm, sum) = reader.sequence(message::sum)?;
        reader.finish((kind, algorithm, sum))
    };
    let (kind, algorithm, sum) =
        read().map_err(|e| no_count(format!("what it is over cannot be read: {e}")))?;
    if kind.to_string() != PORTABLE_EXECUTABLE {
        return Err(no_count("it was signed as another kind of file than a program"));
    }
    Ok((Digest::of(&algorithm)?, sum))
}

fn no_count(why: impl std::fmt::Display) -> Error {
    Error::failed(format!("the program's signature does not count: {why}")).hint(NOTHING_INSTALLED)
}

#[cfg(test)]
mod tests;
