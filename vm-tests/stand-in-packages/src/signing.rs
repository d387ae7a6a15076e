//! The key that signs everything here: RSA, like AWS's, made once for tests and worth nothing elsewhere.

use crate::Result;
use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, Deserializable, DetachedSignature, EncryptionCaps, KeyType,
    SecretKeyParamsBuilder, SignedPublicKey, SignedSecretKey,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::ser::Serialize;
use pgp::types::{Duration, KeyDetails, Password, Timestamp};
use rand::thread_rng;
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const USER_ID: &str = "Landfall test signer (worthless outside tests) <tests@landfall.test>";
const BITS: u32 = 3072;

/// What is wrong with a signature that is otherwise sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It says that it was made before its key was.
    OlderThanTheKey,
    /// Its signer gave it an end, which has passed.
    Ended,
    /// It is over a hash that can be forged.
    Sha1,
    /// It is over text, in which ends of lines do not count.
    OverText,
}

/// The signing key.
pub struct TestKey {
    secret: SignedSecretKey,
}

impl TestKey {
    /// The key of a folder: `secret.asc`, with `trust-key.asc` and `fingerprint` beside it for those who
    /// are to trust it. It is made when it is not there.
    pub fn open_or_make(folder: &Path) -> Result<Self> {
        let file = folder.join("secret.asc");
        if let Ok(text) = fs::read_to_string(&file) {
            return Ok(TestKey { secret: SignedSecretKey::from_string(&text)?.0 });
        }
        fs::create_dir_all(folder)?;
        let key = Self::make()?;
        fs::write(folder.join("trust-key.asc"), key.public_armored()?)?;
        fs::write(folder.join("fingerprint"), key.fingerprint() + "\n")?;
        // Last, because its presence says that the other two are there.
        let armored = key.secret.to_armored_bytes(ArmorOptions::default())?;
        let part = folder.join("secret.asc.part");
        let mut open =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        std::io::Write::write_all(&mut open, &armored)?;
        fs::rename(part, file)?;
        Ok(key)
    }

    /// A further key, which is kept nowhere.
    pub fn make() -> Result<Self> {
        Ok(TestKey { secret: generated()? })
    }

    /// The public key, armored.
    pub fn public_armored(&self) -> Result<String> {
        Ok(SignedPublicKey::from(self.secret.clone()).to_armored_string(ArmorOptions::default())?)
    }

    /// The public key as gpgv wants its keyrings.
    pub fn public_binary(&self) -> Result<Vec<u8>> {
        Ok(SignedPublicKey::from(self.secret.clone()).to_bytes()?)
    }

    /// Forty hexadecimal digits in capitals.
    pub fn fingerprint(&self) -> String {
        hex::encode_upper(self.secret.fingerprint().as_bytes())
    }

    /// A detached signature, binary: the bare packet.
    pub fn detached(&self, data: &[u8]) -> Result<Vec<u8>> {
        Ok(self.signature(data)?.to_bytes()?)
    }

    /// A detached signature, armored.
    pub fn detached_armored(&self, data: &[u8]) -> Result<String> {
        Ok(self.signature(data)?.to_armored_string(ArmorOptions::default())?)
    }

    /// A detached signature of this key that nobody should accept, armored.
    pub fn flawed(&self, data: &[u8], flaw: Flaw) -> Result<String> {
        let key = &self.secret.primary_key;
        let typ = if flaw == Flaw::OverText { SignatureType::Text } else { SignatureType::Binary };
        let hash = if flaw == Flaw::Sha1 { HashAlgorithm::Sha1 } else { HashAlgorithm::Sha256 };
        let made = match flaw {
            Flaw::OlderThanTheKey => key.created_at().as_secs() - 1,
            _ => key.created_at().as_secs(),
        };
        let mut config = SignatureConfig::v4(typ, key.algorithm(), hash);
        config.hashed_subpackets = vec![
            Subpacket::regular(SubpacketData::SignatureCreationTime(Timestamp::from_secs(made)))?,
            Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint()))?,
        ];
        if flaw == Flaw::Ended {
            let life = Duration::from_secs(1);
            config.hashed_subpackets.push(Subpacket::regular(SubpacketData::SignatureExpirationTime(life))?);
        }
        let signature = DetachedSignature::new(config.sign(key, &Password::empty(), data)?);
        Ok(signature.to_armored_string(ArmorOptions::default())?)
    }

    /// A text with its signature around it, as in `InRelease`.
    pub fn clear_signed(&self, text: &str) -> Result<String> {
        let key = &self.secret.primary_key;
        let message = CleartextSignedMessage::sign(thread_rng(), text, key, &Password::empty())?;
        Ok(message.to_armored_string(ArmorOptions::default())?)
    }

    fn signature(&self, data: &[u8]) -> Result<DetachedSignature> {
        let key = &self.secret.primary_key;
        let hash = HashAlgorithm::Sha256;
        Ok(DetachedSignature::sign_binary_data(thread_rng(), key, &Password::empty(), hash, data)?)
    }
}

fn generated() -> Result<SignedSecretKey> {
    let mut parameters = SecretKeyParamsBuilder::default();
    parameters
        .key_type(KeyType::Rsa(BITS))
        .can_certify(true)
        .can_sign(true)
        .can_encrypt(EncryptionCaps::None)
        .primary_user_id(USER_ID.into())
        .preferred_hash_algorithms(vec![HashAlgorithm::Sha256].into());
    Ok(parameters.build()?.generate(thread_rng())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_its_signatures_verify() {
        let folder = tempfile::tempdir().unwrap();
        let made = TestKey::open_or_make(folder.path()).unwrap();
        let opened = TestKey::open_or_make(folder.path()).unwrap();
        assert_eq!(made.fingerprint(), opened.fingerprint());
        assert_eq!(made.fingerprint().len(), 40);
        let text = fs::read_to_string(folder.path().join("trust-key.asc")).unwrap();
        let public = SignedPublicKey::from_string(&text).unwrap().0;
        let bytes = opened.detached(b"data").unwrap();
        let signature = DetachedSignature::from_bytes(bytes.as_slice()).unwrap();
        signature.verify(&public.primary_key, b"data").unwrap();
        assert!(signature.verify(&public.primary_key, b"date").is_err());
    }
}
