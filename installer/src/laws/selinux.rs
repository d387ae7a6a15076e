//! SELinux: what enforces goes on enforcing unless it was asked for, and enforces again after an undo.

use super::*;
use crate::host::fake::enforcing;

const NOW: &str = "SELinux enforces";

#[test]
fn selinux_is_never_switched_off_unasked() {
    let mut fake = enforcing();
    fake.keep_moments();
    brought(&mut fake, Choices::PLAIN, "SELinux enforcing");
    take_back(&mut fake, &mut |_| {}).unwrap();
    assert!(fake.take_moments().iter().all(|moment| moment.state()[NOW] == "true"));
}

#[test]
fn selinux_stays_permissive_over_a_reboot_where_that_was_asked_for_and_enforces_after_an_undo() {
    let mut fake = enforcing();
    brought(&mut fake, Choices { selinux: true, ..Choices::PLAIN }, "SELinux enforcing");
    assert_eq!(fake.state()[NOW], "false");
    fake.boot();
    assert_eq!(fake.state()[NOW], "false");
    // A later run that does not ask for it leaves it, and its undo knows of it.
    brought(&mut fake, Choices::PLAIN, "SELinux enforcing, again");
    restored(&mut fake, "SELinux enforcing");
    assert_eq!(fake.state()[NOW], "true");
    fake.boot();
    assert_eq!(fake.state()[NOW], "true");
}
