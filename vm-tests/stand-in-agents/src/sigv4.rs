//! Signature version 4: the canonical request, the string to sign, and the HMAC over it.
//!
//! A managed instance's own requests have the same string to sign, but an RSA-PSS signature: that one
//! is made where the private key is, in `ssm_agent::key_pair`.

use ring::{digest, hmac};

/// Temporary credentials of a role.
#[derive(Clone, Debug, PartialEq)]
pub struct Credentials {
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
    /// The session token.
    pub session_token: String,
}

/// What a signature covers, apart from the time and the scope.
pub struct Signable<'a> {
    /// The method in capitals.
    pub method: &'a str,
    /// The path, already encoded.
    pub path: &'a str,
    /// The query as sent, sorted by name; empty when there is none.
    pub query: &'a str,
    /// The signed headers: lower-case names, sorted.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The body.
    pub body: &'a [u8],
}

/// The scope of a signature.
pub struct Scope<'a> {
    /// The time as in `X-Amz-Date`.
    pub amz_date: &'a str,
    /// The region.
    pub region: &'a str,
    /// The service, as it signs.
    pub service: &'a str,
}

impl Scope<'_> {
    /// `20261122/us-east-1/ssm/aws4_request`
    pub fn text(&self) -> String {
        format!("{}/{}/{}/aws4_request", &self.amz_date[..8], self.region, self.service)
    }
}

impl Signable<'_> {
    /// The names of the signed headers, as in `SignedHeaders=`.
    pub fn signed_headers(&self) -> String {
        self.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";")
    }

    /// The string to sign.
    pub fn string_to_sign(&self, scope: &Scope) -> String {
        let canonical = sha256_hex(self.canonical_request().as_bytes());
        format!("AWS4-HMAC-SHA256\n{}\n{}\n{canonical}", scope.amz_date, scope.text())
    }

    fn canonical_request(&self) -> String {
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        // A query may carry `+` for a space on the wire; what is signed has `%20`.
        let query = self.query.replace('+', "%20");
        let body = sha256_hex(self.body);
        let names = self.signed_headers();
        format!("{}\n{}\n{query}\n{headers}\n{names}\n{body}", self.method, self.path)
    }
}

/// The `Authorization` header for a role's credentials.
pub fn authorization(signable: &Signable, scope: &Scope, credentials: &Credentials) -> String {
    let key = signing_key(&credentials.secret_access_key, scope);
    let signature = hex::encode(hmac_of(&key, &signable.string_to_sign(scope)));
    authorization_with(signable, scope, &credentials.access_key_id, &signature)
}

/// The `Authorization` header around a signature made elsewhere.
pub fn authorization_with(signable: &Signable, scope: &Scope, who: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={who}/{}, SignedHeaders={}, Signature={signature}",
        scope.text(),
        signable.signed_headers()
    )
}

/// SHA-256 in hexadecimal.
pub fn sha256_hex(data: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, data))
}

fn signing_key(secret: &str, scope: &Scope) -> Vec<u8> {
    let date = hmac_of(format!("AWS4{secret}").as_bytes(), &scope.amz_date[..8]);
    let region = hmac_of(&date, scope.region);
    let service = hmac_of(&region, scope.service);
    hmac_of(&service, "aws4_request")
}

fn hmac_of(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS's published example of the signing process: ListUsers, 30 August 2015.
    #[test]
    fn the_published_example_gets_the_published_signature() {
        let signable = Signable {
            method: "GET",
            path: "/",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: vec![
                ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                ("host", "iam.amazonaws.com"),
                ("x-amz-date", "20150830T123600Z"),
            ],
            body: b"",
        };
        let scope = Scope { amz_date: "20150830T123600Z", region: "us-east-1", service: "iam" };
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: String::new(),
        };
        let header = authorization(&signable, &scope, &credentials);
        assert!(
            header.ends_with("Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"),
            "{header}"
        );
    }

    #[test]
    fn a_plus_in_the_query_is_signed_as_a_space() {
        let signable = Signable { method: "GET", path: "/ws", query: "v=a+b", headers: vec![], body: b"" };
        assert!(signable.canonical_request().contains("\nv=a%20b\n"));
    }
}
