//! What stays of a registration that did not end well.

use super::*;
use crate::registration::VAULT;

const NOTE: &str = "/var/lib/landfall/registering";
const REFUSED: &str =
    "ERROR Registration failed. AccessDeniedException: no\n\tstatus code: 400, request id: 1";
const LOST: &str = "ERROR Registration failed. RequestError: send request failed\ncaused by: EOF";

fn key(fake: &Fake) -> Option<String> {
    fake.disk.text(&format!("{VAULT}/Store/RegistrationKey"))
}

/// A machine on which a registration was tried, and what came of it was this.
fn tried(machine: fn() -> Fake, said: &'static str) -> Fake {
    let mut fake = machine();
    fake.service.loses_registration = Some(said);
    assert_eq!(bring(&mut fake, Choices::PLAIN, &mut String::new()).unwrap_err().exit_code(), 1);
    fake.service.loses_registration = None;
    fake
}

#[test]
fn an_identity_that_is_whole_is_kept_whatever_the_agent_says_of_itself() {
    for machine in [fresh, blank_vault] {
        let mut fake = machine();
        fake.service.fails_after_registration = true;
        brought(&mut fake, Choices::PLAIN, "fails after registration");
        assert_eq!(fake.service.registrations, 1);
        assert_eq!(fake.disk.text(NOTE), None);
    }
}

#[test]
fn a_refusal_leaves_no_trace_and_the_earlier_vault() {
    for machine in [fresh, blank_vault] {
        let mut fake = tried(machine, REFUSED);
        assert_eq!((key(&fake), fake.disk.text(NOTE)), (key(&machine()), None));
        brought(&mut fake, Choices::PLAIN, "refused before");
        assert!(!fake.told().contains("was cut short"), "{}", fake.told());
    }
}

#[test]
fn a_lost_answer_leaves_the_newer_vault_and_the_next_run_tells_of_it_once() {
    for machine in [fresh, blank_vault] {
        let mut fake = tried(machine, LOST);
        assert_ne!(key(&fake), key(&machine()));
        assert!(!fake.disk.text(NOTE).unwrap().contains(ACTIVATION_CODE));
        let mut undone = fake.clone();
        brought(&mut fake, Choices::PLAIN, "lost before");
        let told = fake.told();
        assert_eq!(told.matches("was cut short").count(), 1, "{told}");
        for mark in ["begun on 2026-11-2", "99999999-8888-4777-8666-555555555555", ACTIVATION_ID] {
            assert!(told.contains(mark), "{told}");
        }
        assert_eq!(fake.disk.text(NOTE), None);
        restored(&mut undone, "lost, undone");
        assert_eq!(undone.disk.text(NOTE), None);
    }
}

/// A power cut may take the list that the agent finds its key through, and leave the key.
#[test]
fn an_instance_whose_vault_is_not_whole_is_told_by_its_id() {
    let mut fake = tried(fresh, LOST);
    let filled = key(&fake).unwrap().replace(r#""instanceID":"""#, r#""instanceID":"mi-0fedcba9876543210""#);
    fake.somebody_writes(&format!("{VAULT}/Store/RegistrationKey"), &filled);
    fake.somebody_writes(&format!("{VAULT}/Manifest"), "");
    brought(&mut fake, Choices::PLAIN, "without a list");
    assert!(fake.told().contains("mi-0fedcba9876543210"), "{}", fake.told());
}
