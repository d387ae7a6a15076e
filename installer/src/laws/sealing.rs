//! A sealed machine has nothing of its own, however often and wherever the seal was interrupted; a clone of it
//! registers anew, and can be taken back.

use landfall_contract::seal_list::{SEALED, TRACES, Trace, Wanted, Weight, survivors};

use super::cuts::{booted, cut};
use super::*;
use crate::cli::SealFlags;
use crate::commands::seal;
use crate::components::sealing::HOOK;
use crate::host::SEALING;
use crate::receipt::Receipt;
use crate::registration::VAULT;
use crate::seal::Machine;
use crate::step::Change;

const FORGET: fn() -> SealFlags = || SealFlags { forget_identity: true, ..SealFlags::default() };

fn sealed(fake: &mut Fake, flags: &SealFlags) -> Result<()> {
    seal::run(fake, flags, true)
}

fn must_seal(fake: &mut Fake, what: &str) {
    sealed(fake, &FORGET()).unwrap_or_else(|e| panic!("{what}: {e}"));
}

fn verified(fake: &mut Fake) -> Result<()> {
    sealed(fake, &SealFlags { verify: true, ..SealFlags::default() })
}

/// A machine that took part in a cluster, on which people worked, with a container and cloud-init's notes.
fn used() -> Fake {
    let mut fake = fresh();
    fake.put("/etc/ecs/ecs.config", "ECS_CLUSTER=old\nAWS_SECRET_ACCESS_KEY=topsecret\n", 0o600);
    fake.put("/root/.aws/credentials", "[default]\naws_access_key_id = operator\n", 0o600);
    brought(&mut fake, Choices::PLAIN, "used");
    for (path, content) in [
        ("/usr/sbin/docker", "docker"),
        ("/usr/sbin/cloud-init", "cloud-init"),
        ("/var/lib/docker/containers/4f5e/config.v2.json", "{}"),
        ("/var/lib/docker/engine-id", "id"),
        ("/var/lib/cloud/instances/i-1/user-data.txt", "secret"),
        ("/var/lib/cloud/seed/nocloud/user-data", "secret"),
        ("/etc/ssh/ssh_host_ed25519_key", "key"),
        ("/var/lib/systemd/random-seed", "seed"),
        ("/root/.bash_history", "landfall up --activation-code topsecret"),
        ("/etc/landfall/config.toml", "region = \"us-east-1\"\nactivation-code = \"topsecret\"\n"),
    ] {
        fake.put(path, content, 0o600);
    }
    fake.disk.settle();
    fake
}

fn files(fake: &Fake) -> State {
    let mut state = fake.state();
    state.retain(|name, _| name.starts_with('/') && !name.starts_with("/var/log/"));
    state
}

#[test]
fn a_sealed_machine_has_nothing_of_its_own() {
    let mut fake = used();
    must_seal(&mut fake, "used");
    let left = survivors(&Machine(&fake)).unwrap();
    assert_eq!(left, []);
    verified(&mut fake).unwrap();
    assert!(!format!("{:?}", fake.state()).contains("topsecret"));
    assert!(!format!("{:?}", fake.state()).contains("mi-0"), "an instance's id stayed");
    assert_eq!(fake.disk.text("/etc/machine-id").as_deref(), Some(""));
    let told = fake.told();
    assert!(told.contains("aws ssm deregister-managed-instance"), "{told}");
    assert!(told.ends_with("a boot makes an identity anew"), "{told}");
}

#[test]
fn what_makes_the_image_what_it_is_stays() {
    let mut fake = used();
    must_seal(&mut fake, "used");
    let config = fake.disk.text("/etc/ecs/ecs.config").unwrap();
    assert!(
        config.contains("AWS_DEFAULT_REGION=us-east-1") && config.contains("ECS_CLUSTER=old"),
        "{config}"
    );
    assert_eq!(fake.disk.text("/etc/landfall/config.toml").unwrap(), "region = \"us-east-1\"\n");
    for unit in ["docker.service", "ecs.service", "landfall-ssh-host-keys.service"] {
        assert!(fake.units(&[unit]).unwrap()[0].enabled, "{unit}");
    }
    assert!(fake.disk.text(HOOK).is_some() && fake.disk.text("/var/lib/landfall/receipt.json").is_some());
}

#[test]
fn sealing_twice_is_sealing_once() {
    let mut fake = used();
    must_seal(&mut fake, "first");
    let once = fake.state();
    must_seal(&mut fake, "second");
    same(&fake.state(), &once, "sealed twice");
}

