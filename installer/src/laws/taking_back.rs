//! What undo leaves to its owner, and what it does on a machine that went on living.

use distro_matrix::Manager;

use super::*;
use crate::durable;
use crate::host::fake::{blank_vault, registered_elsewhere};
use crate::host::{Command, Host, Packages};
use crate::receipt::Receipt;
use crate::registration::{CREDENTIALS, VAULT};
use crate::step::{Change, Register, Step};

const RECEIPT: &str = Step::RECEIPT;

/// An operator at work on the machine.
fn writes(fake: &mut Fake, path: &str, content: &str) {
    durable::write(fake, path.as_ref(), content.as_bytes(), 0o600).unwrap();
}

#[test]
fn profiles_and_files_that_root_made_since_stay() {
    for (name, machine) in MACHINES {
        let mut fake = machine();
        let mut should = original(&fake);
        brought(&mut fake, Choices::PLAIN, name);
        let profile = "[backup]\naws_access_key_id = mine\n";
        let now = fake.disk.text(CREDENTIALS).unwrap();
        writes(&mut fake, CREDENTIALS, &format!("{now}{profile}"));
        writes(&mut fake, "/root/.aws/cli-history", "mine");
        restored(&mut fake, name);
        let earlier = machine().disk.text(CREDENTIALS).unwrap_or_default();
        let file = |content: &str| format!("File 600 {content}");
        should.entry("/root/.aws".into()).or_insert("Folder 700 ".into());
        should.insert(CREDENTIALS.into(), file(&format!("{earlier}{profile}")));
        should.insert("/root/.aws/cli-history".into(), file("mine"));
        same(&original(&fake), &should, name);
    }
}

/// Earlier versions enabled units one by one, and told by a word that they were not to be started.
#[test]
fn a_receipt_of_an_earlier_version_knows_which_units_start_at_boot() {
    for goes_on in [false, true] {
        let mut fake = fresh();
        let found = original(&fake);
        brought(&mut fake, Choices { goal: Goal::Install, ..Choices::PLAIN }, "fresh");
        assert_eq!(enabled_one_by_one(&mut fake), 5);
        if goes_on {
            brought(&mut fake, Choices::PLAIN, "installed by an earlier version");
        }
        restored(&mut fake, "an earlier version");
        same(&original(&fake), &found, "an earlier version, undone");
    }
}

/// How many they were.
fn enabled_one_by_one(fake: &mut Fake) -> usize {
    let mut receipt: serde_json::Value = serde_json::from_str(&fake.disk.text(RECEIPT).unwrap()).unwrap();
    let entries = receipt["entries"].as_array_mut().unwrap();
    let mut units = 0;
    while let Some(at) = entries.iter().position(|entry| entry["change"]["step"] == "at-boot") {
        let entry = entries.remove(at);
        for unit in entry["change"]["units"].as_array().unwrap() {
            let entry = serde_json::json!({
                "why": "an earlier version",
                "change": { "step": "unit", "unit": unit, "start": false },
                "replaced": { "before": "unit", "enabled": false, "active": false },
            });
            entries.insert(at, entry);
            units += 1;
        }
    }
    fake.put(RECEIPT, &receipt.to_string(), 0o600);
    units
}

/// Packages that stay must keep their gates: at the next boot an agent would start without an identity.
#[test]
fn a_failure_stops_undo_and_everything_before_it_stays() {
    let mut whole = fresh();
    brought(&mut whole, Choices::PLAIN, "fresh");
    whole.disk.settle();
    let receipt = Receipt::read(&whole).unwrap();
    for touch in 1.. {
        let mut fake = whole.clone();
        (fake.touches, fake.fails_at) = (0, Some(touch));
        let mut undone = 0;
        let outcome = take_back(&mut fake, &mut |_| undone += 1);
        if fake.touches < touch {
            break;
        }
        let left = Receipt::read(&fake).unwrap().entries;
        assert!(receipt.entries.starts_with(&left), "at touch {touch}");
        // What fails after the last change has nothing more to stop.
        if let (Err(e), false) = (outcome, left.is_empty()) {
            assert!(receipt.entries.len() - left.len() <= undone + 1, "at touch {touch}");
            assert!(e.to_string().contains("'landfall uninstall' again"), "at touch {touch}: {e}");
            // The next try cannot name an identity that went in this one.
            let went = !left.iter().any(|entry| entry.change.subject() == "registration");
            assert!(!went || fake.told().contains("deregister-managed-instance"), "at touch {touch}");
        }
        fake.disk.settle();
        fake.boot();
        assert_eq!(fake.strays, 0, "booted after a failure at touch {touch}");
    }
}

