//! A machine out of an image: whatever happens to its first boot, it ends registered, with one activation used.

use std::path::PathBuf;
use std::time::Duration;

use super::cuts::cut;
use super::*;
use crate::commands::{first_boot, status, up};
use crate::error::Kind;
use crate::first_boot::SEALED;
use crate::first_boot::report::{Report, State as Standing};

const SEED: &str = "/etc/landfall/seed.toml";

fn seed() -> String {
    format!(
        "region = \"us-east-1\"\ncluster = \"test-cluster\"\nactivation-id = \"{ACTIVATION_ID}\"\n\
         activation-code = \"{ACTIVATION_CODE}\"\n"
    )
}

/// A machine that was sealed, and has nothing yet.
fn sealed(mut fake: Fake) -> Fake {
    fake.put(SEALED, "", 0o600);
    fake.disk.settle();
    fake
}

fn seeded(fake: Fake) -> Fake {
    let mut fake = sealed(fake);
    fake.put(SEED, &seed(), 0o600);
    fake.disk.settle();
    fake
}

/// Where the machine that the image was made on belongs, and no other.
fn of_factory(mut fake: Fake) -> Fake {
    let choices = "cluster = \"factory\"\nattribute = [\"rack=0\"]\ntag = [\"team=factory\"]\n\
                   proxy = \"http://factory.example:3128\"\n";
    fake.put("/etc/landfall/config.toml", choices, 0o644);
    fake.disk.settle();
    fake
}

/// What `install` makes of a machine before it is sealed.
fn baked() -> Fake {
    let mut fake = fresh();
    brought(&mut fake, Choices { goal: Goal::Install, ..Choices::PLAIN }, "baked");
    fake.disk.settle();
    fake.boot();
    fake
}

fn standing(fake: &Fake) -> Report {
    Report::read(fake).expect("a report")
}

fn booted_first(fake: &mut Fake, what: &str) {
    first_boot::run(fake, None).unwrap_or_else(|e| panic!("{what}: {e}"));
}

#[test]
fn a_sealed_machine_registers_and_keeps_nothing_of_its_seed() {
    let mut fake = seeded(fresh());
    booted_first(&mut fake, "fresh");
    assert_eq!(fake.service.registrations, 1);
    assert_eq!((fake.disk.text(SEED), fake.disk.text(SEALED)), (None, None));
    let report = standing(&fake);
    assert_eq!((report.state, report.attempts), (Standing::Done, 1));
    assert!(report.instance.unwrap().ends_with(" in cluster test-cluster"));
    let states = ["waiting for a seed", "installing", "registering", "registered as mi-"];
    let console = fake.console();
    assert_eq!(console.len(), states.len(), "{console:?}");
    assert!(console.iter().zip(states).all(|(line, state)| line.contains(state)), "{console:?}");
    assert!(fake.posted("/run/motd.d/50-landfall").unwrap().contains("registered as mi-"));
    for (path, _) in fake.disk.all() {
        let text = fake.disk.text(&path.display().to_string()).unwrap_or_default();
        assert!(!text.contains(ACTIVATION_CODE), "the code is in {}", path.display());
    }
}

#[test]
fn a_machine_that_is_not_sealed_is_left_alone() {
    let mut fake = fresh();
    fake.put(SEED, &seed(), 0o600);
    let state = fake.state();
    booted_first(&mut fake, "not sealed");
    same(&fake.state(), &state, "not sealed");
    assert_eq!(fake.console().len(), 0);
}

#[test]
fn a_power_cut_at_any_touch_of_a_first_boot_then_another_boot_equals_success_with_one_registration() {
    // Of a machine that has everything but an identity each touch is tried; of one that has nothing, some.
    for (number, name, machine) in [(0, "baked", baked as fn() -> Fake), (3, "fresh", fresh)] {
        let machine = || {
            let mut fake = of_factory(seeded(machine()));
            fake.put(SEED, &(seed() + "proxy = \"http://harbour.example:3128\"\n"), 0o600);
            fake.disk.settle();
            fake
        };
        let mut whole = machine();
        booted_first(&mut whole, name);
        cut(
            number,
            &mut machine(),
            |fake| booted_first(fake, name),
            |what, mut fake| {
                let what = format!("{name}, {what}");
                let lost =
                    fake.service.registrations == 1 && registration::identity(&fake).unwrap().is_none();
                booted_first(&mut fake, &what);
                same(&success(&fake), &success(&whole), &format!("{what}, booted again"));
                assert_eq!(fake.service.registrations, 1 + u32::from(lost), "{what}");
                assert_eq!((fake.disk.text(SEED), fake.disk.text(SEALED)), (None, None), "{what}");
            },
        );
    }
}