#[test]
fn a_power_cut_at_any_touch_of_a_seal_then_another_seal_equals_one() {
    let mut whole = used();
    must_seal(&mut whole, "whole");
    let run = |fake: &mut Fake| must_seal(fake, "before the cut");
    cut(0, &mut used(), run, |what, mut fake| {
        assert_eq!(fake.strays, 0, "{what}: an agent started without an identity");
        must_seal(&mut fake, what);
        same(&files(&fake), &files(&whole), &format!("{what}, sealed again"));
        verified(&mut fake).unwrap_or_else(|e| panic!("{what}: {e}"));
    });
}

#[test]
fn the_mark_of_a_seal_reaches_the_disk_after_everything_else() {
    let mut fake = used();
    fake.keep_moments();
    must_seal(&mut fake, "used");
    fake.touches = 0;
    let mut marked = 0;
    for (at, moment) in fake.take_moments().into_iter().chain([fake]).enumerate() {
        for survivors_of_it in [Survivors::None, Survivors::All, Survivors::Some(1), Survivors::Some(2)] {
            let mut cut = moment.clone();
            cut.disk.cut(survivors_of_it);
            if cut.disk.text(SEALED).is_some_and(|text| !text.is_empty()) {
                marked += 1;
                let left = survivors(&Machine(&cut)).unwrap();
                assert!(!left.iter().any(|it| it.gate), "marked at touch {at}, and {left:?}");
            }
        }
    }
    assert!(marked > 0);
}

/// A path that a pattern fits.
fn example(place: &str) -> String {
    place.replace("{docker}", "/var/lib/docker").replace("/**", "/deep").replace('*', "planted")
}

fn planted(trace: &Trace) -> String {
    match trace.wanted {
        Wanted::Unset(_, keys) => format!("{} = \"planted\"\n", keys[keys.len() - 1]),
        _ => "planted".into(),
    }
}

#[test]
fn verify_finds_each_trace_that_is_planted_and_the_next_seal_clears_it() {
    let mut image = fresh();
    brought(&mut image, Choices { goal: Goal::Install, ..Choices::PLAIN }, "image");
    must_seal(&mut image, "image");
    image.disk.settle();
    for trace in TRACES {
        for path in trace.places.iter().map(|place| example(place)) {
            let mut fake = image.clone();
            if trace.wanted == Wanted::Present {
                let _ = fake.disk.remove(path.as_ref());
            } else {
                fake.put(&path, &planted(trace), 0o644);
            }
            let found = survivors(&Machine(&fake)).unwrap();
            assert!(
                found.iter().any(|it| it.id == trace.id && path.starts_with(&it.path)),
                "{path}: {found:?}"
            );
            let code = verified(&mut fake).map_or_else(|e| e.exit_code(), |()| 0);
            assert_eq!(code, if trace.weight == Weight::Hygiene { 0 } else { 3 }, "{path}");
            must_seal(&mut fake, &path);
            assert_eq!(survivors(&Machine(&fake)).unwrap(), [], "{path}");
        }
    }
}

#[test]
fn looking_changes_nothing() {
    let mut fake = used();
    let before = fake.state();
    let error = verified(&mut fake).unwrap_err();
    assert!(error.exit_code() == 3 && error.hint.is_some(), "{error}");
    same(&fake.state(), &before, "looked at");
}

#[test]
fn a_registered_machine_is_sealed_only_when_that_was_meant() {
    let mut fake = used();
    let before = fake.state();
    let error = sealed(&mut fake, &SealFlags::default()).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    let hint = error.hint.unwrap();
    assert!(
        hint.contains("--forget-identity") && hint.contains("aws ssm deregister-managed-instance"),
        "{hint}"
    );
    same(&fake.state(), &before, "refused");
}

#[test]
fn a_machine_that_landfall_did_not_make_is_refused_and_has_no_part_of_its() {
    let mut fake = fresh();
    let before = fake.state();
    assert_eq!(sealed(&mut fake, &FORGET()).unwrap_err().exit_code(), 2);
    sealed(&mut fake, &SealFlags { only_landfall: true, ..FORGET() }).unwrap();
    same(&fake.state(), &before, "not ours");
}

#[test]
fn landfalls_part_alone_leaves_the_rest_to_whoever_calls() {
    let mut fake = used();
    sealed(&mut fake, &SealFlags { only_landfall: true, ..FORGET() }).unwrap();
    let left = survivors(&Machine(&fake)).unwrap();
    assert!(left.iter().all(|it| !it.group.is_landfalls_part()), "{left:?}");
    for kept in ["ssh-host-keys", "machine-id", "cloud-init-instance"] {
        assert!(left.iter().any(|it| it.id == kept), "{kept}");
    }
    assert_eq!(fake.disk.text(&format!("{VAULT}/Store/RegistrationKey")), None);
    assert!(fake.disk.text(SEALED).is_some());
}

