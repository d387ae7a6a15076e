//! AWS Signature Version 4, on the verifying side: the Authorization header, the canonical request, the string
//! to sign and the HMAC. The SSM agent signs the same string with RSA-PSS, which `public_key` verifies.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use crate::percent;
use axum::http::HeaderMap;
use ring::{digest, hmac};

/// The parts of a request that are signed.
pub struct Signable<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    pub payload_hash: String,
}

/// What an `Authorization: AWS4-HMAC-SHA256 ...` header says.
#[derive(Debug, Clone, PartialEq)]
pub struct Authorization {
    pub access_key: String,
    pub day: String,
    pub region: String,
    pub service: String,
    pub signed_headers: Vec<String>,
    pub signature: String,
}

impl Authorization {
    /// Reads the header's value.
    pub fn parse(header: &str) -> Option<Authorization> {
        let fields = header.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let field =
            |name: &str| fields.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        let credential: Vec<&str> = field("Credential")?.split('/').collect();
        let [access_key, day, region, service, "aws4_request"] = credential[..] else { return None };
        Some(Authorization {
            access_key: access_key.to_owned(),
            day: day.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers: field("SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: field("Signature")?.to_owned(),
        })
    }

    fn scope(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.day, self.region, self.service)
    }
}

/// What was signed; None when a header that is said to be signed is missing.
pub fn string_to_sign(request: &Signable, authorization: &Authorization) -> Option<String> {
    let date = request.headers.get("x-amz-date")?.to_str().ok()?;
    let canonical = canonical_request(request, authorization)?;
    Some(format!("AWS4-HMAC-SHA256\n{date}\n{}\n{}", authorization.scope(), sha256(canonical.as_bytes())))
}

/// The signature that the owner of `secret` would have given.
pub fn signature(secret: &str, authorization: &Authorization, string_to_sign: &str) -> String {
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [&authorization.day, &authorization.region, &authorization.service, "aws4_request"] {
        key = hmac_sha256(&key, part.as_bytes());
    }
    hex::encode(hmac_sha256(&key, string_to_sign.as_bytes()))
}

/// Lower-case hexadecimal SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

fn canonical_request(request: &Signable, authorization: &Authorization) -> Option<String> {
    let mut lines = vec![
        request.method.to_owned(),
        canonical_path(request.path, &authorization.service),
        canonical_query(request.query),
    ];
    for name in &authorization.signed_headers {
        lines.push(format!("{name}:{}", canonical_header(request.headers, name)?));
    }
    lines.push(String::new());
    lines.push(authorization.signed_headers.join(";"));
    lines.push(request.payload_hash.clone());
    Some(lines.join("\n"))
}

/// All services but S3 encode the path as sent once more.
fn canonical_path(path: &str, service: &str) -> String {
    if service == "s3" {
        return path.to_owned();
    }
    path.split('/').map(|segment| percent::encode(segment.as_bytes())).collect::<Vec<_>>().join("/")
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = percent::pairs(query)
        .into_iter()
        .map(|(name, value)| (percent::encode(name.as_bytes()), percent::encode(value.as_bytes())))
        .collect();
    pairs.sort();
    pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Values of one name are joined by commas, with runs of spaces made one.
fn canonical_header(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Option<Vec<String>> = headers
        .get_all(name)
        .iter()
        .map(|value| Some(value.to_str().ok()?.split_ascii_whitespace().collect::<Vec<_>>().join(" ")))
        .collect();
    values.filter(|values| !values.is_empty()).map(|values| values.join(","))
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of AWS's own documentation for deriving and using a signing key (IAM ListUsers).
    #[test]
    fn the_documented_example_comes_out_as_documented() {
        let mut headers = HeaderMap::new();
        headers.insert("host", "iam.amazonaws.com".parse().unwrap());
        headers.insert("content-type", "application/x-www-form-urlencoded; charset=utf-8".parse().unwrap());
        headers.insert("x-amz-date", "20150830T123600Z".parse().unwrap());
        let expected = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        let header = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, Signature={expected}"
        );
        let authorization = Authorization::parse(&header).unwrap();
        let request = Signable {
            method: "GET",
            path: "/",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: &headers,
            payload_hash: sha256(b""),
        };
        let text = string_to_sign(&request, &authorization).unwrap();
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        assert_eq!(signature(secret, &authorization, &text), expected);
    }

    #[test]
    fn a_header_that_is_not_sigv4_is_none() {
        for header in ["", "Basic abc", "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=x, Signature=y"] {
            assert_eq!(Authorization::parse(header), None);
        }
    }
}