#[test]
fn a_machine_that_somebody_registers_while_it_waits_stays_in_the_cluster_that_they_named() {
    for no_start in [false, true] {
        let mut fake = of_factory(sealed(baked()));
        let theirs = Options { cluster: Some("lab".into()), no_start, ..Choices::PLAIN.options() };
        bring_with(&mut fake, &theirs, Goal::Up, &mut String::new()).unwrap();
        // Their run ended before it could say that there is no first boot to make any more.
        booted_first(&mut fake, "lab");
        let told = fake.disk.text("/etc/ecs/ecs.config").unwrap();
        let is_theirs = told.contains("ECS_CLUSTER=lab\n");
        assert!(is_theirs && !told.contains("rack") && !told.contains("factory"), "{told}");
        assert!(standing(&fake).instance.unwrap().ends_with(" in cluster lab"));
        assert_eq!((fake.service.registrations, fake.disk.text(SEALED)), (1, None));
    }
}

/// A first boot that ended without an identity, for somebody to see to.
fn failed() -> Fake {
    let mut fake = sealed(baked());
    fake.put(SEED, &seed().replace(ACTIVATION_CODE, "WrongWrongWrongWrong"), 0o600);
    first_boot::run(&mut fake, None).unwrap_err();
    assert_eq!(standing(&fake).state, Standing::Failed);
    fake
}

fn by_hand(choices: Choices) -> Options {
    Options {
        activation_id: Some(ACTIVATION_ID.into()),
        activation_code: Some(Secret::new(ACTIVATION_CODE.into())),
        ..choices.options()
    }
}

#[test]
fn a_machine_that_somebody_registers_has_its_first_boot_behind_it() {
    for goal in [Goal::Up, Goal::Register] {
        let mut fake = failed();
        up::run(&mut fake, &by_hand(Choices::PLAIN), goal, true).unwrap();
        assert_eq!((fake.disk.text(SEALED), fake.disk.text(SEED)), (None, None), "{goal:?}");
        assert_eq!(standing(&fake).state, Standing::Done);
        assert!(fake.posted("/run/motd.d/50-landfall").unwrap().contains("registered as mi-"));
        status::run(&fake, true).unwrap();
    }
}

#[test]
fn a_machine_whose_agent_somebody_holds_back_has_its_first_boot_before_it_and_both_are_problems() {
    let mut fake = failed();
    up::run(&mut fake, &by_hand(Choices { no_start: true, ..Choices::PLAIN }), Goal::Up, true).unwrap();
    assert_eq!(fake.disk.text(SEALED).as_deref(), Some(""));
    assert_eq!(status::run(&fake, true).unwrap_err().what, "2 problems were found");
}

#[test]
fn a_network_that_goes_before_the_agent_asked_costs_nothing_and_is_waited_for() {
    let mut fake = seeded(baked());
    fake.offline_until = fake.elapsed() + Duration::from_secs(3600);
    booted_first(&mut fake, "offline");
    assert_eq!(fake.service.registrations, 1);
    assert!(!fake.told().contains("was cut short"), "{}", fake.told());
    assert!(
        fake.console().iter().any(|line| line.contains("waiting for the network")),
        "{:?}",
        fake.console()
    );
}

#[test]
fn a_clock_that_is_set_ten_minutes_later_is_waited_for_and_costs_nothing() {
    let mut fake = seeded(baked());
    fake.clock_is_set_at = fake.elapsed() + Duration::from_secs(600);
    let right = fake.clock_is_set_at;
    booted_first(&mut fake, "in 1970");
    let console = fake.console().join("\n");
    let said = "waiting for the clock to be set: this machine's clock shows 1970-01-01";
    assert_eq!(console.matches(said).count(), 1, "{console}");
    assert!(!console.contains("try again"), "{console}");
    assert_eq!((fake.service.registrations, standing(&fake).state), (1, Standing::Done));
    assert!(fake.elapsed() >= right && standing(&fake).attempts > 4, "{:?}", standing(&fake));
    let late = fake.elapsed() - right;
    assert!(late < Duration::from_secs(90), "done {late:?} after the clock was right");
}

#[test]
fn a_disk_on_which_somebody_makes_room_later_is_waited_for_and_costs_nothing() {
    let mut fake = seeded(baked());
    fake.has_room_at = fake.elapsed() + Duration::from_secs(3600);
    booted_first(&mut fake, "full");
    let console = fake.console().join("\n");
    let said = "waiting to try again: 7 MB are free in the file system at /, for /usr, /var and /var/lib/docker, and to register";
    assert_eq!(console.matches(said).count(), 1, "{console}");
    assert_eq!((fake.service.registrations, standing(&fake).state), (1, Standing::Done));
}

