//! Signatures of seeds, for images whose policy names keys: minisign's, of the hash, beside the file.

use std::io::Cursor;
use std::path::Path;

use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox};

use crate::error::{Error, Result};

/// A key that signs.
pub struct Signer {
    public: PublicKey,
    secret: SecretKey,
}

impl Signer {
    /// Reads a secret key of minisign. One with a password asks for it at the terminal.
    ///
    /// # Errors
    /// When others may read it, or it is none.
    pub fn read(path: &Path) -> Result<Self> {
        super::private::demand(path)?;
        let named = |what: String| Error::refused(format!("{}: {what}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|e| named(e.to_string()))?;
        let broken = |e: minisign::PError| named(format!("this is no secret key of minisign: {e}"));
        let boxed = || SecretKeyBox::from_string(&text).map_err(broken);
        // One that has no password says so only when it is opened.
        let secret = match boxed()?.into_unencrypted_secret_key() {
            Ok(secret) => secret,
            Err(_) => boxed()?.into_secret_key(None).map_err(broken)?,
        };
        let public = PublicKey::from_secret_key(&secret).map_err(broken)?;
        Ok(Self { public, secret })
    }

    /// The public key, as a policy's `seed-keys` has it.
    #[must_use]
    pub fn public_key(&self) -> String {
        self.public.to_base64()
    }

    /// The signature's file. It says whose seed it is, and nothing of the time.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign(&self, content: &[u8], hostname: &str) -> Result<String> {
        let trusted = format!("seed of {hostname}");
        let signature = minisign::sign(
            Some(&self.public),
            &self.secret,
            Cursor::new(content),
            Some(&trusted),
            Some("signature of a seed of Landfall's"),
        );
        signature
            .map(|it| it.to_string())
            .map_err(|e| Error::failed(format!("the seed cannot be signed: {e}")))
    }

    /// A key for tests.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn random() -> Result<Self> {
        let KeyPair { pk: public, sk: secret } =
            KeyPair::generate_unencrypted_keypair().map_err(|e| Error::failed(e.to_string()))?;
        Ok(Self { public, secret })
    }
}