/// 'cloud-init clean' knows nothing of choices, and makes none.
#[test]
fn what_a_whole_seal_kept_is_still_kept_after_one_of_landfalls_part() {
    let mut fake = used();
    fake.put("/root/.ssh/authorized_keys", "ssh-ed25519 AAAA", 0o600);
    sealed(&mut fake, &SealFlags { keep: vec!["authorized-keys".into()], ..FORGET() }).unwrap();
    let mark = fake.disk.text(SEALED);
    sealed(&mut fake, &SealFlags { only_landfall: true, ..FORGET() }).unwrap();
    assert_eq!(fake.disk.text(SEALED), mark);
    verified(&mut fake).unwrap();
}

#[test]
fn a_seal_that_is_called_by_a_seal_does_nothing() {
    let hook = {
        let mut fake = fresh();
        brought(&mut fake, Choices { goal: Goal::Install, ..Choices::PLAIN }, "image");
        fake.disk.text(HOOK).unwrap()
    };
    assert!(hook.contains(SEALING) && hook.contains("seal --only-landfall --forget-identity"), "{hook}");
    let mut fake = used();
    fake.variables.insert(SEALING.into(), "1".into());
    let before = fake.state();
    sealed(&mut fake, &SealFlags { only_landfall: true, ..FORGET() }).unwrap();
    same(&fake.state(), &before, "called by a seal");
}

#[test]
fn a_clone_registers_anew_and_can_be_taken_back_to_what_was_before_landfall() {
    let found = original(&booted(fresh()));
    let aside = |mut state: State| {
        state.remove("/etc/machine-id");
        state
    };
    let mut fake = fresh();
    brought(&mut fake, Choices::PLAIN, "the first");
    must_seal(&mut fake, "the first");
    let receipt = Receipt::read(&fake).unwrap();
    assert!(!receipt.entries.is_empty());
    assert!(!receipt.entries.iter().any(|entry| entry.change.subject() == "registration"));
    let mut clone = booted(fake);
    assert_eq!(clone.strays, 0);
    assert_ne!(clone.disk.text("/etc/machine-id"), fresh().disk.text("/etc/machine-id"));
    let mut untouched = clone.clone();
    restored(&mut untouched, "never registered");
    same(&aside(original(&booted(untouched))), &aside(found.clone()), "never registered, undone");

    brought(&mut clone, Choices::PLAIN, "the clone");
    assert_eq!(clone.service.registrations, 2);
    assert_eq!(registration::read(&clone).unwrap().unwrap().instance_id, format!("mi-{:017x}", 2));
    let left = restored(&mut clone, "the clone");
    assert!(left.iter().any(|left| left.contains("deregister-managed-instance")), "{left:?}");
    same(&aside(original(&booted(clone))), &aside(found), "the clone, undone");
}

#[test]
fn the_first_boot_of_a_plain_debian_makes_its_host_keys() {
    let mut fake = used();
    must_seal(&mut fake, "used");
    let key = || "/etc/ssh/ssh_host_ed25519_key";
    assert_eq!(fake.disk.text(key()), None);
    let fake = booted(fake);
    assert_ne!(fake.disk.text(key()).unwrap(), "key");
}

#[test]
fn what_is_kept_on_purpose_stays_and_is_no_survivor() {
    let mut fake = used();
    fake.put("/root/.ssh/authorized_keys", "ssh-ed25519 AAAA", 0o600);
    let flags = SealFlags { keep: vec!["authorized-keys".into()], ..FORGET() };
    sealed(&mut fake, &flags).unwrap();
    assert!(fake.disk.text("/root/.ssh/authorized_keys").is_some());
    verified(&mut fake).unwrap();
    must_seal(&mut fake, "without that choice");
    assert_eq!(fake.disk.text("/root/.ssh/authorized_keys"), None);
    for (name, word) in [("ssh-host-keys", "identity or a secret"), ("hostnames", "nothing on the seal list")]
    {
        let flags = SealFlags { keep: vec![name.into()], ..FORGET() };
        let before = fake.state();
        let error = sealed(&mut fake, &flags).unwrap_err();
        assert!(error.exit_code() == 2 && error.what.contains(word), "{error}");
        same(&fake.state(), &before, name);
    }
}