#[test]
fn what_is_not_the_networks_is_not_called_so() {
    let mut fake = seeded(baked());
    fake.service.loses_registration =
        Some("ERROR Registration failed. ThrottlingException: slow\n\tstatus code: 400, request id: 1");
    fake.service.mends_at = fake.elapsed() + Duration::from_secs(600);
    booted_first(&mut fake, "throttled");
    let console = fake.console().join("\n");
    assert!(console.contains("waiting to try again: the service was asked too often"), "{console}");
    assert!(!console.contains("the network"), "{console}");
}

#[test]
fn a_seed_that_is_attached_later_is_found() {
    let mut fake = sealed(baked());
    let later = fake.elapsed() + Duration::from_secs(3600);
    fake.appears.push((later, PathBuf::from(METADATA), metadata(&seed())));
    booted_first(&mut fake, "later");
    assert_eq!(fake.service.registrations, 1);
    let late = fake.elapsed().saturating_sub(later);
    assert!(late < Duration::from_secs(60), "found {late:?} after it was there");
}

#[test]
fn a_network_that_comes_hours_later_is_waited_for() {
    let mut fake = seeded(fresh());
    fake.offline_until = fake.elapsed() + Duration::from_secs(5 * 3600);
    booted_first(&mut fake, "offline");
    assert_eq!(fake.service.registrations, 1);
    let waits = fake.console().iter().filter(|line| line.contains("waiting for the network")).count();
    assert!(waits >= 1 && standing(&fake).attempts > 10, "{waits}, {}", standing(&fake).attempts);
}

#[test]
fn what_aws_refuses_for_good_ends_a_first_boot_and_the_next_one_tries_another_seed() {
    let mut fake = sealed(baked());
    let wrong = seed().replace(ACTIVATION_CODE, "WrongWrongWrongWrong");
    fake.put(SEED, &wrong, 0o600);
    let error = first_boot::run(&mut fake, None).unwrap_err();
    assert_eq!((error.exit_code(), error.kind), (1, Kind::Lasting));
    assert_eq!(standing(&fake).state, Standing::Failed);
    assert_eq!(fake.disk.text(SEED), Some(wrong), "the seed is there to be looked at");
    let problem = status::run(&fake, true).unwrap_err();
    assert_eq!((problem.exit_code(), problem.what.as_str()), (3, "1 problem was found"));
    fake.put(SEED, &seed(), 0o600);
    fake.disk.settle();
    fake.boot();
    booted_first(&mut fake, "a better seed");
    assert_eq!(fake.service.registrations, 1);
}

#[test]
fn an_answer_that_was_lost_is_not_followed_by_another_request_in_the_same_boot() {
    let mut fake = seeded(baked());
    fake.service.loses_registration = Some("RequestError: send request failed\ncaused by: EOF");
    let asked = fake.service.requests;
    let error = first_boot::run(&mut fake, None).unwrap_err();
    assert!(error.exit_code() == 1 && error.hint.unwrap().contains("nobody knows"));
    assert_eq!((fake.service.requests - asked, standing(&fake).state), (1, Standing::Failed));
}

#[test]
fn an_activation_of_another_account_is_used_once_however_often_the_machine_boots() {
    let mut fake = seeded(baked());
    fake.put("/etc/landfall/policy.toml", "account = \"999999999999\"\n", 0o644);
    for boot in 0..3 {
        let error = first_boot::run(&mut fake, None).unwrap_err();
        assert!(error.what.contains(ACCOUNT), "boot {boot}: {error}");
        fake.disk.settle();
        fake.boot();
    }
    assert_eq!(fake.service.registrations, 1);
}

const METADATA: &str = "/run/cloud-init/instance-data-sensitive.json";

fn metadata(seed: &str) -> Vec<u8> {
    metadata_from("seed-dir (/var/lib/cloud/seed/nocloud)", seed)
}

fn metadata_from(subplatform: &str, seed: &str) -> Vec<u8> {
    let v1 = serde_json::json!({"platform": "nocloud", "subplatform": subplatform});
    serde_json::json!({"v1": v1, "ds": {"meta_data": {"landfall": seed}}}).to_string().into_bytes()
}

