//! Misbehaviour on demand, by name. A fault waits for requests that concern its target and is used up after a
//! number of them.

use crate::trouble::Trouble;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A fault that waits for its requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub name: FaultName,
    /// The end of an X-Amz-Target, or a part of a host or of a path; empty is every request.
    #[serde(default)]
    pub target: String,
    /// How many requests it hits; 0 is all until faults are cleared.
    #[serde(default = "once")]
    pub times: u32,
    /// `cut`: how many bytes of the body go out before the connection closes.
    #[serde(default)]
    pub after_bytes: u64,
    /// `slow`, `late`: how long the call or its answer waits, in milliseconds.
    #[serde(default)]
    pub delay_ms: u64,
    /// `wrong-date`: how far the Date header is from the truth, in seconds.
    #[serde(default)]
    pub offset_seconds: i64,
}

/// The kinds of misbehaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultName {
    /// ThrottlingException (S3: 503 SlowDown).
    Throttle,
    /// 500 InternalServerError.
    ServerError,
    /// ExpiredTokenException.
    Expired,
    /// The call is heard late.
    Slow,
    /// The call is carried out, and its answer comes late.
    Late,
    /// The connection closes within the body.
    Cut,
    /// The Date header lies.
    WrongDate,
    /// AccessDeniedException.
    AccessDenied,
    /// The request's signature is not of now, as when the machine's clock is wrong.
    Stale,
    /// MachineFingerprintDoesNotMatch.
    FingerprintMismatch,
    /// UnrecognizedClientException: nobody knows this machine.
    UnknownMachine,
    /// The container instance comes back without its attributes.
    AttributesDropped,
}

impl Fault {
    /// A fault that hits the next request that concerns `target`.
    pub fn once(name: FaultName, target: &str) -> Fault {
        Fault { name, target: target.to_owned(), times: 1, after_bytes: 0, delay_ms: 0, offset_seconds: 0 }
    }
}

/// The faults that wait.
#[derive(Debug, Default)]
pub struct Faults {
    waiting: Vec<Fault>,
}

/// What the faults do to one request.
#[derive(Debug, Default)]
pub struct Effects {
    pub delay: Duration,
    pub answer_delay: Duration,
    pub refusal: Option<Trouble>,
    pub cut_after: Option<u64>,
    pub date_offset: SignedDuration,
    pub drops_attributes: bool,
}

impl Faults {
    pub fn add(&mut self, fault: Fault) {
        self.waiting.push(fault);
    }

    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Takes one use from every fault that concerns this request.
    pub fn hit(&mut self, target: &str, host: &str, path: &str) -> Effects {
        let mut effects = Effects::default();
        self.waiting.retain_mut(|fault| {
            let wanted = &fault.target;
            if !(target.ends_with(wanted) || host.contains(wanted) || path.contains(wanted)) {
                return true;
            }
            effects.add(fault);
            let until_cleared = fault.times == 0;
            fault.times = fault.times.saturating_sub(1);
            until_cleared || fault.times > 0
        });
        effects
    }
}

impl Effects {
    fn add(&mut self, fault: &Fault) {
        match fault.name {
            FaultName::Throttle => self.refusal = Some(Trouble::Throttled),
            FaultName::ServerError => self.refusal = Some(Trouble::ServerError),
            FaultName::Expired => self.refusal = Some(Trouble::ExpiredToken),
            FaultName::AccessDenied => {
                self.refusal = Some(Trouble::AccessDenied("Access denied, as a test asked for.".to_owned()));
            }
            FaultName::Stale => {
                let message =
                    "Signature not yet current: a test's date is still later than a test's other date";
                self.refusal = Some(Trouble::Stale(message.to_owned()));
            }
            FaultName::FingerprintMismatch => {
                let message = "The machine's fingerprint is not the one that it registered with.";
                self.refusal = Some(Trouble::own("MachineFingerprintDoesNotMatch", message));
            }
            FaultName::UnknownMachine => self.refusal = Some(Trouble::UnknownKey),
            FaultName::AttributesDropped => self.drops_attributes = true,
            FaultName::Slow => self.delay += Duration::from_millis(fault.delay_ms),
            FaultName::Late => self.answer_delay += Duration::from_millis(fault.delay_ms),
            FaultName::Cut => self.cut_after = Some(fault.after_bytes),
            FaultName::WrongDate => self.date_offset += SignedDuration::from_secs(fault.offset_seconds),
        }
    }
}

fn once() -> u32 {
    1
}
