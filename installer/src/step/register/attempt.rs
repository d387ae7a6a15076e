//! The note that a registration is under way: what the agent itself wrote of it may not outlive a power cut.
//!
//! It stands from before the agent asks the service until the Vault has reached the disk, or until the
//! service itself said no. The activation's id is in it, never its code.

use std::path::Path;

use jiff::{Timestamp, Unit};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::durable;
use crate::error::Result;
use crate::host::{Host, Output};
use crate::registration;

const NOTE: &str = "/var/lib/landfall/registering";

#[derive(Serialize, Deserialize)]
struct Attempt {
    begun: Timestamp,
    activation: String,
}

/// Notes that the service is asked from now on.
pub(super) fn begin(host: &mut dyn Host, activation: &str) -> Result<()> {
    let begun = host.now().round(Unit::Second).unwrap_or_else(|_| host.now());
    let note = json!(Attempt { begun, activation: activation.to_owned() });
    durable::write(host, Path::new(NOTE), format!("{note}\n").as_bytes(), 0o600)
}

/// It is known how it ended.
pub(super) fn end(host: &mut dyn Host) -> Result<()> {
    durable::remove(host, Path::new(NOTE))
}

/// What was noted of a try of which nobody knows how it ended, if one was.
pub(crate) fn unanswered(host: &dyn Host) -> Result<Option<Vec<u8>>> {
    host.read(Path::new(NOTE))
}

/// SSM knows no idempotency: where the answer to an earlier try was lost, that try's instance stays.
pub(super) fn tell_of_an_orphan(host: &dyn Host) -> Result<()> {
    let (noted, left) = (host.read(Path::new(NOTE))?, registration::orphan(host)?);
    if noted.is_none() && left.is_none() {
        return Ok(());
    }
    let noted = noted.and_then(|text| serde_json::from_slice::<Attempt>(&text).ok());
    let begun = left.map(|orphan| orphan.begun);
    let begun = noted.as_ref().map(|attempt| attempt.begun.to_string()).or(begun);
    let mut earlier = format!("begun on {}", begun.as_deref().unwrap_or("an unknown day"));
    let marks = [
        ("the fingerprint", registration::fingerprint(host)?),
        ("the activation", noted.map(|attempt| attempt.activation)),
        ("the instance", registration::instance_id(host)?),
    ];
    for (what, mark) in marks {
        if let Some(mark) = mark {
            earlier += &format!(" with {what} {mark}");
        }
    }
    host.tell(&format!(
        "note: an earlier registration, {earlier}, was cut short; AWS may know a managed instance of that time \
         that nobody uses: 'aws ssm describe-instance-information' shows it, \
         'aws ssm deregister-managed-instance' removes it"
    ));
    Ok(())
}

/// Words of Go's that an error has only before the request is on its way: it found no name, no way, no proxy or no
/// TLS. A time that ran out is none of them by itself, because it may be the answer's.
const BEFORE_THE_REQUEST: [&str; 6] =
    ["dial tcp", "no such host", "proxyconnect", "x509:", "tls: handshake", "TLS handshake"];

/// Whether no instance can have been made: the service itself refused, which any code of its own says, or it was
/// never asked. Where the request or its answer was lost, or the service failed, one may have been.
pub(crate) fn made_nothing(output: &Output) -> bool {
    let text = format!("{}\n{}", output.stdout, output.stderr);
    if text.contains("RequestError") {
        return text.split("RequestError").skip(1).all(was_never_sent);
    }
    if let Some((_, status)) = text.rsplit_once("status code: ") {
        return status.starts_with('4') && !status.starts_with("408");
    }
    const CODES: [&str; 4] =
        ["ActivationExpired", "RegistrationLimitExceeded", "AccessDenied", "TooManyUpdates"];
    let is_code =
        |word: &str| CODES.contains(&word) || word.starts_with("Invalid") || word.ends_with("Exception");
    let failed = |word: &str| word.starts_with("Internal") || word.contains("Unavailable");
    let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.any(|word| is_code(word) && !failed(word))
}

