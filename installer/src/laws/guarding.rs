//! A copy of a registered machine: no agent of it ever starts, and what follows is the same wherever the power
//! goes.

use landfall_contract::SEALED;

use super::cuts::cut;
use super::*;
use crate::commands::{guard, identity, status};
use crate::guard::{NOTICE, RECORD, Record};

const UNITS: [&str; 2] = ["amazon-ssm-agent.service", "ecs.service"];
const QUARANTINE: &str = "/var/lib/landfall/quarantine.json";
const POLICY: &str = "/etc/landfall/policy.toml";
const AGENT_STATE: &str = "/var/lib/ecs/data/agent.db";
const OTHER_CARD: &str = "52:54:00:99:99:99";

fn registered_machine(machine: fn() -> Fake) -> Fake {
    let mut fake = machine();
    brought(&mut fake, Choices::PLAIN, "to be copied");
    fake.disk.settle();
    fake
}

/// Its disk in another machine.
fn copied(mut fake: Fake) -> Fake {
    fake.without_cards();
    fake.with_card(OTHER_CARD);
    fake
}

fn with_policy(mut fake: Fake) -> Fake {
    fake.put(POLICY, "on-copy = \"new-identity\"\n", 0o644);
    fake
}

fn running(fake: &Fake) -> Vec<bool> {
    fake.units(&UNITS).unwrap().iter().map(|unit| unit.active).collect()
}

fn has(fake: &Fake, path: &str) -> bool {
    fake.disk.text(path).is_some()
}

/// Nothing of the identity is left, nobody runs, and the next first boot is due.
fn gave_it_up(fake: &Fake, what: &str) {
    assert_eq!(registration::read(fake).unwrap(), None, "{what}");
    assert_eq!(running(fake), [false, false], "{what}");
    assert!(has(fake, SEALED), "{what}");
    for path in [MARKER, RECORD, QUARANTINE, AGENT_STATE, NOTICE, "/var/lib/landfall/giving-up"] {
        assert!(!has(fake, path), "{what}: {path}");
    }
    let credentials = fake.disk.text(registration::CREDENTIALS).unwrap_or_default();
    assert!(!credentials.contains("= role"), "{what}: {credentials}");
    assert_eq!(fake.strays, 0, "{what}");
}

#[test]
fn a_registered_machine_is_recorded_and_boots_as_itself() {
    let mut fake = registered_machine(fresh);
    let record: Record = serde_json::from_str(&fake.disk.text(RECORD).unwrap()).unwrap();
    assert_eq!(record.instance_id, registration::read(&fake).unwrap().unwrap().instance_id);
    assert!(record.machine.mac_addresses.contains("52:54:00:12:34:56"), "{record:?}");
    fake.boot();
    assert_eq!(running(&fake), [true, true]);
    assert_eq!(fake.told(), "");
}

#[test]
fn the_marker_never_stands_without_the_record() {
    let mut whole = fresh();
    let run = |fake: &mut Fake| brought(fake, Choices::PLAIN, "fresh");
    whole.keep_moments();
    run(&mut whole);
    for (at, moment) in whole.take_moments().into_iter().enumerate() {
        for survivors in cuts::SUBSETS {
            let mut cut = moment.clone();
            cut.disk.cut(survivors);
            assert!(!has(&cut, MARKER) || has(&cut, RECORD), "touch {at}, {survivors:?} survives");
        }
    }
}

#[test]
fn a_copy_is_quarantined_at_its_boot_and_says_so_everywhere() {
    let mut fake = copied(registered_machine(fresh));
    let requests = fake.service.requests;
    fake.boot();
    assert_eq!(running(&fake), [false, false]);
    assert_eq!(fake.service.requests, requests, "AWS heard of it");
    assert!(has(&fake, QUARANTINE) && fake.disk.text(NOTICE).unwrap().contains("landfall identity renew"));
    let error = status::run(&fake, true).unwrap_err();
    assert_eq!(error.exit_code(), 3);
    assert_eq!(identity::show(&fake, true).unwrap_err().exit_code(), 3);
    let error = guard::run(&mut fake).unwrap_err();
    assert!(error.exit_code() == 1 && error.what.contains("network cards"), "{error}");
    let facts = Facts::gather(&fake).unwrap();
    let options = Options { region: Some("us-east-1".into()), ..Options::default() };
    let error = crate::commands::up::run(&mut fake, &options, Goal::Up, true).unwrap_err();
    assert!(error.exit_code() == 2 && error.what.contains("is a copy of mi-"), "{error}");
    assert!(error.hint.unwrap().contains("landfall identity accept"));
    assert_eq!(facts.quarantine.unwrap().since, fake_since(&fake));
}

fn fake_since(fake: &Fake) -> jiff::Timestamp {
    let kept: crate::guard::Quarantine = serde_json::from_str(&fake.disk.text(QUARANTINE).unwrap()).unwrap();
    kept.since
}