#[test]
fn an_ecs_agent_that_keeps_failing_can_be_mended_and_is_stopped_by_undo() {
    for (name, machine) in MACHINES {
        let (mut fake, mut whole) = (machine(), machine());
        fake.service.denies_instances = true;
        assert_eq!(bring(&mut fake, Choices::PLAIN, &mut String::new()).unwrap_err().exit_code(), 1);
        assert!(fake.state().contains_key("restarting ecs.service"), "{name}");
        let mut mended = fake.clone();
        mended.service.denies_instances = false;
        brought(&mut mended, Choices::PLAIN, name);
        brought(&mut whole, Choices::PLAIN, name);
        same(&success(&mended), &success(&whole), &format!("{name}, mended"));
        restored(&mut fake, name);
        same(&original(&fake), &original(&machine()), &format!("{name}, undone"));
    }
}

#[test]
fn an_agent_whose_package_somebody_removed_is_no_obstacle() {
    let mut fake = fresh();
    brought(&mut fake, Choices::PLAIN, "fresh");
    fake.run(&Command::Packages(Manager::Apt, Packages::Purge(vec!["amazon-ssm-agent".into()]))).unwrap();
    let told = restored(&mut fake, "fresh");
    same(&original(&fake), &original(&fresh()), "the agent's package removed by hand, undone");
    assert!(told.iter().any(|left| left.contains("deregister-managed-instance")), "{told:?}");
}

/// A blank Vault is no identity, and is not put back: nobody has a use for it.
#[test]
fn a_blank_vault_takes_an_identity_also_after_a_failure_at_any_touch() {
    let agents_own = |state: &mut State| state.retain(|name, _| !name.starts_with("/var/lib/amazon/ssm"));
    let mut found = original(&blank_vault());
    agents_own(&mut found);
    for touch in 1.. {
        let mut fake = blank_vault();
        (fake.touches, fake.fails_at) = (0, Some(touch));
        let _ = bring(&mut fake, Choices::PLAIN, &mut String::new());
        if fake.touches < touch {
            break;
        }
        fake.fails_at = None;
        brought(&mut fake, Choices::PLAIN, "a blank Vault");
        let identity = registration::read(&fake).unwrap().expect("an identity");
        assert_eq!(identity.region, "us-east-1", "at touch {touch}");
        restored(&mut fake, "a blank Vault");
        assert_eq!(fake.disk.node(VAULT.as_ref()), None, "at touch {touch}");
        let mut state = original(&fake);
        agents_own(&mut state);
        same(&state, &found, &format!("a blank Vault, failure at touch {touch}, undone"));
    }
}

#[test]
fn an_identity_of_another_region_is_refused_and_left_alone() {
    let mut fake = registered_elsewhere();
    let (state, service) = (fake.state(), fake.service.clone());
    fake.touches = 0;
    assert_eq!(bring(&mut fake, Choices::PLAIN, &mut String::new()).unwrap_err().exit_code(), 2);
    assert_eq!((fake.touches, &fake.service), (0, &service));
    same(&fake.state(), &state, "registered elsewhere");
    let register = Step::Register(Register { region: "us-east-1".into(), expect_account: None });
    assert_eq!(register.check(&fake).unwrap_err().exit_code(), 2);
}
