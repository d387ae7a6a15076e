//! `InstanceFingerprint`: a random name for the hardware, kept as long as the hardware is the same.
//!
//! On a machine that is not the one it was made for (a clone), the agent tries three times and then
//! gives itself a new name, which the service refuses: the clone trap. The stand-in falls into it too.

use super::hardware::{self, Hardware, IP_ADDRESS, MACHINE_ID};
use super::{Places, Vault};
use crate::identifier::uuid4;
use crate::log::Log;
use serde::{Deserialize, Serialize};
use std::io;
use std::thread;
use std::time::Duration;

const ENTRY: &str = "InstanceFingerprint";
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_secs(5);
const USUAL_THRESHOLD: i64 = 40;

#[derive(Serialize, Deserialize, Default, Debug)]
#[serde(default, rename_all = "camelCase")]
struct Fingerprint {
    fingerprint: String,
    hardware_hash: Hardware,
    similarity_threshold: i64,
}

/// This machine's fingerprint: the stored one, or a new one that is stored before it is returned.
pub fn of_this_machine(places: &Places, log: &Log) -> io::Result<String> {
    of_machine(&Vault::new(places), || hardware::of_this_machine(places), PAUSE, log)
}

fn of_machine(vault: &Vault, look: impl Fn() -> Hardware, pause: Duration, log: &Log) -> io::Result<String> {
    let stored = read(vault);
    let threshold = if stored.fingerprint.is_empty() { USUAL_THRESHOLD } else { stored.similarity_threshold };
    let mut hardware = look();
    if !stored.fingerprint.is_empty() {
        for _ in 0..ATTEMPTS {
            if is_similar(&stored.hardware_hash, &hardware, threshold, log) {
                return Ok(stored.fingerprint);
            }
            thread::sleep(pause);
            hardware = look();
        }
        if is_similar(&stored.hardware_hash, &hardware, threshold, log) {
            return Ok(stored.fingerprint);
        }
        log.info("Calculated hardware difference, regenerating fingerprint...");
    } else {
        log.info("No initial fingerprint detected, generating fingerprint file...");
    }
    let made = Fingerprint { fingerprint: uuid4(), hardware_hash: hardware, similarity_threshold: threshold };
    vault.store(ENTRY, &serde_json::to_vec(&made)?)?;
    Ok(made.fingerprint)
}

/// `-fingerprint -similarityThreshold N`; the exit status.
pub fn change_threshold(vault: &Vault, threshold: i64, log: &Log) -> u8 {
    match set_threshold(vault, threshold) {
        Ok(()) => {
            log.info(&format!("Fingerprint SimilarityThreshold set to {threshold}"));
            0
        }
        Err(why) => {
            log.error(&format!("Error setting the SimilarityThreshold. {why}"));
            1
        }
    }
}

/// Stores another threshold; -1 turns the comparison off.
pub fn set_threshold(vault: &Vault, threshold: i64) -> Result<(), String> {
    if threshold != -1 && !(1..=100).contains(&threshold) {
        let range = "Value must be between 1 and 100 or -1 to disable similarity check.";
        return Err(format!("Invalid Similarity Threshold value of {threshold}. {range}"));
    }
    let stored = Fingerprint { similarity_threshold: threshold, ..read(vault) };
    let why = "Unable to set similarity threshold due to";
    if stored.fingerprint.is_empty() {
        return Err(format!("{why}, save called with empty fingerprint key"));
    }
    let data = serde_json::to_vec(&stored).map_err(|error| format!("{why}, {error}"))?;
    vault.store(ENTRY, &data).map_err(|error| format!("{why}, {error}"))
}