#[test]
fn a_disk_that_is_put_back_into_its_own_machine_is_free_again() {
    let mut fake = copied(registered_machine(fresh));
    fake.boot();
    fake.without_cards();
    fake.with_card("52:54:00:12:34:56");
    fake.boot();
    assert_eq!(running(&fake), [true, true]);
    assert!(!has(&fake, QUARANTINE) && !has(&fake, NOTICE));
    assert!(fake.told().contains("the quarantine is over"), "{}", fake.told());
}

#[test]
fn a_machine_that_an_earlier_landfall_registered_is_trusted_once_and_then_compared() {
    let mut fake = registered_machine(fresh);
    let _ = fake.disk.remove(std::path::Path::new(RECORD));
    fake.disk.settle();
    fake.boot();
    assert!(fake.told().contains("there was no record of it") && has(&fake, RECORD), "{}", fake.told());
    let mut fake = copied(fake);
    fake.boot();
    assert_eq!(running(&fake), [false, false]);
}

/// Whoever registered anew by other means made another instance of it.
#[test]
fn a_record_of_an_earlier_identity_says_nothing_of_a_newer_one() {
    let mut fake = copied(registered_machine(fresh));
    let key = format!("{}/Store/RegistrationKey", registration::VAULT);
    let newer = fake.disk.text(&key).unwrap().replace("mi-00000000000000001", "mi-0fedcba9876543210");
    fake.put(&key, &newer, 0o600);
    guard::run(&mut fake).unwrap();
    assert!(fake.told().contains("registered as mi-0fedcba9876543210"), "{}", fake.told());
}

#[test]
fn bare_metal_whose_board_vouches_may_have_all_its_cards_replaced() {
    let metal = || {
        let mut fake = fresh();
        fake.vendor = "Dell Inc.";
        fake.put("/sys/class/dmi/id/product_uuid", "4C4C4544-0032-3510-8053-B6C04F4D4E32\n", 0o400);
        fake
    };
    let mut fake = copied(registered_machine(metal));
    fake.boot();
    assert_eq!(running(&fake), [true, true]);
    assert!(fake.disk.text(RECORD).unwrap().contains(OTHER_CARD));
}

#[test]
fn a_full_disk_keeps_no_machine_down_that_is_no_copy() {
    let mut fake = registered_machine(fresh);
    fake.with_card(OTHER_CARD);
    fake.touches = 0;
    fake.fails_at = Some(1);
    guard::run(&mut fake).unwrap();
    assert!(fake.told().contains("was not recorded"), "{}", fake.told());
}

#[test]
fn a_broken_policy_asks_for_no_more_than_a_quarantine() {
    let mut fake = copied(registered_machine(fresh));
    fake.put(POLICY, "on-copy = new-identity\n", 0o644);
    assert!(guard::run(&mut fake).unwrap_err().what.contains("is a copy"));
    assert!(fake.told().contains("/etc/landfall/policy.toml is broken"), "{}", fake.told());
}

/// Whatever the policy says of copies: what cannot be compared is not known to be one.
#[test]
fn a_record_that_cannot_be_compared_keeps_the_agents_down_and_the_identity_where_it_is() {
    let machine = || with_policy(registered_machine(fresh));
    let newer = machine().disk.text(RECORD).unwrap().replace("\"version\": 1", "\"version\": 2");
    for record in ["", "{\"version\": 1", newer.as_str()] {
        let mut fake = machine();
        fake.put(RECORD, record, 0o600);
        fake.disk.settle();
        fake.boot();
        assert_eq!(running(&fake), [false, false], "{record}");
        let error = guard::run(&mut fake).unwrap_err();
        assert!(error.exit_code() == 1 && error.what.contains("cannot be told"), "{record}: {error}");
        assert!(registration::read(&fake).unwrap().is_some() && has(&fake, MARKER), "{record}");
        assert!(has(&fake, QUARANTINE) && !has(&fake, SEALED), "{record}");
        identity::accept(&mut fake).unwrap();
        assert_eq!(running(&fake), [true, true], "{record}");
    }
}

#[test]
fn by_its_policy_a_copy_gives_the_identity_up_wherever_the_power_goes() {
    for (number, (name, machine)) in MACHINES.into_iter().enumerate() {
        let mut copy = with_policy(copied(registered_machine(machine)));
        let run = |fake: &mut Fake| guard::run(fake).unwrap();
        let mut whole = copy.clone();
        whole.boot();
        gave_it_up(&whole, name);
        cut(number, &mut copy, run, |what, fake| gave_it_up(&fake, &format!("{name}, {what}")));
    }
}

