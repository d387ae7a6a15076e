//! What a plan says of each step before anything is touched comes true.

use super::*;
use crate::apply::{Event, Outcome};
use crate::foresight::{Foreseen, foresee};
use crate::step::Change;

/// Foresees, then applies, and compares step by step; whether anything was to be done.
fn comes_true(fake: &mut Fake, choices: Choices, name: &str) -> bool {
    let options = choices.options();
    let config = Config::resolve(fake, &options).unwrap();
    fake.use_proxy(config.proxy.clone(), config.proxy_is_chosen);
    let facts = Facts::gather(fake).unwrap();
    let plan = plan(&facts, &config, &distro(&facts).unwrap(), choices.goal).unwrap();
    let (state, touches) = (fake.state(), fake.touches);
    let foreseen = foresee(fake, &plan).unwrap_or_else(|e| panic!("{name}, {choices:?}: {e}"));
    assert!(fake.state() == state && fake.touches == touches, "{name}: a look changed something");

    let activation = Activation::new(ACTIVATION_ID.into(), Secret::new(ACTIVATION_CODE.into())).unwrap();
    let mut outcomes = Vec::new();
    let changed = apply(fake, &plan, &Context::new(Some(activation)), &mut |event| {
        if let Event::Ends { outcome, .. } = event {
            outcomes.push(outcome);
        }
    })
    .unwrap_or_else(|e| panic!("{name}, {choices:?}: {e}"));
    for ((item, foreseen), outcome) in plan.iter().zip(&foreseen).zip(&outcomes) {
        let came_true = match foreseen {
            Foreseen::AlreadySo => *outcome == Outcome::AlreadySo,
            Foreseen::ToDo => *outcome == Outcome::Done,
            Foreseen::Unknown => true,
        };
        assert!(came_true, "{name}, {choices:?}: {} was {foreseen:?}: {outcome:?}", item.step.describe());
    }
    let is_to_do = foreseen.contains(&Foreseen::ToDo);
    assert!(is_to_do || !foreseen.contains(&Foreseen::Unknown), "{name}, {choices:?}: {foreseen:?}");
    assert_eq!(is_to_do, changed > 0, "{name}, {choices:?}");
    is_to_do
}

#[test]
fn what_is_foreseen_comes_true_and_after_it_nothing_is_to_be_done() {
    for (name, machine) in MACHINES {
        for choices in Choices::all().step_by(3) {
            let mut fake = machine();
            comes_true(&mut fake, choices, name);
            assert!(!comes_true(&mut fake, choices, name), "{name}, {choices:?}: again");
        }
    }
}

#[test]
fn a_change_of_mind_is_foreseen_too() {
    for (name, machine) in MACHINES {
        for (one, other) in [
            (Choices { goal: Goal::Install, ..Choices::PLAIN }, Choices::PLAIN),
            (Choices { no_start: true, ..Choices::PLAIN }, Choices { cluster: true, ..Choices::PLAIN }),
            (Choices::PLAIN, Choices { proxy: true, ..Choices::PLAIN }),
            (Choices::PLAIN, Choices { exec: true, ..Choices::PLAIN }),
            (Choices::PLAIN, Choices { selinux: true, ..Choices::PLAIN }),
        ] {
            let mut fake = machine();
            brought(&mut fake, one, name);
            comes_true(&mut fake, other, name);
        }
    }
}

#[test]
fn what_somebody_did_to_units_is_foreseen_too() {
    const UNITS: &str = "/etc/systemd/system";
    let link = format!("{UNITS}/multi-user.target.wants/landfall-ssh-host-keys.service");
    let host_keys = format!("{UNITS}/landfall-ssh-host-keys.service");
    for (what, gone, written) in [
        ("one is disabled, and Docker's is changed", &link, "docker.service.d/theirs.conf"),
        ("one is gone, with its link left", &host_keys, "theirs.service"),
    ] {
        let mut fake = fresh();
        brought(&mut fake, Choices::PLAIN, what);
        fake.disk.remove(gone.as_ref()).unwrap();
        fake.put(&format!("{UNITS}/{written}"), "[Unit]\n", 0o644);
        assert!(comes_true(&mut fake, Choices::PLAIN, what), "{what}");
    }
}

#[test]
fn whoever_is_not_root_is_told_what_only_root_may_see() {
    let mut fake = fresh();
    brought(&mut fake, Choices::PLAIN, "fresh");
    let config = Config::resolve(&fake, &Choices::PLAIN.options()).unwrap();
    let facts = Facts::gather(&fake).unwrap();
    let plan = plan(&facts, &config, &distro(&facts).unwrap(), Goal::Up).unwrap();
    fake.put_bytes("/etc/ecs/ecs.config", &[0xff], 0o600);
    let error = foresee(&fake, &plan).unwrap_err();
    assert!(error.what.contains("/etc/ecs/ecs.config is not text"), "up would end there: {error}");
    fake.is_nobody = true;
    assert!(foresee(&fake, &plan).unwrap().contains(&Foreseen::Unknown));
}