/// Whether what follows `RequestError` is the cause of one that was not sent: the agent's log goes on behind it,
/// perhaps with the same words of something else. The agent asks up to four times by itself and tells of the last
/// time alone: an answer that was lost in the seconds before that is not seen here, nor anywhere.
fn was_never_sent(said: &str) -> bool {
    let Some((_, cause)) = said.split_once("caused by: ") else { return false };
    let cause = cause.lines().next().unwrap_or_default();
    BEFORE_THE_REQUEST.iter().any(|words| cause.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_code_of_the_service_is_a_refusal_and_a_lost_answer_is_none() {
        let refused = |text: &str| {
            let says = |stdout: &str, stderr: &str| {
                made_nothing(&Output { code: 1, stdout: stdout.into(), stderr: stderr.into() })
            };
            assert_eq!(says(text, ""), says("", text));
            says(text, "")
        };
        for code in ["InvalidActivation", "ActivationExpired", "AccessDeniedException", "ValidationException"]
        {
            assert!(refused(&format!("ERROR Registration failed. {code}: no")), "{code}");
        }
        assert!(refused("UnrecognizedClient: no\n\tstatus code: 403, request id: 1"));
        for lost in [
            "ERROR Registration failed due to error registering the instance",
            "RequestError: send request failed\ncaused by: Post: net/http: request canceled (InvalidProxy)",
            "InternalServerError: no\n\tstatus code: 500, request id: 1",
            "InternalServerException: no",
            "RequestTimeout: no\n\tstatus code: 408, request id: 1",
            "SerializationError: failed decoding\n\tstatus code: 200, request id: 1",
            "",
        ] {
            assert!(!refused(lost), "{lost}");
        }
    }

    #[test]
    fn a_request_that_found_no_way_made_nothing_and_one_that_was_sent_may_have() {
        let made_nothing = |cause: &str| {
            let stdout = format!(
                "INFO dial tcp 169.254.169.254:80: i/o timeout\nERROR Registration failed due to error registering \
                 the instance with AWS SSM. RequestError: send request failed\ncaused by: Post \
                 \"https://ssm.us-east-1.amazonaws.com/\": {cause}\nINFO dial tcp 169.254.169.254:80: i/o timeout\n"
            );
            made_nothing(&Output { code: 1, stdout, stderr: String::new() })
        };
        for cause in [
            "dial tcp: lookup ssm.us-east-1.amazonaws.com on 10.0.0.2:53: no such host",
            "dial tcp: lookup ssm.us-east-1.amazonaws.com: i/o timeout",
            "dial tcp 10.0.0.9:443: i/o timeout",
            "dial tcp 10.0.0.9:443: connect: connection refused",
            "dial tcp 10.0.0.9:443: connect: network is unreachable",
            "proxyconnect tcp: dial tcp 10.0.0.3:3128: connect: connection refused",
            "x509: certificate has expired or is not yet valid",
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "remote error: tls: handshake failure",
            "net/http: TLS handshake timeout",
        ] {
            assert!(made_nothing(cause), "{cause}");
        }
        for cause in [
            "EOF",
            "read tcp 10.0.0.4:51000->10.0.0.9:443: i/o timeout",
            "read tcp 10.0.0.4:51000->10.0.0.9:443: read: connection reset by peer",
            "read tcp 10.0.0.4:51000->10.0.0.9:443: read: network is unreachable",
            "write tcp 10.0.0.4:51000->10.0.0.9:443: write: broken pipe",
            "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            "net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
            "",
        ] {
            assert!(!made_nothing(cause), "{cause}");
        }
        let says = |stdout: &str| Output { code: 1, stdout: stdout.into(), stderr: String::new() };
        assert!(!super::made_nothing(&says("RequestError: send request failed")));
        let both = "RequestError: x\ncaused by: EOF\nRequestError: x\ncaused by: dial tcp: no such host";
        assert!(!super::made_nothing(&says(both)), "each of them counts");
    }
}