#[test]
fn a_refused_seed_is_said_once_and_a_right_one_in_its_place_is_taken() {
    let mut fake = sealed(baked());
    fake.put("/etc/landfall/policy.toml", "region = \"us-east-1\"\n", 0o644);
    let begin = fake.elapsed();
    let wrong = metadata(&seed().replace("us-east-1", "eu-west-1"));
    fake.appears.push((begin, PathBuf::from(METADATA), wrong));
    fake.appears.push((begin + Duration::from_secs(600), PathBuf::from(METADATA), metadata(&seed())));
    booted_first(&mut fake, "refused before");
    assert_eq!(fake.service.registrations, 1);
    let why = "the seed from cloud-init's instance data names the region 'eu-west-1'";
    assert_eq!(fake.told().matches(why).count(), 1, "{}", fake.told());
    let console = fake.console();
    assert_eq!(console.iter().filter(|line| line.contains(why)).count(), 1, "{console:?}");
}

#[test]
fn a_rogue_stick_and_a_rogue_metadata_service_are_said_and_not_asked() {
    let mut fake = sealed(baked());
    let stick = "/sys/devices/pci0000:00/usb1/1-1/block/sdb";
    fake.link("/sys/class/block/sdb", stick);
    fake.put("/dev/sdb", &seed(), 0o660);
    fake.put("/sys/class/dmi/id/product_name", "OpenStack Nova\n", 0o444);
    fake.metadata = Some(serde_json::json!({"meta": {"landfall": seed()}}).to_string());
    fake.disk.settle();
    // It is plugged in after the first look.
    let plugged_in = fake.elapsed() + Duration::from_secs(60);
    fake.appears.push((plugged_in, PathBuf::from(format!("{stick}/size")), b"1000\n".to_vec()));
    let registered_at = fake.elapsed() + Duration::from_secs(300);
    fake.appears.push((registered_at, PathBuf::from(METADATA), metadata(&seed())));
    booted_first(&mut fake, "rogue");
    assert!(fake.opened.borrow().is_empty(), "{:?}", fake.opened);
    assert!(fake.elapsed() > registered_at);
    let told = fake.told();
    assert_eq!(told.matches("the removable disk sdb is not asked").count(), 1, "{told}");
    assert!(told.contains("OpenStack's metadata service is not asked"), "{told}");
}

#[test]
fn what_cloud_init_took_from_a_rogue_stick_is_said_once_and_does_not_count() {
    let mut fake = sealed(baked());
    let stick = "/sys/devices/pci0000:00/usb1/1-1/block/sdb";
    fake.link("/sys/class/block/sdb", stick);
    fake.put(&format!("{stick}/size"), "1000\n", 0o444);
    let begin = fake.elapsed();
    let rogue = metadata_from("config-disk (/dev/sdb)", &seed());
    fake.appears.push((begin, PathBuf::from(METADATA), rogue));
    let registered_at = begin + Duration::from_secs(300);
    fake.appears.push((registered_at, PathBuf::from(METADATA), metadata(&seed())));
    booted_first(&mut fake, "rogue");
    assert!(fake.elapsed() > registered_at);
    let told = fake.told();
    let why = "the seed in cloud-init's instance data does not count: it came by config-disk (/dev/sdb)";
    assert_eq!(told.matches(why).count(), 1, "{told}");
}

#[test]
fn a_broken_policy_ends_a_first_boot_before_any_source_is_asked() {
    let mut fake = seeded(baked());
    fake.put("/etc/landfall/policy.toml", "sources = [\"disk\"]\nregoin = \"x\"\n", 0o644);
    let requests = fake.service.requests;
    let error = first_boot::run(&mut fake, None).unwrap_err();
    assert!(error.what.contains("policy.toml: line 2"), "{error}");
    assert_eq!((standing(&fake).state, fake.service.requests), (Standing::Failed, requests));
}

#[test]
fn a_policy_is_in_the_image_after_an_installation_and_goes_with_it() {
    const POLICY: &str = "sources = [\"smbios\"]\n";
    let mut fake = fresh();
    fake.put("/root/policy.toml", POLICY, 0o600);
    fake.disk.settle();
    let found = original(&fake);
    let options = Options { policy: Some("/root/policy.toml".into()), ..Choices::PLAIN.options() };
    bring_with(&mut fake, &options, Goal::Install, &mut String::new()).unwrap();
    assert_eq!(fake.disk.text("/etc/landfall/policy.toml").as_deref(), Some(POLICY));
    restored(&mut fake, "a policy");
    same(&original(&fake), &found, "a policy, taken back");
    fake.put("/root/policy.toml", "sources = [\n\"nowhere\"]\n", 0o600);
    let error = bring_with(&mut fake, &options, Goal::Install, &mut String::new()).unwrap_err();
    assert!(error.exit_code() == 2 && error.what.contains("/root/policy.toml: line 2"), "{error}");
}
