//! SigV4 on the signing side, written from the specification and apart from the simulator's own code, so that
//! one does not hide the other's mistakes.

use crate::client::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use ring::{digest, hmac};

/// Temporary credentials.
#[derive(Clone, Default)]
pub struct Credentials {
    pub access_key: String,
    pub secret: String,
    pub token: String,
}

/// Signs with temporary credentials.
pub fn sign(request: Request, service: &str, credentials: &Credentials) -> Request {
    sign_at(request, service, credentials, Timestamp::now())
}

/// The same, claiming another time.
pub fn sign_at(request: Request, service: &str, credentials: &Credentials, at: Timestamp) -> Request {
    let request = dated(request, at).header("X-Amz-Security-Token", &credentials.token);
    let (names, scope, text) = string_to_sign(&request, service);
    let key = scope
        .split('/')
        .fold(format!("AWS4{}", credentials.secret).into_bytes(), |key, part| mac(&key, part));
    let signature = hex::encode(mac(&key, &text));
    authorized(request, &credentials.access_key, &scope, &names, &signature)
}

/// Signs with a managed instance's key.
pub fn sign_with_key(request: Request, instance: &str, key: &RsaKeyPair, age: SignedDuration) -> Request {
    let request = dated(request, Timestamp::now() - age);
    let (names, scope, text) = string_to_sign(&request, "ssm");
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    authorized(request, instance, &scope, &names, &STANDARD.encode(signature))
}

fn dated(request: Request, at: Timestamp) -> Request {
    request.header("X-Amz-Date", &at.strftime("%Y%m%dT%H%M%SZ").to_string())
}

fn authorized(request: Request, who: &str, scope: &str, names: &str, signature: &str) -> Request {
    let value =
        format!("AWS4-HMAC-SHA256 Credential={who}/{scope}, SignedHeaders={names}, Signature={signature}");
    request.header("Authorization", &value)
}

/// The signed headers' names, the scope and the string to sign. Signs every header that is there.
fn string_to_sign(request: &Request, service: &str) -> (String, String, String) {
    let mut headers: Vec<(String, &str)> =
        request.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.as_str())).collect();
    headers
        .retain(|(name, _)| !name.starts_with("sec-websocket") && name != "connection" && name != "upgrade");
    headers.push(("host".to_owned(), &request.host));
    headers.sort();
    let names = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let query = query.replace('+', "%20");
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.sort();
    let canonical = format!(
        "{}\n{path}\n{}\n{lines}\n{names}\n{}",
        request.method,
        pairs.join("&"),
        sha256(&request.body)
    );
    let date = headers.iter().find(|(name, _)| name == "x-amz-date").unwrap().1;
    let scope = format!("{}/us-east-1/{service}/aws4_request", &date[..8]);
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(&canonical));
    (names, scope, text)
}

fn sha256(text: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

fn mac(key: &[u8], message: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes()).as_ref().to_vec()
}
