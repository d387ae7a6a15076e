//! Asking AWS as this machine: signed calls, without the agents and without a credentials file.
//!
//! ```text
//! the Vault's key --RSA-PSS--> SSM: a role token --HMAC--> STS: whose role it is
//! ```
//!
//! Keys and tokens stay in memory, are wiped after use and are never shown. What a service answers
//! becomes a sentence here.

use std::time::Duration;

use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::host::{Machine, Request, Response};

mod caller;
mod role_token;
mod signing;

pub use caller::account;
pub(crate) use caller::is_account;
pub use role_token::{RoleToken, role_token};

const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Nothing is lost by a call that failed.
const AGAIN: &str = "run the same command again: no new activation is needed";

/// Asks, and again where that may help; every try is signed anew, because its time is.
fn asked(host: &mut dyn Machine, sign: impl Fn(Timestamp) -> Result<Request>) -> Result<Response> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        let answer = host.ask(&sign(host.now())?);
        if !answer.as_ref().map_or(true, is_passing) {
            return answer;
        }
        host.sleep(pause);
        pause *= 2;
    }
    let answer = host.ask(&sign(host.now())?);
    answer.map_err(|mut e| {
        let hint = e.hint.take().map_or_else(|| AGAIN.to_owned(), |hint| format!("{hint}; then {AGAIN}"));
        e.hint(hint)
    })
}

fn is_passing(answer: &Response) -> bool {
    answer.status >= 500
        || answer.status == 429
        || error_code(answer).is_some_and(|it| it.contains("Throttl"))
}

/// The service's own name of what went wrong: SSM answers in JSON, STS in XML.
fn error_code(answer: &Response) -> Option<String> {
    let text = answer.body.expose();
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(text) {
        // Some services put a namespace in front.
        return Some(json["__type"].as_str()?.rsplit('#').next()?.to_owned());
    }
    element(text, "Code").map(str::to_owned)
}

/// The text of the first element of this name. The few answers that are read have no attributes or
/// escapes in what is looked for.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.trim())
}

/// What a service said no with, as a sentence. `whom` is who asked for what.
fn said_no(answer: &Response, whom: &str) -> Error {
    let code = error_code(answer).unwrap_or_else(|| format!("HTTP {}", answer.status));
    let known: [(&[&str], &str, &str); 4] = [
        (
            &["AccessDenied", "AccessDeniedException"],
            "access is denied",
            "see that the activation's IAM role trusts ssm.amazonaws.com, and that nobody deregistered the instance",
        ),
        (
            &["MachineFingerprintDoesNotMatch"],
            "the service takes this for another machine than the one that registered",
            "two machines may share one identity: 'landfall uninstall' on this one, and register it anew",
        ),
        (
            &["UnrecognizedClientException", "InvalidClientTokenId", "InvalidInstanceId"],
            "the service does not know this identity",
            "somebody may have deregistered it: 'landfall uninstall', and register anew",
        ),
        (
            &["InvalidSignatureException", "SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException"],
            "the service does not accept the signature",
            "see that this machine's clock is right",
        ),
    ];
    let (why, hint) = match known.iter().find(|(codes, ..)| codes.contains(&code.as_str())) {
        Some((_, why, hint)) => (*why, format!("{hint}; then run again")),
        None => ("the service said no", AGAIN.to_owned()),
    };
    Error::failed(format!("{whom}: {why} ({code})")).hint(hint)
}

#[cfg(test)]
mod tests;