#[test]
fn a_copy_that_gave_the_identity_up_registers_anew_and_is_undone_to_the_start() {
    for (name, machine) in MACHINES {
        let mut fake = with_policy(copied(registered_machine(machine)));
        let made = fake.service.registrations;
        fake.boot();
        brought(&mut fake, Choices::PLAIN, name);
        assert_eq!((fake.service.registrations, running(&fake)), (made + 1, vec![true, true]), "{name}");
        fake.boot();
        assert_eq!(running(&fake), [true, true], "{name}");
        restored(&mut fake, name);
        assert_eq!(registration::read(&fake).unwrap(), None, "{name}");
    }
}

#[test]
fn an_operators_own_credentials_outlive_the_identity_wherever_the_power_goes() {
    let operators = MACHINES.iter().find(|(name, _)| name.contains("operator's credentials")).unwrap().1;
    let mut copy = with_policy(copied(registered_machine(operators)));
    let run = |fake: &mut Fake| guard::run(fake).unwrap();
    cut(0, &mut copy, run, |what, fake| {
        let credentials = fake.disk.text(registration::CREDENTIALS).unwrap_or_default();
        assert!(credentials.contains("= operator"), "{what}: {credentials}");
    });
}

#[test]
fn a_machine_that_was_changed_on_purpose_is_accepted_wherever_the_power_goes() {
    let mut quarantined = copied(registered_machine(fresh));
    quarantined.boot();
    quarantined.disk.settle();
    let accepted = |fake: &Fake, what: &str| {
        assert_eq!(running(fake), [true, true], "{what}");
        assert!(!has(fake, QUARANTINE) && !has(fake, NOTICE), "{what}");
        assert_eq!(fake.service.registrations, 1, "{what}");
    };
    let mut whole = quarantined.clone();
    identity::accept(&mut whole).unwrap();
    accepted(&whole, "whole");
    assert!(whole.told().contains("accepted: none of its network cards"), "{}", whole.told());
    let run = |fake: &mut Fake| identity::accept(fake).unwrap();
    cut(0, &mut quarantined, run, |what, mut fake| {
        let again = identity::accept(&mut fake);
        assert!(again.is_ok(), "{what}: {again:?}");
        accepted(&fake, what);
    });
}

#[test]
fn there_is_nothing_to_accept_where_nothing_was_copied_and_nothing_to_settle_where_nothing_is_registered() {
    let mut fake = registered_machine(fresh);
    let before = fake.state();
    identity::accept(&mut fake).unwrap();
    assert!(fake.told().contains("nothing to do"), "{}", fake.told());
    let renewed = identity::renew(&mut fake, Options::default(), false, true).unwrap_err();
    assert!(renewed.exit_code() == 2 && renewed.hint.unwrap().contains("--force"));
    assert_eq!(fake.state(), before);
    for refused in [identity::accept(&mut fresh()), identity::show(&fresh(), false)] {
        let error = refused.unwrap_err();
        assert!(error.exit_code() == 2 && error.what.contains("is not registered"), "{error}");
    }
}

#[test]
fn a_machine_id_that_aws_does_not_know_the_identity_by_is_not_accepted() {
    let mut fake = registered_machine(fresh);
    let own = "0123456789abcdef0123456789abcdef";
    let fingerprint = format!(r#"{{"fingerprint":"f","hardwareHash":{{"machine-id":"{own}"}}}}"#);
    fake.put(&format!("{}/Store/InstanceFingerprint", registration::VAULT), &fingerprint, 0o600);
    fake.put("/etc/machine-id", "fedcba9876543210fedcba9876543210\n", 0o444);
    let before = fake.state();
    let error = identity::accept(&mut fake).unwrap_err();
    assert!(error.exit_code() == 2 && error.what.contains(own), "{error}");
    assert_eq!(fake.state(), before);
}

#[test]
fn a_renewed_copy_registers_at_once_with_an_activation_and_later_without() {
    let mut later = copied(registered_machine(fresh));
    later.boot();
    let options = || Options { region: Some("us-east-1".into()), ..Options::default() };
    let mut at_once = later.clone();
    identity::renew(&mut later, options(), false, true).unwrap();
    gave_it_up(&later, "later");
    let given = Options {
        activation_id: Some(ACTIVATION_ID.into()),
        activation_code: Some(Secret::new(ACTIVATION_CODE.into())),
        ..Options::default()
    };
    identity::renew(&mut at_once, given, false, true).unwrap();
    assert_eq!((at_once.service.registrations, running(&at_once)), (2, vec![true, true]));
    assert!(!has(&at_once, SEALED));
    at_once.disk.settle();
    at_once.boot();
    assert_eq!(running(&at_once), [true, true], "it is recorded as itself");
}

#[test]
fn the_guard_has_nothing_to_do_on_a_machine_that_is_not_registered() {
    for mut fake in [fresh(), crate::host::fake::registered_elsewhere()] {
        let before = fake.state();
        guard::run(&mut fake).unwrap();
        assert_eq!((fake.state(), fake.touches), (before, 0));
    }
}
