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

/// Whether the service itself refused, so that nothing was made. Any code of its own says so; where the
/// request or its answer was lost, or the service failed, an instance may have been made.
pub(super) fn was_refused(output: &Output) -> bool {
    let text = format!("{}\n{}", output.stdout, output.stderr);
    if text.contains("RequestError") {
        return false;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_code_of_the_service_is_a_refusal_and_a_lost_answer_is_none() {
        let refused = |text: &str| {
            let says = |stdout: &str, stderr: &str| {
                was_refused(&Output { code: 1, stdout: stdout.into(), stderr: stderr.into() })
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
}
