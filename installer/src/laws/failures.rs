//! A failure at any touch: the next run completes, or undo leads back.

use super::*;

const CHOICES: Choices = Choices::FULL;

/// The machine after a run whose n-th touch failed; `None` when the run has no n-th touch.
fn failed_at(machine: fn() -> Fake, touch: u32, said: &mut String) -> Option<Fake> {
    let mut fake = machine();
    fake.touches = 0;
    fake.fails_at = Some(touch);
    // A touch whose failure does no harm ends well: that is a law kept, too.
    let _ = bring(&mut fake, CHOICES, said);
    let reached = fake.touches >= touch;
    fake.fails_at = None;
    reached.then_some(fake)
}

#[test]
fn a_failure_at_any_touch_then_another_run_equals_success() {
    for (at, (name, machine)) in MACHINES.into_iter().enumerate() {
        let mut whole = machine();
        brought(&mut whole, CHOICES, name);
        let mut touch = first(at);
        while let Some(mut fake) = failed_at(machine, touch, &mut String::new()) {
            brought(&mut fake, CHOICES, name);
            same(&success(&fake), &success(&whole), &format!("{name}, failure at touch {touch}, resumed"));
            touch += stride(at);
        }
    }
}

#[test]
fn a_failure_at_any_touch_then_undo_equals_the_start() {
    for (at, (name, machine)) in MACHINES.into_iter().enumerate() {
        let found = original(&machine());
        let mut touch = first(at);
        while let Some(mut fake) = failed_at(machine, touch, &mut String::new()) {
            restored(&mut fake, name);
            same(&original(&fake), &found, &format!("{name}, failure at touch {touch}, undone"));
            touch += stride(at);
        }
    }
}

#[test]
fn a_failure_of_undo_at_any_touch_then_undo_again_equals_the_start() {
    for (at, (name, machine)) in MACHINES.into_iter().enumerate() {
        let found = original(&machine());
        let mut whole = machine();
        brought(&mut whole, CHOICES, name);
        for touch in (first(at)..).step_by(stride(at) as usize) {
            let mut fake = whole.clone();
            (fake.touches, fake.fails_at) = (0, Some(touch));
            let _ = take_back(&mut fake, &mut |_| {});
            if fake.touches < touch {
                break;
            }
            fake.fails_at = None;
            restored(&mut fake, name);
            same(&original(&fake), &found, &format!("{name}, undo failed at touch {touch}, undone again"));
        }
    }
}

#[test]
fn a_failure_at_any_touch_does_not_show_the_activation_code() {
    let mut touch = 1;
    let mut said = String::new();
    while failed_at(fresh, touch, &mut said).is_some() {
        assert!(!said.contains(ACTIVATION_CODE), "at touch {touch}");
        said.clear();
        touch += 1;
    }
}

#[test]
fn downloads_that_fail_leave_a_machine_that_can_be_resumed_and_undone() {
    for (name, machine) in MACHINES {
        let (mut resumed, mut whole) = (machine(), machine());
        resumed.offline = true;
        assert_eq!(bring(&mut resumed, Choices::PLAIN, &mut String::new()).unwrap_err().exit_code(), 1);
        let mut undone = resumed.clone();
        restored(&mut undone, name);
        same(&original(&undone), &original(&machine()), &format!("{name}, offline, undone"));
        resumed.offline = false;
        brought(&mut resumed, Choices::PLAIN, name);
        brought(&mut whole, Choices::PLAIN, name);
        same(&success(&resumed), &success(&whole), &format!("{name}, offline, resumed"));
    }
}
