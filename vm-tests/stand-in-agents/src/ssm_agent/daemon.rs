//! The daemon: turns the registration into credentials, keeps them fresh, and runs the worker.
//!
//! Two differences from the real one: without an identity it ends with status 1 at once (its unit starts
//! it again after 90 s) instead of asking the EC2 metadata service first; and it stops at once.

use super::fingerprint;
use super::role_token::{self, RoleToken};
use super::shared_credentials::{read_credentials, shared_file, write_credentials};
use super::vault::{RegistrationKey, write_private};
use super::{Config, Places, VERSION, Vault};
use crate::aws::CallError;
use crate::clock;
use crate::log::Log;
use crate::termination;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

/// How long the agent sleeps when the service says that it does not know this machine.
const SLEEP_WHEN_DENIED: Duration = Duration::from_secs(29 * 60 + 37);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30 * 60);

/// Runs until a signal ends it, or until it finds that it has no identity.
pub fn run(places: &Places) -> ExitCode {
    let log = Log::ssm(&places.logs());
    let farewell = log.clone();
    termination::on_signal(move || farewell.info("[amazon-ssm-agent] Bye."));
    log.info(&format!("[amazon-ssm-agent] amazon-ssm-agent - v{VERSION} (stand-in for tests)"));
    let config = Config::read(&places.config(), &log);
    let key = Vault::new(places).registration();
    let order = &config.identity.consumption_order;
    log.info(&format!("[amazon-ssm-agent] Identity consumption order: {order:?}"));
    if !order.iter().any(|name| name == "OnPrem") || !key.is_registered() {
        log.error(&format!(
            "[amazon-ssm-agent] failed to find agent identity, tried {order:?}: no identity found"
        ));
        return ExitCode::FAILURE;
    }
    log.info(&format!("[amazon-ssm-agent] Agent will take identity from OnPrem: {}", key.instance_id));
    let mut refresher = Refresher { places, config, key, log, worker: None };
    refresher.refresh_for_ever()
}

struct Refresher<'a> {
    places: &'a Places,
    config: Config,
    key: RegistrationKey,
    log: Log,
    worker: Option<Child>,
}

