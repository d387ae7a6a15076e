//! `RequestManagedInstanceRoleToken`: the registered key proves the machine, the service lends a role.
//!
//! The request is signed by RSA-PSS and sent chunked, which is what naive servers stumble over. When the
//! service asks for a new key pair (`UpdateKeyPair`) the stand-in only says so; it never rotates keys.

use super::vault::RegistrationKey;
use super::{Config, key_pair};
use crate::aws::{self, CallError, JSON};
use crate::clock;
use crate::sigv4::{self, Credentials, Scope, Signable};
use crate::wire::{Body, Url};
use jiff::Timestamp;
use serde_json::{Value, json};

const TARGET: &str = "AmazonSSM.RequestManagedInstanceRoleToken";

/// Credentials and when they end.
pub struct RoleToken {
    /// The credentials.
    pub credentials: Credentials,
    /// When they end.
    pub expires: Timestamp,
    /// Whether the service wants a new key pair.
    pub update_key_pair: bool,
}

/// Asks the service.
pub fn request(key: &RegistrationKey, fingerprint: &str, config: &Config) -> Result<RoleToken, CallError> {
    let unusable = |error: &dyn std::fmt::Display| CallError::Answer(error.to_string());
    let url = aws::endpoint(&config.ssm.endpoint, "ssm", &key.region).map_err(|error| unusable(&error))?;
    let body = json!({ "Fingerprint": fingerprint }).to_string();
    let date = clock::amz_date(Timestamp::now());
    let authorization = authorization(key, &url, &date, &body).map_err(|error| unusable(&error))?;
    let hash = sigv4::sha256_hex(body.as_bytes());
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Content-Type", JSON),
        ("X-Amz-Content-Sha256", &hash),
        ("X-Amz-Date", &date),
        ("X-Amz-Target", TARGET),
        ("Accept-Encoding", "gzip"),
    ];
    let answer = aws::post(&url, &config.user_agent(), &headers, Body::Chunked(body.as_bytes()))?;
    read(&answer).ok_or_else(|| unusable(&"a member of the role token is missing"))
}

fn authorization(key: &RegistrationKey, url: &Url, date: &str, body: &str) -> Result<String, String> {
    let host = url.host_header();
    let signable = Signable {
        method: "POST",
        path: &url.path,
        query: "",
        headers: vec![
            ("content-type", JSON),
            ("host", &host),
            ("x-amz-date", date),
            ("x-amz-target", TARGET),
        ],
        body: body.as_bytes(),
    };
    let scope = Scope { amz_date: date, region: &key.region, service: "ssm" };
    let signature = key_pair::signature(&key.private_key, &signable.string_to_sign(&scope))?;
    Ok(sigv4::authorization_with(&signable, &scope, &key.instance_id, &signature))
}

/// All five members are needed; the real agent's refresher dies of a missing one.
fn read(answer: &Value) -> Option<RoleToken> {
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    let seconds = answer["TokenExpirationDate"].as_f64()?;
    Some(RoleToken {
        credentials: Credentials {
            access_key_id: text("AccessKeyId")?,
            secret_access_key: text("SecretAccessKey")?,
            session_token: text("SessionToken")?,
        },
        expires: Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()?,
        update_key_pair: answer["UpdateKeyPair"].as_bool()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_needs_all_five_members() {
        let mut answer = json!({"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T",
            "TokenExpirationDate": 1795373884.2726912, "UpdateKeyPair": false});
        assert_eq!(read(&answer).unwrap().expires.as_second(), 1795373884);
        answer.as_object_mut().unwrap().remove("UpdateKeyPair");
        assert!(read(&answer).is_none());
    }
}
