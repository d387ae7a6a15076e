//! Who is calling: verifies a request's signature, either by temporary credentials that were issued here
//! (HMAC) or by a managed instance's own key (RSA-PSS). It decides nothing about what the caller may do.

use crate::aws::Aws;
use crate::front::Call;
use crate::place::Place;
use crate::public_key;
use crate::sigv4::{self, Authorization, Signable};
use crate::trouble::Trouble;
use crate::world::Session;
use jiff::fmt::strtime;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// AWS allows a request's date to be this far from its own clock.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// The session behind a request that is signed with temporary credentials.
pub fn session(aws: &Aws, call: &Call, service: &str) -> Result<Session, Trouble> {
    let authorization = authorization(call)?;
    let session = aws.world().session(&authorization.access_key).cloned().ok_or(Trouble::UnknownKey)?;
    if call.header("x-amz-security-token") != Some(&session.token) {
        return Err(Trouble::UnknownKey);
    }
    let text = signed_text(&aws.place, call, &authorization, service)?;
    if sigv4::signature(&session.secret, &authorization, &text) != authorization.signature {
        return Err(Trouble::WrongSignature);
    }
    fresh(call, Timestamp::now())?;
    if session.expires <= Timestamp::now() {
        return Err(Trouble::ExpiredToken);
    }
    Ok(session)
}

/// The managed instance behind a request that is signed with its registered key.
pub fn managed_instance(aws: &Aws, call: &Call) -> Result<String, Trouble> {
    let authorization = authorization(call)?;
    let key = aws.world().managed_instance(&authorization.access_key).map(|found| found.public_key.clone());
    let key = key.ok_or(Trouble::UnknownKey)?;
    let text = signed_text(&aws.place, call, &authorization, "ssm")?;
    if !public_key::verifies(&key, text.as_bytes(), &authorization.signature) {
        return Err(Trouble::WrongSignature);
    }
    fresh(call, Timestamp::now())?;
    Ok(authorization.access_key)
}

fn authorization(call: &Call) -> Result<Authorization, Trouble> {
    let header = call.header("authorization").ok_or(Trouble::Unsigned)?;
    Authorization::parse(header).ok_or(Trouble::Unsigned)
}

/// The string to sign, provided that the signature is meant for this service and covers host and date.
fn signed_text(
    place: &Place,
    call: &Call,
    authorization: &Authorization,
    service: &str,
) -> Result<String, Trouble> {
    let covers = |name: &str| authorization.signed_headers.iter().any(|signed| signed == name);
    let scope_fits = authorization.service == service && authorization.region == place.region;
    let day_fits = call.header("x-amz-date").is_some_and(|date| date.starts_with(&authorization.day));
    if !(scope_fits && day_fits && covers("host") && covers("x-amz-date")) {
        return Err(Trouble::WrongSignature);
    }
    let request = Signable {
        method: call.method.as_str(),
        path: call.path(),
        query: call.query(),
        headers: &call.headers,
        payload_hash: payload_hash(call)?,
    };
    sigv4::string_to_sign(&request, authorization).ok_or(Trouble::WrongSignature)
}

/// The body's digest; a digest that the caller claims must be true, or be one of S3's words for "unsigned".
fn payload_hash(call: &Call) -> Result<String, Trouble> {
    let actual = sigv4::sha256(&call.body);
    match call.header("x-amz-content-sha256") {
        Some("UNSIGNED-PAYLOAD") => Ok("UNSIGNED-PAYLOAD".to_owned()),
        Some(claimed) if claimed != actual => Err(Trouble::WrongSignature),
        _ => Ok(actual),
    }
}

fn fresh(call: &Call, now: Timestamp) -> Result<(), Trouble> {
    let date = call.header("x-amz-date").unwrap_or_default();
    let signed_at = strtime::parse("%Y%m%dT%H%M%SZ", date)
        .and_then(|parsed| parsed.to_datetime())
        .and_then(|datetime| datetime.to_zoned(TimeZone::UTC))
        .map_err(|_| Trouble::Stale(format!("Date in x-amz-date is not a date: {date}")))?
        .timestamp();
    let compact = |time: Timestamp| time.strftime("%Y%m%dT%H%M%SZ").to_string();
    if signed_at + CLOCK_TOLERANCE < now {
        let limit = compact(now - CLOCK_TOLERANCE);
        return Err(Trouble::Stale(format!(
            "Signature expired: {date} is now earlier than {limit} ({} - 5 min.)",
            compact(now)
        )));
    }
    if signed_at > now + CLOCK_TOLERANCE {
        let limit = compact(now + CLOCK_TOLERANCE);
        return Err(Trouble::Stale(format!(
            "Signature not yet current: {date} is still later than {limit} ({} + 5 min.)",
            compact(now)
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderMap, HeaderName};
    use serde_json::Value;

    /// Canonical request, string to sign and RSA-PSS at once, against what the real agent signed.
    #[test]
    fn the_signature_that_a_real_agent_made_verifies() {
        let golden = include_str!("../golden/register-to-connected.jsonl");
        let lines: Vec<Value> = golden.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let key = lines[0]["body"]["PublicKey"].as_str().unwrap();
        let sent = &lines[1];
        let mut headers = HeaderMap::new();
        for (name, value) in sent["headers"].as_object().unwrap() {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, value.as_str().unwrap().parse().unwrap());
        }
        let authorization = Authorization::parse(headers["authorization"].to_str().unwrap()).unwrap();
        let verifies = |body: &str| {
            let payload_hash = sigv4::sha256(body.as_bytes());
            let request = Signable { method: "POST", path: "/", query: "", headers: &headers, payload_hash };
            let text = sigv4::string_to_sign(&request, &authorization).unwrap();
            public_key::verifies(key, text.as_bytes(), &authorization.signature)
        };
        assert!(verifies(&sent["body"].to_string()));
        assert!(!verifies("{}"));
    }
}
