//! A power cut at any touch, with any subset of what was not synced surviving.

use super::*;

pub(super) const SUBSETS: [Survivors; 5] =
    [Survivors::None, Survivors::All, Survivors::Some(1), Survivors::Some(2), Survivors::Some(3)];

/// The machine after a power cut and a boot, for each moment of a run, and each subset. Machines that
/// came out the same are shown once.
pub(super) fn cut<T>(
    number: usize,
    fake: &mut Fake,
    run: impl FnOnce(&mut Fake) -> T,
    mut each: impl FnMut(&str, Fake),
) {
    fake.keep_moments();
    run(fake);
    let mut seen = BTreeSet::new();
    let moments = fake.take_moments().into_iter().enumerate();
    for (at, moment) in moments.skip(first(number) as usize - 1).step_by(stride(number) as usize) {
        for survivors in SUBSETS {
            let mut cut = moment.clone();
            cut.lose_power(survivors);
            let state: Vec<_> =
                cut.state().into_iter().map(|(name, it)| (name, without_times(&it))).collect();
            if seen.insert((state, cut.service.registrations)) {
                each(&format!("power cut at touch {}, {survivors:?} survives", at + 1), cut);
            }
        }
    }
}

#[test]
fn a_power_cut_at_any_touch_then_another_run_equals_success_with_one_registration() {
    for (number, (name, machine)) in MACHINES.into_iter().enumerate() {
        let choices = Choices::FULL;
        let mut whole = machine();
        brought(&mut whole, choices, name);
        let made = whole.service.registrations;
        let run = |fake: &mut Fake| brought(fake, choices, name);
        cut(number, &mut machine(), run, |what, mut fake| {
            let what = format!("{name}, {what}");
            let lost = fake.service.registrations == 1 && registration::identity(&fake).unwrap().is_none();
            brought(&mut fake, choices, &what);
            same(&success(&fake), &success(&whole), &format!("{what}, resumed"));
            assert_eq!(fake.service.registrations, made + u32::from(lost), "{what}");
            let told = fake.told();
            assert!(
                !lost || (told.contains("was cut short") && told.contains("begun on 20")),
                "{what}: {told}"
            );
        });
    }
}

/// SSM gives registration no idempotency token: between its answer and the synced Vault a power cut
/// loses an identity. Nothing more than that is lost, and no marker ever stands without an identity.
#[test]
fn an_identity_can_be_lost_only_between_the_answer_and_the_synced_vault() {
    let mut fake = fresh();
    fake.keep_moments();
    brought(&mut fake, Choices::PLAIN, "fresh");
    let mut window = Vec::new();
    for (at, moment) in fake.take_moments().into_iter().enumerate() {
        let answered = moment.service.registrations == 1;
        let marked = moment.state().keys().any(|name| name.contains("registered"));
        for survivors in SUBSETS {
            let mut cut = moment.clone();
            cut.disk.cut(survivors);
            let identity = registration::read(&cut).unwrap();
            let marker = cut.disk.text(MARKER);
            assert!(identity.is_some() || marker.is_none(), "a marker without an identity at {at}");
            assert!(!marked || identity.is_some(), "an identity lost after the Vault was synced, at {at}");
            if survivors == Survivors::None && answered && identity.is_none() {
                window.push(at);
            }
        }
    }
    let (first, last) = (window[0], window[window.len() - 1]);
    assert_eq!(window, (first..=last).collect::<Vec<_>>(), "the window is one");
    assert!(last - first < 12, "the window is {} touches wide", last - first + 1);
}

#[test]
fn a_power_cut_at_any_touch_then_undo_equals_the_start() {
    for (number, (name, machine)) in MACHINES.into_iter().enumerate() {
        let found = original(&booted(machine()));
        let run = |fake: &mut Fake| brought(fake, Choices::FULL, name);
        cut(number, &mut machine(), run, |what, mut fake| {
            let what = format!("{name}, {what}");
            restored(&mut fake, &what);
            same(&original(&booted(fake)), &found, &format!("{what}, undone"));
        });
    }
}

#[test]
fn a_power_cut_of_undo_at_any_touch_then_undo_again_equals_the_start() {
    for (number, (name, machine)) in MACHINES.into_iter().enumerate() {
        let found = original(&booted(machine()));
        let mut whole = machine();
        brought(&mut whole, Choices::FULL, name);
        whole.disk.settle();
        cut(
            number,
            &mut whole,
            |fake| restored(fake, name),
            |what, mut fake| {
                let what = format!("{name}, undo, {what}");
                restored(&mut fake, &what);
                same(&original(&booted(fake)), &found, &format!("{what}, undone again"));
            },
        );
    }
}

#[test]
fn a_power_cut_after_success_leaves_a_machine_that_comes_up_by_itself() {
    for (name, machine) in MACHINES {
        for survivors in SUBSETS {
            let mut fake = machine();
            brought(&mut fake, Choices::PLAIN, name);
            let state = success(&fake);
            fake.lose_power(survivors);
            same(&success(&fake), &state, &format!("{name}, {survivors:?} survives"));
        }
    }
}

#[test]
fn a_power_cut_starts_no_agent_without_an_identity() {
    let machines = MACHINES.into_iter().enumerate();
    for (number, (name, machine)) in machines.filter(|(_, (name, _))| !name.contains("unregistered")) {
        let run = |fake: &mut Fake| brought(fake, Choices::PLAIN, name);
        cut(number, &mut machine(), run, |what, fake| assert_eq!(fake.strays, 0, "{name}, {what}"));
    }
}

/// A reboot changes a machine too: what undo leads back to is compared after one.
pub(super) fn booted(mut fake: Fake) -> Fake {
    fake.disk.settle();
    fake.boot();
    fake
}
