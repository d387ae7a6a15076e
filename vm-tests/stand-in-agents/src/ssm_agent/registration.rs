//! `-register`: the order of writes and calls, with its traps kept.
//!
//! The new key pair is stored under an empty instance id BEFORE the service is asked, so a failure
//! destroys a registration that was there, while the plain file `registration` still names it.

use super::key_pair::KeyPair;
use super::vault::{RegistrationKey, write_private};
use super::{Config, Places, Vault, fingerprint};
use crate::aws::{self, CallError, JSON};
use crate::log::Log;
use crate::wire::{Body, Url};
use serde_json::{Value, json};
use std::io::{BufRead, Write};
use std::thread;
use std::time::Duration;

const TARGET: &str = "AmazonSSM.RegisterManagedInstance";

/// Waits between tries as recorded: about 9 s in all for what the SDK repeats.
const TRANSIENT_PAUSES_MS: [u64; 3] = [1250, 2450, 4750];
/// About 4 s in all for what the agent itself repeats.
const TOO_MANY_UPDATES_PAUSES_MS: [u64; 5] = [150, 220, 470, 880, 1880];

/// What `-register` was given.
pub struct Activation {
    /// The activation code.
    pub code: String,
    /// The activation id.
    pub id: String,
    /// The region.
    pub region: String,
    /// `-y`: no question when the machine is registered already.
    pub yes: bool,
    /// `-disableSimilarityCheck`
    pub disable_similarity_check: bool,
}

/// Registers this machine; the exit status.
pub fn register(activation: &Activation, places: &Places, config: &Config, log: &Log) -> u8 {
    if !activation.yes && !Vault::new(places).registration().instance_id.is_empty() {
        match confirmed() {
            Ok(true) => {}
            Ok(false) => {
                log.info("Registration canceled by user");
                return 1;
            }
            Err(why) => {
                log.error(&format!("Registration failed due to {why}"));
                return 1;
            }
        }
    }
    match registered(activation, places, config, log) {
        Ok(id) => {
            let done = "Successfully registered the instance with AWS SSM using Managed instance-id";
            log.info(&format!("{done}: {id}"));
            0
        }
        Err(why) => {
            log.error(&format!("Registration failed due to {why}"));
            1
        }
    }
}

/// `-register -clear`: empties both entries and leaves the file `registration`; asks no service.
pub fn clear(places: &Places, log: &Log) -> u8 {
    let vault = Vault::new(places);
    let cleared =
        fingerprint::clear(&vault).and_then(|()| vault.store_registration(&RegistrationKey::default()));
    match cleared {
        Ok(()) => {
            log.info("Registration information has been removed from the instance.");
            0
        }
        Err(error) => {
            log.error(&format!(
                "error clearing the instance registration information. {error}\n\
                 Try running as sudo/administrator."
            ));
            1
        }
    }
}

fn registered(
    activation: &Activation,
    places: &Places,
    config: &Config,
    log: &Log,
) -> Result<String, String> {
    let vault = Vault::new(places);
    let pair = KeyPair::generate().map_err(|why| format!("error generating signing keys. {why}"))?;
    vault.store_registration(&RegistrationKey::new("", "", &pair.private)).map_err(|error| {
        format!("Unable to save registration information. {error}\nTry running as sudo/administrator.")
    })?;
    let name = fingerprint::of_this_machine(places, log)
        .map_err(|error| format!("error generating instance fingerprint. {error}"))?;
    if activation.disable_similarity_check {
        fingerprint::set_threshold(&vault, -1)?;
    }
    let asked = "error registering the instance with AWS SSM.";
    check_lengths(activation).map_err(|why| format!("{asked} {why}"))?;
    let url = aws::endpoint(&config.ssm.endpoint, "ssm", &activation.region);
    let url = url.map_err(|error| format!("{asked} {error}"))?;
    let body = request_body(activation, &name, &pair.public).to_string();
    let answer = with_retries(
        || ask(&url, &config.user_agent(), &body),
        |ms| {
            thread::sleep(Duration::from_millis(ms));
        },
    );
    let answer = answer.map_err(|error| format!("{asked} {error}"))?;
    let id = answer["InstanceId"].as_str().unwrap_or_default().to_owned();
    vault
        .store_registration(&RegistrationKey::new(&id, &activation.region, &pair.private))
        .map_err(|error| format!("error persisting the instance registration information. {error}"))?;
    let copy = json!({"ManagedInstanceID": id, "Region": activation.region}).to_string();
    write_private(&places.registration(), copy.as_bytes())
        .map_err(|error| format!("Failed to write registration info to file. {error}"))?;
    Ok(id)
}

fn request_body(activation: &Activation, fingerprint: &str, public_key: &str) -> Value {
    json!({
        "ActivationCode": activation.code,
        "ActivationId": activation.id,
        "Fingerprint": fingerprint,
        "PublicKey": public_key,
        "PublicKeyType": "Rsa",
    })
}

fn ask(url: &Url, user_agent: &str, body: &str) -> Result<Value, CallError> {
    let headers = [("Content-Type", JSON), ("X-Amz-Target", TARGET), ("Accept-Encoding", "gzip")];
    aws::post(url, user_agent, &headers, Body::Sized(body.as_bytes()))
}

fn with_retries(
    mut ask: impl FnMut() -> Result<Value, CallError>,
    pause: impl Fn(u64),
) -> Result<Value, CallError> {
    let (mut transient, mut too_many) = (TRANSIENT_PAUSES_MS.iter(), TOO_MANY_UPDATES_PAUSES_MS.iter());
    loop {
        let failure = match ask() {
            Err(failure) => failure,
            answer => return answer,
        };
        let wait = match failure.code() {
            "TooManyUpdates" => too_many.next(),
            _ if failure.is_transient() => transient.next(),
            _ => None,
        };
        match wait {
            Some(ms) => pause(*ms),
            None => return Err(failure),
        }
    }
}

/// What the SDK checks before it sends anything.
fn check_lengths(activation: &Activation) -> Result<(), String> {
    let short = |field: &str, least: usize| {
        format!("- minimum field size of {least}, RegisterManagedInstanceInput.{field}.\n")
    };
    let mut complaints = Vec::new();
    if activation.code.len() < 20 {
        complaints.push(short("ActivationCode", 20));
    }
    if activation.id.len() < 36 {
        complaints.push(short("ActivationId", 36));
    }
    if !complaints.is_empty() {
        let (count, list) = (complaints.len(), complaints.concat());
        return Err(format!("InvalidParameter: {count} validation error(s) found.\n{list}"));
    }
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !activation.region.contains('-') || !activation.region.chars().all(letters) {
        return Err("MissingEndpoint: 'Endpoint' configuration is required for this service".into());
    }
    Ok(())
}

fn confirmed() -> Result<bool, &'static str> {
    print!(
        "\nInstance already registered. Would you like to override existing with new registration information? [Yes/No]: "
    );
    let _ = std::io::stdout().flush();
    let mut answer = String::new();
    match std::io::stdin().lock().read_line(&mut answer) {
        Ok(0) | Err(_) => return Err("EOF"),
        Ok(_) => {}
    }
    match answer.trim().chars().next().map(|c| c.to_ascii_lowercase()) {
        Some('y') => Ok(true),
        Some('n') => Ok(false),
        Some(_) => Err("Invalid response received."),
        None => Err("unexpected newline"),
    }
}

#[cfg(test)]
#[path = "registration_tests.rs"]
mod tests;
