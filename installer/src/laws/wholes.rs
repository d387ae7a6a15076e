//! Laws of whole runs, over the product of machines and choices.

use std::path::Path;

use super::*;
use crate::components::landfall::{PACKAGED, PROGRAM};
use crate::step::{Change, InstallProgram, Step};

#[test]
fn a_second_run_changes_nothing_and_asks_nobody() {
    for (name, machine) in MACHINES {
        for choices in Choices::all() {
            let mut fake = machine();
            brought(&mut fake, choices, name);
            let (state, service) = (fake.state(), fake.service.clone());
            fake.touches = 0;
            let changed = brought(&mut fake, choices, name);
            same(&fake.state(), &state, &format!("{name}, {choices:?}, second run"));
            assert_eq!((changed, fake.touches), (0, 0), "{name}, {choices:?}");
            assert_eq!(fake.service, service, "{name}, {choices:?}");
        }
    }
}

#[test]
fn undo_restores_the_machine_that_was_found() {
    for (name, machine) in MACHINES {
        for choices in Choices::all() {
            let mut fake = machine();
            let found = original(&fake);
            brought(&mut fake, choices, name);
            restored(&mut fake, name);
            same(&original(&fake), &found, &format!("{name}, {choices:?}, undone"));
        }
    }
}

#[test]
fn undo_after_a_change_of_mind_restores_the_machine_that_was_found() {
    for (name, machine) in MACHINES {
        let mut fake = machine();
        let found = original(&fake);
        brought(&mut fake, Choices { goal: Goal::Install, ..Choices::PLAIN }, name);
        brought(&mut fake, Choices { pairs: true, ..Choices::PLAIN }, name);
        brought(&mut fake, Choices { ipv6: true, ..Choices::PLAIN }, name);
        restored(&mut fake, name);
        same(&original(&fake), &found, &format!("{name}, changed twice and undone"));
    }
}

#[test]
fn an_older_landfall_is_replaced_and_not_removed() {
    let (_, machine) = MACHINES.iter().find(|(name, _)| *name == "an older landfall").unwrap();
    let mut fake = machine();
    brought(&mut fake, Choices::PLAIN, "an older landfall");
    restored(&mut fake, "an older landfall");
    assert_eq!(fake.disk.text("/usr/local/bin/landfall").as_deref(), Some("landfall"));
}

#[test]
fn a_landfall_that_was_not_there_is_removed() {
    let mut fake = fresh();
    brought(&mut fake, Choices::PLAIN, "fresh");
    restored(&mut fake, "fresh");
    assert_eq!(fake.disk.text("/usr/local/bin/landfall"), None);
}

#[test]
fn a_packaged_landfall_is_led_to_so_that_the_next_package_is_what_units_run() {
    let leads_to = |fake: &Fake| fake.resolve(Path::new(PROGRAM)).unwrap();
    let (_, machine) = MACHINES.iter().find(|(name, _)| name.contains("packaged")).unwrap();
    for older in [true, false] {
        let mut fake = machine();
        if !older {
            fake.remove(Path::new(PROGRAM)).unwrap();
            fake.disk.settle();
        }
        brought(&mut fake, Choices::PLAIN, "packaged");
        assert_eq!(leads_to(&fake).as_deref(), Some(Path::new(PACKAGED)));
        // What the package manager does with the next package.
        fake.put(PACKAGED, "newer landfall", 0o755);
        assert_eq!(brought(&mut fake, Choices::PLAIN, "packaged anew"), 0);
        restored(&mut fake, "packaged");
        assert_eq!(leads_to(&fake).is_some(), older);
        assert_eq!(fake.disk.text(PACKAGED).as_deref(), Some("newer landfall"));
    }
}

#[test]
fn a_landfall_of_ones_own_takes_the_place_of_the_link_to_a_package() {
    let (_, machine) = MACHINES.iter().find(|(name, _)| name.contains("packaged")).unwrap();
    let mut fake = machine();
    brought(&mut fake, Choices::PLAIN, "packaged");
    fake.packaged = false;
    brought(&mut fake, Choices::PLAIN, "of one's own");
    assert_eq!(fake.disk.text(PROGRAM).as_deref(), Some("landfall"));
    assert_eq!(fake.disk.text(PACKAGED).as_deref(), Some("packaged landfall"));
}

/// It may have no such package.
#[test]
fn a_system_that_does_not_run_gets_a_copy_of_a_packaged_landfall() {
    let (_, machine) = MACHINES.iter().find(|(name, _)| name.contains("packaged")).unwrap();
    let mut fake = machine();
    let path = "/root/tree".to_owned();
    let step = Step::InstallProgram(InstallProgram { path: path.clone().into() });
    step.apply(&mut fake, &Context::default()).unwrap();
    assert_eq!(fake.disk.text(&path).as_deref(), Some("packaged landfall"));
}

#[test]
fn a_reboot_after_success_is_no_change() {
    // An agent that ran before 'install' goes on until the next boot: the gate is for starts.
    for (name, machine) in MACHINES.iter().filter(|(name, _)| !name.contains("registered")) {
        for goal in [Goal::Install, Goal::Up] {
            let mut fake = machine();
            brought(&mut fake, Choices { goal, ..Choices::PLAIN }, name);
            let state = success(&fake);
            fake.disk.settle();
            fake.boot();
            same(&success(&fake), &state, &format!("{name}, {goal:?}, rebooted"));
        }
    }
}

#[test]
fn no_agent_starts_without_an_identity() {
    for (name, machine) in MACHINES {
        let mut fake = machine();
        brought(&mut fake, Choices::FULL, name);
        fake.boot();
        restored(&mut fake, name);
        assert_eq!(fake.strays, 0, "{name}");
    }
}

#[test]
fn the_activation_code_is_written_nowhere() {
    for (name, machine) in MACHINES {
        let mut fake = machine();
        fake.keep_moments();
        let mut said = String::new();
        bring(&mut fake, Choices::FULL, &mut said).unwrap();
        let moments = fake.take_moments();
        for moment in moments.iter().chain([&fake]) {
            let shown = moment.state().into_values().find(|value| value.contains(ACTIVATION_CODE));
            assert_eq!(shown, None, "{name}");
        }
        assert!(!said.contains(ACTIVATION_CODE), "{name}");
        assert!(!fake.told().contains(ACTIVATION_CODE), "{name}");
    }
}
