//! Agents that were found in one version and asked for in another, and packages that are not what was
//! asked for.

use distro_matrix::Format;

use super::*;
use crate::host::Host;
use crate::package_database::PackageDatabase;
use crate::step::downloads;

fn version(fake: &Fake, name: &str) -> Option<String> {
    PackageDatabase::read(fake, Format::Deb).unwrap().installed(name).map(|package| package.version.clone())
}

fn found_with(ssm_agent: &str) -> Fake {
    let mut fake = fresh();
    fake.somebody_installs(&["amazon-ssm-agent"]);
    fake.somebody_upgrades("amazon-ssm-agent", ssm_agent);
    fake.disk.settle();
    fake
}

fn started(fake: &Fake) -> Option<jiff::Timestamp> {
    fake.units(&["ecs.service"]).unwrap()[0].started
}

fn asking(ssm_version: &str, allow_downgrade: bool) -> Options {
    let ssm_version = Some(ssm_version.to_owned());
    Options { ssm_version, allow_downgrade, ..Choices::PLAIN.options() }
}

fn run(fake: &mut Fake, options: &Options) -> Result<usize> {
    bring_with(fake, options, Goal::Up, &mut String::new())
}

#[test]
fn a_package_that_is_not_what_was_asked_for_is_never_given_to_the_package_manager() {
    for (instead_of, name, version, why) in [
        ("amazon-ssm-agent", "amazon-ssm-agent", "2.3.0.0-1", "3.1.1208.0 is the least"),
        ("amazon-ecs-init", "amazon-ecs-init", "1.52.0-1", "1.81.0 is the least"),
        ("amazon-ecs-init", "amazon-ssm-agent", "3.3.0.0-1", "it is the package amazon-ssm-agent"),
    ] {
        let mut fake = fresh();
        let installed = fake.disk.text(STATUS);
        fake.offer(instead_of, name, version);
        let error = run(&mut fake, &Choices::PLAIN.options()).unwrap_err();
        assert!(error.exit_code() == 1 && error.what.contains(why), "{error}");
        assert_eq!(fake.disk.text(STATUS), installed, "{why}: something was installed");
        assert_eq!(fake.service.registrations, 0);
        assert!(fake.disk.node(&downloads()).is_none(), "{why}: a file was kept");
        let (name, version) =
            if instead_of.contains("ssm") { (instead_of, "3.3.0.0-1") } else { (instead_of, "1.105.1-1") };
        fake.offer(instead_of, name, version);
        brought(&mut fake, Choices::PLAIN, "offered rightly");
    }
}

#[test]
fn a_newer_version_takes_the_place_of_the_one_that_was_found_and_undo_says_that_it_stays() {
    let mut fake = found_with("3.2.0.0-1");
    run(&mut fake, &asking("3.3.0.0", false)).unwrap();
    assert_eq!(version(&fake, "amazon-ssm-agent").as_deref(), Some("3.3.0.0-1"));
    assert_eq!(run(&mut fake, &asking("3.3.0.0", false)).unwrap(), 0, "a second run changes nothing");
    let left = restored(&mut fake, "upgraded");
    let told = "the package amazon-ssm-agent in version 3.3.0.0-1: it was found in version 3.2.0.0-1";
    assert!(left.contains(&told.to_owned()), "{left:?}");
    assert_eq!(version(&fake, "amazon-ssm-agent").as_deref(), Some("3.3.0.0-1"));
}

#[test]
fn an_older_version_takes_the_place_of_a_newer_one_only_where_that_was_allowed() {
    let mut fake = found_with("3.4.0.0-1");
    let before = fake.state();
    let error = run(&mut fake, &asking("3.3.0.0", false)).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    same(&fake.state(), &before, "a downgrade that was not allowed");
    run(&mut fake, &asking("3.3.0.0", true)).unwrap();
    assert_eq!(version(&fake, "amazon-ssm-agent").as_deref(), Some("3.3.0.0-1"));
}

#[test]
fn an_agent_that_landfall_brought_is_upgraded_later_and_goes_with_the_rest() {
    let mut fake = fresh();
    fake.offer("amazon-ecs-init", "amazon-ecs-init", "1.104.0-1");
    brought(&mut fake, Choices::PLAIN, "fresh");
    let before = started(&fake);
    fake.offer("amazon-ecs-init", "amazon-ecs-init", "1.105.1-1");
    let newer = Options { ecs_version: Some("1.105.1".into()), ..Choices::PLAIN.options() };
    run(&mut fake, &newer).unwrap();
    assert_eq!(version(&fake, "amazon-ecs-init").as_deref(), Some("1.105.1-1"));
    assert!(started(&fake) > before, "the ECS agent was not restarted");
    assert_eq!(fake.service.registrations, 1);
    let left = restored(&mut fake, "upgraded");
    assert!(!left.iter().any(|left| left.contains("amazon-ecs-init")), "{left:?}");
    assert_eq!(version(&fake, "amazon-ecs-init"), None);
}

#[test]
fn a_failure_at_any_touch_of_an_upgrade_then_another_run_equals_success() {
    let options = asking("3.3.0.0", false);
    let mut whole = found_with("3.2.0.0-1");
    run(&mut whole, &options).unwrap();
    for touch in 1.. {
        let mut fake = found_with("3.2.0.0-1");
        (fake.touches, fake.fails_at) = (0, Some(touch));
        let _ = run(&mut fake, &options);
        if fake.touches < touch {
            break;
        }
        fake.fails_at = None;
        run(&mut fake, &options).unwrap_or_else(|e| panic!("failure at touch {touch}: {e}"));
        same(&success(&fake), &success(&whole), &format!("failure at touch {touch}, resumed"));
    }
}

#[test]
fn a_power_cut_at_any_touch_of_an_upgrade_then_another_run_equals_success() {
    let options = asking("3.3.0.0", false);
    let mut whole = found_with("3.2.0.0-1");
    run(&mut whole, &options).unwrap();
    let mut fake = found_with("3.2.0.0-1");
    fake.keep_moments();
    run(&mut fake, &options).unwrap();
    for (at, moment) in fake.take_moments().into_iter().enumerate() {
        for survivors in [Survivors::None, Survivors::All] {
            let mut cut = moment.clone();
            cut.lose_power(survivors);
            run(&mut cut, &options).unwrap_or_else(|e| panic!("power cut at touch {at}: {e}"));
            same(
                &success(&cut),
                &success(&whole),
                &format!("power cut at touch {at}, {survivors:?} survives"),
            );
        }
    }
}
