//! Signature Version 4: the canonical request, the string to sign, and who signs it how.
//!
//! A managed instance signs the same string with its registered RSA key that a role signs with HMAC.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use ring::{digest, hmac};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// What is signed: a request without its `Authorization`.
pub(super) struct Unsigned<'a> {
    pub(super) service: &'a str,
    pub(super) region: &'a str,
    pub(super) method: &'a str,
    /// Sorted and encoded, as sent.
    pub(super) query: &'a str,
    /// Lower-case names, sorted.
    pub(super) headers: &'a [(&'static str, Secret)],
    pub(super) body: &'a str,
}

/// `20261122T120000Z`
pub(super) fn amz_date(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

impl Unsigned<'_> {
    /// The `Authorization` of a role.
    pub(super) fn by_role(&self, date: &str, access_key: &str, secret_key: &Secret) -> Secret {
        let seed = Zeroizing::new(format!("AWS4{}", secret_key.expose()));
        let mut key = mac(seed.as_bytes(), &date[..8]);
        for part in [self.region, self.service, "aws4_request"] {
            key = mac(key.as_ref(), part);
        }
        self.authorization(date, access_key, &hex::encode(mac(key.as_ref(), &self.string_to_sign(date))))
    }

    /// The `Authorization` of a managed instance, by its key in PKCS #1.
    pub(super) fn by_instance(&self, date: &str, instance_id: &str, key: &Secret) -> Result<Secret> {
        let unusable = || {
            Error::failed("the key in the SSM agent's Vault cannot be used")
                .hint("'landfall uninstall', and register this machine anew")
        };
        let der = Zeroizing::new(BASE64_STANDARD.decode(key.expose()).map_err(|_| unusable())?);
        let pair = RsaKeyPair::from_der(&der).map_err(|_| unusable())?;
        let mut signature = vec![0; pair.public().modulus_len()];
        let text = self.string_to_sign(date);
        pair.sign(&RSA_PSS_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| unusable())?;
        Ok(self.authorization(date, instance_id, &BASE64_STANDARD.encode(signature)))
    }

    fn authorization(&self, date: &str, who: &str, signature: &str) -> Secret {
        Secret::new(format!(
            "AWS4-HMAC-SHA256 Credential={who}/{}, SignedHeaders={}, Signature={signature}",
            self.scope(date),
            self.signed_headers()
        ))
    }

    fn string_to_sign(&self, date: &str) -> String {
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.expose().trim())).collect();
        let canonical = Zeroizing::new(format!(
            "{}\n/\n{}\n{headers}\n{}\n{}",
            self.method,
            self.query,
            self.signed_headers(),
            sha256(self.body)
        ));
        format!("AWS4-HMAC-SHA256\n{date}\n{}\n{}", self.scope(date), sha256(&canonical))
    }

    fn scope(&self, date: &str) -> String {
        format!("{}/{}/{}/aws4_request", &date[..8], self.region, self.service)
    }

    fn signed_headers(&self) -> String {
        self.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";")
    }
}

fn sha256(text: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS's worked example of deriving and using a signing key (IAM ListUsers).
    #[test]
    fn the_published_example_gets_the_published_signature() {
        let header = |name, value: &str| (name, Secret::new(value.into()));
        let unsigned = Unsigned {
            service: "iam",
            region: "us-east-1",
            method: "GET",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: &[
                header("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                header("host", "iam.amazonaws.com"),
                header("x-amz-date", "20150830T123600Z"),
            ],
            body: "",
        };
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into());
        let authorization = unsigned.by_role("20150830T123600Z", "AKIDEXAMPLE", &secret);
        let expected = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        assert!(authorization.expose().ends_with(expected), "{}", authorization.expose());
    }

    #[test]
    fn a_time_is_written_as_the_services_read_it() {
        assert_eq!(amz_date("2026-11-22T12:00:00.75Z".parse().unwrap()), "20261122T120000Z");
    }

    #[test]
    fn a_key_that_is_none_is_an_error_that_does_not_show_it() {
        let unsigned = Unsigned {
            service: "ssm",
            region: "us-east-1",
            method: "POST",
            query: "",
            headers: &[],
            body: "",
        };
        for key in ["not base64 !", "bm90IGEga2V5"] {
            let e = unsigned.by_instance("20261122T120000Z", "mi-1", &Secret::new(key.into())).unwrap_err();
            assert!(!format!("{e:?}").contains(key), "{e}");
        }
    }
}
