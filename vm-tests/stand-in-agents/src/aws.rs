//! Requests to AWS's JSON services, and their errors in the words of the agents.

use crate::clock;
use crate::sigv4::{self, Credentials, Scope, Signable};
use crate::wire::{self, Body, Request, Response, Url, WireError};
use jiff::Timestamp;
use serde_json::Value;

/// The content type of every JSON service here.
pub const JSON: &str = "application/x-amz-json-1.1";

/// What went wrong with a call.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The service refused: its code and message.
    #[error("{code}: {message}\n\tstatus code: {status}, request id: {request_id}")]
    Service {
        /// The exception's name.
        code: String,
        /// The service's words.
        message: String,
        /// The HTTP status.
        status: u16,
        /// From the answer's headers; often empty.
        request_id: String,
    },
    /// The service was not reached.
    #[error("RequestError: send request failed\ncaused by: Post \"{url}\": {source}")]
    Send {
        /// Where to.
        url: String,
        /// Why not.
        source: WireError,
    },
    /// The answer cannot be read.
    #[error("SerializationError: failed decoding JSON RPC response\ncaused by: {0}")]
    Answer(String),
}

impl CallError {
    /// The exception's name; empty when the service did not answer.
    pub fn code(&self) -> &str {
        match self {
            CallError::Service { code, .. } => code,
            _ => "",
        }
    }

    /// Whether the SDK itself tries again: throttled, server errors, no connection.
    pub fn is_transient(&self) -> bool {
        match self {
            CallError::Service { code, status, .. } => {
                *status >= 500 || matches!(code.as_str(), "ThrottlingException" | "Throttling")
            }
            CallError::Send { .. } => true,
            CallError::Answer(_) => false,
        }
    }
}

/// The domain of a region's endpoints.
pub fn domain(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "amazonaws.com.cn",
        Some("eusc") => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

/// A service's address: the configured one, else the usual one of the region.
pub fn endpoint(configured: &str, service: &str, region: &str) -> Result<Url, WireError> {
    match configured {
        "" => Url::parse(&format!("https://{service}.{region}.{}/", domain(region))),
        given => Url::parse(given),
    }
}

/// Whom a signed call is for.
pub struct Service<'a> {
    /// Where it is.
    pub url: &'a Url,
    /// The name it signs with.
    pub name: &'a str,
    /// Its region.
    pub region: &'a str,
    /// How the caller calls itself.
    pub user_agent: &'a str,
}

/// A JSON call signed with a role's credentials; `extra` headers are signed as well (SDK version 2).
pub fn call(
    service: &Service,
    target: &str,
    body: &Value,
    extra: &[(&str, &str)],
    credentials: &Credentials,
) -> Result<Value, CallError> {
    let body = body.to_string();
    let (date, host) = (clock::amz_date(Timestamp::now()), service.url.host_header());
    let length = body.len().to_string();
    let mut signed: Vec<(String, &str)> = vec![
        ("content-length".into(), &length),
        ("content-type".into(), JSON),
        ("host".into(), &host),
        ("x-amz-date".into(), &date),
        ("x-amz-security-token".into(), &credentials.session_token),
        ("x-amz-target".into(), target),
    ];
    signed.extend(extra.iter().map(|(name, value)| (name.to_lowercase(), *value)));
    signed.sort();
    let signable = Signable {
        method: "POST",
        path: &service.url.path,
        query: "",
        headers: signed.iter().map(|(name, value)| (name.as_str(), *value)).collect(),
        body: body.as_bytes(),
    };
    let scope = Scope { amz_date: &date, region: service.region, service: service.name };
    let authorization = sigv4::authorization(&signable, &scope, credentials);
    let mut headers = extra.to_vec();
    headers.extend([
        ("Authorization", authorization.as_str()),
        ("Content-Type", JSON),
        ("X-Amz-Date", &date),
        ("X-Amz-Security-Token", &credentials.session_token),
        ("X-Amz-Target", target),
        ("Accept-Encoding", "gzip"),
    ]);
    post(service.url, service.user_agent, &headers, Body::Sized(body.as_bytes()))
}

/// A POST to a JSON service, and its answer or its exception.
pub fn post(url: &Url, user_agent: &str, headers: &[(&str, &str)], body: Body) -> Result<Value, CallError> {
    let (host, target) = (url.host_header(), url.target());
    let request = Request { method: "POST", host: &host, target: &target, user_agent, headers, body };
    let response =
        wire::send(url, request).map_err(|source| CallError::Send { url: url.text(false), source })?;
    if response.status >= 300 {
        return Err(refusal(&response));
    }
    serde_json::from_slice(&response.body).map_err(|error| CallError::Answer(error.to_string()))
}

/// The headers of a websocket handshake or a plain GET, signed with a role's credentials.
pub fn signed_get(service: &Service, body: &[u8], credentials: &Credentials) -> Vec<(String, String)> {
    let date = clock::amz_date(Timestamp::now());
    let host = service.url.host_header();
    let headers = vec![
        ("host", host.as_str()),
        ("x-amz-date", &date),
        ("x-amz-security-token", &credentials.session_token),
    ];
    let signable =
        Signable { method: "GET", path: &service.url.path, query: &service.url.query, headers, body };
    let scope = Scope { amz_date: &date, region: service.region, service: service.name };
    let authorization = sigv4::authorization(&signable, &scope, credentials);
    vec![
        ("Authorization".into(), authorization),
        ("X-Amz-Date".into(), date),
        ("X-Amz-Security-Token".into(), credentials.session_token.clone()),
    ]
}

/// The exception in an answer: named in the body's `__type` or in a header.
pub fn refusal(response: &Response) -> CallError {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let named = body["__type"].as_str().or(response.header("x-amzn-errortype")).unwrap_or("UnknownError");
    let code = named.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
    let message = body["message"].as_str().or(body["Message"].as_str()).unwrap_or_default();
    CallError::Service {
        code: code.into(),
        message: message.into(),
        status: response.status,
        request_id: response.header("x-amzn-requestid").unwrap_or_default().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Response {
        Response { status, headers: vec![], body: body.into() }
    }

    #[test]
    fn an_exception_has_its_code_with_or_without_a_namespace() {
        let plain = refusal(&answer(400, r#"{"__type":"ActivationExpired","message":"late"}"#));
        assert_eq!(plain.to_string(), "ActivationExpired: late\n\tstatus code: 400, request id: ");
        let spaced = refusal(&answer(400, r#"{"__type":"com.amazon.x#ClientException"}"#));
        assert_eq!(spaced.code(), "ClientException");
        assert!(!spaced.is_transient());
    }

    #[test]
    fn throttling_and_server_errors_are_transient() {
        assert!(refusal(&answer(400, r#"{"__type":"ThrottlingException"}"#)).is_transient());
        assert!(refusal(&answer(503, "not json")).is_transient());
    }

    #[test]
    fn an_endpoint_follows_the_region_unless_it_is_configured() {
        assert_eq!(endpoint("", "ssm", "us-east-1").unwrap().host, "ssm.us-east-1.amazonaws.com");
        assert_eq!(endpoint("", "ssm", "cn-north-1").unwrap().host, "ssm.cn-north-1.amazonaws.com.cn");
        assert_eq!(endpoint("http://127.0.0.1:8080", "ssm", "x").unwrap().port, 8080);
    }
}