impl Refresher<'_> {
    fn refresh_for_ever(&mut self) -> ! {
        let mut failures = 0u32;
        let mut next = self.half_life_of_stored_credentials();
        if next.is_some() {
            self.log.info("[amazon-ssm-agent] Using unexpired credentials of an earlier start");
        }
        loop {
            if let Some(wait) = next.take() {
                self.hold(wait);
            }
            match self.refresh() {
                Ok(wait) => {
                    failures = 0;
                    next = Some(wait);
                }
                Err(error) => {
                    let wait = backoff(&error, failures);
                    failures += 1;
                    self.log.error(&format!(
                        "[CredentialRefresher] Retrieve credentials produced error: {error}"
                    ));
                    let words = minutes(wait);
                    self.log.info(&format!(
                        "[CredentialRefresher] Sleeping for {words} before retrying retrieve credentials"
                    ));
                    thread::sleep(wait);
                }
            }
        }
    }

    /// One new token, written where others find it; how long to keep it.
    fn refresh(&self) -> Result<Duration, CallError> {
        let unwritten = |error: io::Error| CallError::Answer(error.to_string());
        let name = fingerprint::of_this_machine(self.places, &self.log).map_err(unwritten)?;
        let token = role_token::request(&self.key, &name, &self.config)?;
        if token.update_key_pair {
            self.log.warn(
                "[CredentialRefresher] The service asks for a new key pair; the stand-in keeps its own",
            );
        }
        let now = Timestamp::now();
        self.share(&token, now).map_err(unwritten)?;
        self.log.info("[CredentialRefresher] Credentials ready");
        Ok(until_half_life(now, token.expires, now))
    }

    fn share(&self, token: &RoleToken, now: Timestamp) -> io::Result<()> {
        let file = shared_file();
        if self.config.profile.share_creds {
            write_credentials(&file, self.profile(), &token.credentials)?;
        }
        let identity = self.places.identity();
        if let Some(folder) = identity.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let content = json!({
            "SchemaVersion": "1.1",
            "InstanceId": self.key.instance_id,
            "IdentityType": "OnPrem",
            "ShareFile": file,
            "ShareProfile": self.config.profile.share_profile,
            "CredentialsExpiresAt": clock::rfc3339(token.expires),
            "CredentialsRetrievedAt": clock::rfc3339(now),
            "CredentialSource": "SSM",
        });
        write_private(&identity, content.to_string().as_bytes())
    }

    fn profile(&self) -> &str {
        match self.config.profile.share_profile.as_str() {
            "" => "default",
            name => name,
        }
    }

    /// Credentials of an earlier start are good until half their life, also on a clone that copied them.
    fn half_life_of_stored_credentials(&self) -> Option<Duration> {
        let identity: Value = serde_json::from_slice(&fs::read(self.places.identity()).ok()?).ok()?;
        let time = |name: &str| identity[name].as_str()?.parse::<Timestamp>().ok();
        let file = PathBuf::from(identity["ShareFile"].as_str()?);
        read_credentials(&file, self.profile())?;
        let (retrieved, expires) = (time("CredentialsRetrievedAt")?, time("CredentialsExpiresAt")?);
        let left = until_half_life(retrieved, expires, Timestamp::now());
        (identity["InstanceId"] == self.key.instance_id.as_str() && !left.is_zero()).then_some(left)
    }

    /// Waits with the worker running: first started one second after the credentials, then kept up.
    fn hold(&mut self, wait: Duration) {
        let end = Timestamp::now() + SignedDuration::try_from(wait).unwrap_or_default();
        while Timestamp::now() < end {
            thread::sleep(Duration::from_secs(1).min(wait));
            let running = self.worker.as_mut().is_some_and(|worker| matches!(worker.try_wait(), Ok(None)));
            if !running {
                self.worker = self.started_worker();
            }
        }
    }

    /// The worker ends when its standard input does, which is when this program ends, however it ends.
    fn started_worker(&self) -> Option<Child> {
        let beside = std::env::current_exe().ok().and_then(|me| Some(me.parent()?.join("ssm-agent-worker")));
        let program = beside.filter(|file| file.exists()).unwrap_or("/usr/bin/ssm-agent-worker".into());
        let started = Command::new(&program).stdin(Stdio::piped()).spawn();
        match started {
            Ok(worker) => {
                self.log.info(&format!("[amazon-ssm-agent] started ssm-agent-worker, pid {}", worker.id()));
                Some(worker)
            }
            Err(error) => {
                self.log.error(&format!("[amazon-ssm-agent] failed to start {}: {error}", program.display()));
                None
            }
        }
    }
}

fn until_half_life(retrieved: Timestamp, expires: Timestamp, now: Timestamp) -> Duration {
    let half = retrieved + expires.duration_since(retrieved) / 2;
    Duration::try_from(half.duration_since(now)).unwrap_or_default()
}

fn backoff(error: &CallError, failures: u32) -> Duration {
    match error.code() {
        "AccessDeniedException" | "MachineFingerprintDoesNotMatch" => SLEEP_WHEN_DENIED,
        _ => Duration::from_secs(1 << failures.min(11)).min(LONGEST_BACKOFF),
    }
}

fn minutes(wait: Duration) -> String {
    match (wait.as_secs() / 60, wait.as_secs() % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, seconds) => format!("{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_renewed_at_half_their_life() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        assert_eq!(until_half_life(at(0), at(3600), at(0)), Duration::from_secs(1800));
        assert_eq!(until_half_life(at(0), at(3600), at(2000)), Duration::ZERO);
    }

    #[test]
    fn a_denied_machine_sleeps_for_half_an_hour() {
        let denied = CallError::Service {
            code: "AccessDeniedException".into(),
            message: String::new(),
            status: 400,
            request_id: String::new(),
        };
        assert_eq!(minutes(backoff(&denied, 0)), "29m37s");
        assert_eq!(minutes(backoff(&CallError::Answer(String::new()), 2)), "4s");
    }
}
