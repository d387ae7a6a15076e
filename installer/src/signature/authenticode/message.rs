//! A message of the cryptographic message syntax (RFC 5652, and PKCS #7 before it): what was signed, by whom, and the
//! certificates that came along.
//!
//! Certificates stay the bytes that they came as, because their own signatures are over those.

use cms::cert::IssuerAndSerialNumber;
use cms::cert::x509::attr::Attribute;
use cms::cert::x509::der::asn1::{ObjectIdentifier, OctetString, SetOfVec};
use cms::cert::x509::der::{self, Any, AnyRef, Decode, Encode, Reader, SliceReader, Tag, TagNumber, Tagged};
use cms::cert::x509::spki::AlgorithmIdentifierOwned;
use cms::content_info::ContentInfo;
use cms::signed_data::{EncapsulatedContentInfo, SignerIdentifier, SignerInfo};
use rustls::pki_types::CertificateDer;

use super::certificates::{Bag, Certificate};
use super::no_count;
use crate::error::Result;

const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";

/// A kind of sum that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    /// The one that an algorithm names.
    pub fn of(algorithm: &AlgorithmIdentifierOwned) -> Result<Self> {
        match algorithm.oid.to_string().as_str() {
            "2.16.840.1.101.3.4.2.1" => Ok(Digest::Sha256),
            "2.16.840.1.101.3.4.2.2" => Ok(Digest::Sha384),
            "2.16.840.1.101.3.4.2.3" => Ok(Digest::Sha512),
            "1.3.14.3.2.26" => Err(no_count("it is over SHA-1, and at least SHA-256 is asked for")),
            other => Err(no_count(format!("it is over a sum that is not known ({other})"))),
        }
    }

    /// Over these parts, one after the other.
    pub fn sum(self, parts: &[&[u8]]) -> Vec<u8> {
        fn sum<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut hash = D::new();
            parts.iter().for_each(|part| hash.update(part));
            hash.finalize().to_vec()
        }
        match self {
            Digest::Sha256 => sum::<sha2::Sha256>(parts),
            Digest::Sha384 => sum::<sha2::Sha384>(parts),
            Digest::Sha512 => sum::<sha2::Sha512>(parts),
        }
    }
}

/// A message with what it is about in it.
pub struct Message {
    /// All that came along.
    pub certificates: Vec<CertificateDer<'static>>,
    content_type: ObjectIdentifier,
    content: Option<Any>,
    signers: Vec<SignerInfo>,
}

impl Message {
    /// Reads a message that is followed by the zeros at most that fill up eight bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let broken = |e: der::Error| no_count(format!("it is not written as signatures are: {e}"));
        let mut reader = SliceReader::new(bytes).map_err(broken)?;
        let information = ContentInfo::decode(&mut reader).map_err(broken)?;
        let rest = &bytes[bytes.len() - usize::try_from(reader.remaining_len()).unwrap_or(bytes.len())..];
        if rest.len() >= 8 || rest.iter().any(|byte| *byte != 0) {
            return Err(no_count("something is hidden in its padding"));
        }
        if information.content_type.to_string() != SIGNED_DATA {
            return Err(no_count("it is no signature"));
        }
        Self::signed_data(&information.content).map_err(broken)
    }

    fn signed_data(content: &Any) -> der::Result<Self> {
        let bytes = content.to_der()?;
        let mut reader = SliceReader::new(&bytes)?;
        let message = reader.sequence(|reader| {
            let _version = u8::decode(reader)?;
            let _digests = SetOfVec::<AlgorithmIdentifierOwned>::decode(reader)?;
            let content = EncapsulatedContentInfo::decode(reader)?;
            let certificates =
                field(reader, 0)?.map(|set| elements(set.value())).transpose()?.unwrap_or_default();
            let _revoked = field(reader, 1)?;
            let signers = SetOfVec::<SignerInfo>::decode(reader)?.into_vec();
            Ok(Self { certificates, content_type: content.econtent_type, content: content.econtent, signers })
        })?;
        reader.finish(message)
    }

    /// The one who signed.
    pub fn only_signer(&self) -> Result<Signer<'_>> {
        match &self.signers[..] {
            [signer] => Ok(Signer(signer)),
            [] => Err(no_count("nobody signed it")),
            _ => Err(no_count("more than one signed it")),
        }
    }

    /// What it is about, without its tag and length, as a signature is over it; to be of this type, written so.
    pub fn content(&self, kind: &str, tag: Tag) -> Result<&[u8]> {
        match &self.content {
            Some(content) if self.content_type.to_string() == kind && content.tag() == tag => {
                Ok(content.value())
            }
            _ => Err(no_count("it is a signature over something of another kind")),
        }
    }
}