/// Empties the entry, as `-register -clear` does.
pub fn clear(vault: &Vault) -> io::Result<()> {
    vault.store(ENTRY, br#"{"fingerprint":"","hardwareHash":null,"similarityThreshold":0}"#)
}

fn read(vault: &Vault) -> Fingerprint {
    vault.read(ENTRY).and_then(|data| serde_json::from_slice(&data).ok()).unwrap_or_default()
}

fn is_similar(saved: &Hardware, current: &Hardware, threshold: i64, log: &Log) -> bool {
    if threshold == -1 {
        return true;
    }
    let (now, then) = (&current[MACHINE_ID], saved.get(MACHINE_ID).cloned().unwrap_or_default());
    if *now != then {
        log.error(&format!(
            "Cannot connect to AWS Systems Manager.  The hardware ID ({now}) has changed from the \
             registered value ({then})."
        ));
        return false;
    }
    if saved.get(IP_ADDRESS) == current.get(IP_ADDRESS) {
        return true;
    }
    let same = current.iter().filter(|(name, value)| saved.get(*name) == Some(value)).count();
    let similar = (same * 100) as i64 >= threshold * current.len() as i64;
    if !similar {
        log.error(
            "Cannot connect to AWS Systems Manager.  Machine configuration has changed more than the \
             allowed threshold.",
        );
    }
    similar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(id: &str, ip: &str, rest: &str) -> Hardware {
        let mut values: Hardware =
            [(MACHINE_ID.to_owned(), id.to_owned()), (IP_ADDRESS.into(), ip.into())].into();
        for name in ["bios-hash", "disk-info", "hostname-info", "macaddr-info", "memory-hash"] {
            values.insert(name.into(), rest.into());
        }
        values.insert("processor-hash".into(), String::new());
        values.insert("system-hash".into(), String::new());
        values
    }

    fn in_a_vault(test: impl Fn(&Vault, &Log)) {
        let root = tempfile::tempdir().unwrap();
        let places = Places::under(root.path());
        test(&Vault::new(&places), &Log::ssm(&places.logs()));
    }

    fn named(vault: &Vault, hardware: Hardware, log: &Log) -> String {
        of_machine(vault, || hardware.clone(), Duration::ZERO, log).unwrap()
    }

    #[test]
    fn the_same_machine_keeps_its_fingerprint() {
        in_a_vault(|vault, log| {
            let first = named(vault, machine("a", "10.0.0.1", "x"), log);
            assert_eq!(named(vault, machine("a", "10.0.0.1", "x"), log), first);
            assert_eq!(named(vault, machine("a", "10.0.0.1", "all other"), log), first, "same address");
            assert_eq!(named(vault, machine("a", "10.0.0.2", "x"), log), first, "8 of 9 the same");
        });
    }

    #[test]
    fn a_clone_gives_itself_a_new_fingerprint() {
        in_a_vault(|vault, log| {
            let first = named(vault, machine("a", "10.0.0.1", "x"), log);
            let second = named(vault, machine("b", "10.0.0.1", "x"), log);
            assert_ne!(first, second);
            assert_eq!(named(vault, machine("b", "10.0.0.1", "x"), log), second);
        });
    }

    #[test]
    fn too_much_change_behind_another_address_is_another_machine() {
        in_a_vault(|vault, log| {
            let first = named(vault, machine("a", "10.0.0.1", "x"), log);
            assert_ne!(named(vault, machine("a", "10.0.0.2", "y"), log), first, "3 of 9 the same");
        });
    }

    #[test]
    fn without_the_check_a_clone_keeps_the_fingerprint() {
        in_a_vault(|vault, log| {
            let first = named(vault, machine("a", "10.0.0.1", "x"), log);
            set_threshold(vault, -1).unwrap();
            assert_eq!(named(vault, machine("b", "10.0.0.9", "y"), log), first);
        });
    }

    #[test]
    fn a_threshold_out_of_range_is_refused() {
        in_a_vault(|vault, log| {
            assert_eq!(change_threshold(vault, 0, log), 1);
            assert_eq!(change_threshold(vault, 50, log), 1, "nothing stored yet");
            named(vault, machine("a", "10.0.0.1", "x"), log);
            assert_eq!(change_threshold(vault, 50, log), 0);
        });
    }
}
