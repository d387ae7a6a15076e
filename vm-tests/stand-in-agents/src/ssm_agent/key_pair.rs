//! The RSA-2048 key pair of a managed instance, and the signature that proves it.

use base64::{Engine, prelude::BASE64_STANDARD};
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
use rsa::pkcs8::EncodePublicKey;
use rsa::pss::BlindedSigningKey;
use rsa::rand_core::OsRng;
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::Sha256;

/// A key pair in the agent's encodings.
pub struct KeyPair {
    /// Base64 of DER SubjectPublicKeyInfo.
    pub public: String,
    /// Base64 of DER PKCS #1.
    pub private: String,
}

impl KeyPair {
    /// A new one.
    pub fn generate() -> Result<Self, String> {
        let private = RsaPrivateKey::new(&mut OsRng, 2048).map_err(|error| error.to_string())?;
        let public = RsaPublicKey::from(&private).to_public_key_der().map_err(|error| error.to_string())?;
        let private = private.to_pkcs1_der().map_err(|error| error.to_string())?;
        Ok(KeyPair {
            public: BASE64_STANDARD.encode(public.as_bytes()),
            private: BASE64_STANDARD.encode(private.as_bytes()),
        })
    }
}

/// Base64 of RSA-PSS with SHA-256 and a salt of 32 bytes, over a string to sign.
pub fn signature(private: &str, text: &str) -> Result<String, String> {
    let der = BASE64_STANDARD.decode(private).map_err(|error| error.to_string())?;
    let key = RsaPrivateKey::from_pkcs1_der(&der).map_err(|error| error.to_string())?;
    let signer = BlindedSigningKey::<Sha256>::new_with_salt_len(key, 32);
    let signed = signer.try_sign_with_rng(&mut OsRng, text.as_bytes()).map_err(|error| error.to_string())?;
    Ok(BASE64_STANDARD.encode(signed.to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsa::pkcs8::DecodePublicKey;
    use rsa::pss::{Signature, VerifyingKey};
    use rsa::signature::Verifier;

    #[test]
    fn a_signature_verifies_with_the_registered_public_key() {
        let pair = KeyPair::generate().unwrap();
        assert_eq!(pair.public.len(), 392, "the length that the service asks for");
        let der = BASE64_STANDARD.decode(&pair.public).unwrap();
        let key =
            VerifyingKey::<Sha256>::new_with_salt_len(RsaPublicKey::from_public_key_der(&der).unwrap(), 32);
        let bytes = BASE64_STANDARD.decode(signature(&pair.private, "text").unwrap()).unwrap();
        key.verify(b"text", &Signature::try_from(bytes.as_slice()).unwrap()).unwrap();
    }
}