/// A kind of sum, and a sum.
pub fn sum<'a>(reader: &mut impl Reader<'a>) -> der::Result<(AlgorithmIdentifierOwned, Vec<u8>)> {
    let algorithm = AlgorithmIdentifierOwned::decode(reader)?;
    Ok((algorithm, OctetString::decode(reader)?.into_bytes()))
}

/// A field that need not be there, with this number.
fn field<'a>(reader: &mut impl Reader<'a>, number: u8) -> der::Result<Option<Any>> {
    let tag = Tag::ContextSpecific { constructed: true, number: TagNumber::new(number) };
    match reader.peek_tag()? == tag {
        true => Any::decode(reader).map(Some),
        false => Ok(None),
    }
}

/// Each element of a set, as the bytes that it came as.
fn elements(set: &[u8]) -> der::Result<Vec<CertificateDer<'static>>> {
    let mut reader = SliceReader::new(set)?;
    let mut elements = Vec::new();
    while !reader.is_finished() {
        let element = reader.tlv_bytes()?;
        // Kinds of certificates that nobody uses have tags of their own.
        if AnyRef::from_der(element)?.tag() == Tag::Sequence {
            elements.push(CertificateDer::from(element.to_vec()));
        }
    }
    Ok(elements)
}

/// One who signed, and what was said beside the signature.
pub struct Signer<'a>(pub &'a SignerInfo);

impl Signer<'_> {
    /// Verifies the signature over a content of this type, by the certificate that it names, which is not trusted yet.
    pub fn verify<'b>(&self, bag: &'b Bag, content_type: &str, content: &[u8]) -> Result<&'b Certificate> {
        let digest = Digest::of(&self.0.digest_alg)?;
        let said: ObjectIdentifier = self.said(CONTENT_TYPE)?;
        let sum: OctetString = self.said(MESSAGE_DIGEST)?;
        if said.to_string() != content_type || sum.as_bytes() != digest.sum(&[content]) {
            return Err(no_count("it was made over something else"));
        }
        let certificate = bag.named(self.name()?)?;
        let signed = self.0.signed_attrs.to_der().map_err(|e| no_count(format!("it cannot be read: {e}")))?;
        certificate.verify(digest, &signed, self.signature())?;
        Ok(certificate)
    }

    /// The signature itself.
    pub fn signature(&self) -> &[u8] {
        self.0.signature.as_bytes()
    }

    /// What was added to it by others, of this type.
    pub fn additions(&self, kind: &str) -> Vec<&Any> {
        values(self.0.unsigned_attrs.iter().flat_map(|set| set.iter()), kind).collect()
    }

    /// What was signed with the content, of this type; to be there once, with one value.
    pub fn said<T: der::DecodeOwned>(&self, kind: &str) -> Result<T> {
        let attributes = self.0.signed_attrs.iter().flat_map(|set| set.iter());
        let values: Vec<&Any> = values(attributes, kind).collect();
        let value = if let [value] = values[..] { value.to_der().ok() } else { None };
        let value = value.and_then(|der| T::from_der(&der).ok());
        value.ok_or_else(|| no_count(format!("what was signed with it lacks a value, or has two ({kind})")))
    }

    fn name(&self) -> Result<&IssuerAndSerialNumber> {
        match &self.0.sid {
            SignerIdentifier::IssuerAndSerialNumber(name) => Ok(name),
            SignerIdentifier::SubjectKeyIdentifier(_) => Err(no_count("it names no certificate")),
        }
    }
}

fn values<'a>(attributes: impl Iterator<Item = &'a Attribute>, kind: &str) -> impl Iterator<Item = &'a Any> {
    attributes.filter(move |it| it.oid.to_string() == kind).flat_map(|it| it.values.iter())
}
