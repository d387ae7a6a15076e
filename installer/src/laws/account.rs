//! The account that an identity must belong to: looked at before any agent starts.

use super::*;
use crate::host::fake::registered_elsewhere;
use crate::registration::VAULT;

const OTHER: &str = "999999999999";

/// `up` with an expected account.
fn bring_into(fake: &mut Fake, account: &str, said: &mut String) -> Result<usize> {
    let options = Options { expect_account: Some(account.into()), ..Choices::PLAIN.options() };
    bring_with(fake, &options, Goal::Up, said)
}

fn a_machine(wanted: &str) -> Fake {
    MACHINES.iter().find(|(name, _)| *name == wanted).expect("a machine of this name").1()
}

#[test]
fn an_identity_of_another_account_is_taken_away_before_any_agent_has_used_it() {
    for (name, machine) in MACHINES.iter().filter(|(name, _)| !name.contains("registered by")) {
        let mut fake = machine();
        let e = bring_into(&mut fake, OTHER, &mut String::new()).unwrap_err();
        assert_eq!(e.exit_code(), 1, "{name}");
        for named in [ACCOUNT, OTHER, "mi-00000000000000001"] {
            assert!(e.what.contains(named), "{name}: {e}");
        }
        let hint = e.hint.unwrap();
        assert!(
            hint.contains(
                "deregister-managed-instance --region us-east-1 --instance-id mi-00000000000000001"
            )
        );
        assert_eq!(fake.disk.node(VAULT.as_ref()), None, "{name}");
        assert_eq!(fake.disk.node(MARKER.as_ref()), None, "{name}");
        // The role token and the account: no agent has asked for anything.
        assert_eq!((fake.service.registrations, fake.service.requests, fake.strays), (1, 3, 0), "{name}");
        let mut booted = fake.clone();
        booted.disk.settle();
        booted.boot();
        assert_eq!((booted.service.requests, booted.strays), (3, 0), "{name}, booted");
        let mut undone = fake.clone();
        restored(&mut undone, name);
        bring_into(&mut fake, ACCOUNT, &mut String::new()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(fake.service.registrations, 2, "{name}");
        assert!(registration::read(&fake).unwrap().is_some());
        restored(&mut fake, name);
        same(&original(&fake), &original(&machine()), &format!("{name}, another account, undone"));
    }
}

/// Wherever the first run stopped, the next one looks at the account before it lets an agent start.
#[test]
fn a_power_cut_before_the_account_was_looked_at_does_not_let_an_agent_start() {
    let mut fake = fresh();
    fake.keep_moments();
    let _ = bring_into(&mut fake, OTHER, &mut String::new());
    for (at, moment) in fake.take_moments().into_iter().enumerate() {
        for survivors in [Survivors::None, Survivors::All, Survivors::Some(1)] {
            let mut cut = moment.clone();
            cut.lose_power(survivors);
            let e = bring_into(&mut cut, OTHER, &mut String::new()).unwrap_err();
            let known = e.what.contains("it was used here before");
            assert!(known || e.what.contains("was cleared from this machine"), "at touch {at}: {e}");
            assert_eq!(cut.disk.node(VAULT.as_ref()), None, "at touch {at}");
            assert_eq!((cut.disk.node(MARKER.as_ref()), cut.strays), (None, 0), "at touch {at}");
        }
    }
}

#[test]
fn an_identity_that_was_there_before_is_refused_and_kept() {
    let mut fake = a_machine("registered by other means");
    let found = original(&fake);
    let vault = fake.disk.text(&format!("{VAULT}/Store/RegistrationKey"));
    let e = bring_into(&mut fake, OTHER, &mut String::new()).unwrap_err();
    assert_eq!(e.exit_code(), 1);
    assert!(e.what.contains(&format!("of the account {ACCOUNT}, not of {OTHER}")), "{e}");
    assert_eq!(fake.disk.text(&format!("{VAULT}/Store/RegistrationKey")), vault);
    let mut now = original(&fake);
    now.retain(|name, _| !name.starts_with("/var/lib/landfall"));
    same(&now, &found, "refused");
    bring_into(&mut fake, ACCOUNT, &mut String::new()).unwrap();
}

#[test]
fn a_registered_machine_is_looked_at_once_and_its_account_is_remembered() {
    let mut fake = fresh();
    brought(&mut fake, Choices::PLAIN, "fresh");
    let before = fake.service.requests;
    bring_into(&mut fake, ACCOUNT, &mut String::new()).unwrap();
    assert_eq!(fake.service.requests, before + 2);
    let state = fake.state();
    assert_eq!(bring_into(&mut fake, ACCOUNT, &mut String::new()).unwrap(), 0);
    let e = bring_into(&mut fake, OTHER, &mut String::new()).unwrap_err();
    assert!(e.what.contains(OTHER) && e.exit_code() == 1, "{e}");
    assert_eq!(fake.service.requests, before + 2, "nobody is asked what is known");
    same(&fake.state(), &state, "another account asked for later");
}

#[test]
fn a_service_that_does_not_answer_leaves_the_identity_for_the_next_run() {
    let mut fake = fresh();
    fake.service.token_refusal = Some("AccessDeniedException");
    let e = bring_into(&mut fake, ACCOUNT, &mut String::new()).unwrap_err();
    assert!(e.what.contains("access is denied") && e.exit_code() == 1, "{e}");
    assert!(registration::read(&fake).unwrap().is_some());
    assert_eq!(fake.disk.node(MARKER.as_ref()), None);
    fake.service.token_refusal = None;
    bring_into(&mut fake, ACCOUNT, &mut String::new()).unwrap();
    assert_eq!(fake.service.registrations, 1);
}

#[test]
fn no_token_and_no_key_is_told_or_left_outside_the_vault() {
    let mut fake = fresh();
    let mut said = String::new();
    bring_into(&mut fake, ACCOUNT, &mut said).unwrap();
    let key = fake.disk.text(&format!("{VAULT}/Store/RegistrationKey")).unwrap();
    let key: serde_json::Value = serde_json::from_str(&key).unwrap();
    let key = key["privateKey"].as_str().unwrap();
    assert!(!said.contains(key) && !said.contains("AKIDTEST"));
    let holders: Vec<_> = fake.state().into_iter().filter(|(_, text)| text.contains(key)).collect();
    assert_eq!(holders.len(), 1, "{:?}", holders.iter().map(|(name, _)| name).collect::<Vec<_>>());
    assert!(!fake.state().values().any(|text| text.contains("AKIDTEST")));
}

#[test]
fn a_broken_marker_is_no_proof_of_an_account() {
    let mut fake = fresh();
    bring_into(&mut fake, ACCOUNT, &mut String::new()).unwrap();
    let before = fake.service.requests;
    fake.somebody_writes(MARKER, "");
    bring_into(&mut fake, ACCOUNT, &mut String::new()).unwrap();
    assert_eq!(fake.service.requests, before + 2);
    assert!(fake.disk.text(MARKER).unwrap().contains(ACCOUNT));
    // An identity of another region is refused before anybody is asked.
    assert_eq!(
        bring_into(&mut registered_elsewhere(), ACCOUNT, &mut String::new()).unwrap_err().exit_code(),
        2
    );
}
