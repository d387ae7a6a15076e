//! Images, and their copies.

use std::path::Path;

use super::*;
use crate::durable;
use crate::windows::places::{LANDFALL, SSM_INSTANCE, SSM_NOTE};

#[test]
fn an_image_has_everything_but_an_identity_and_its_agent_rests_until_it_is_registered() {
    let mut fake = fresh();
    bring_with(&mut fake, &options(), Goal::Install).unwrap();
    assert!(fake.disk.text(MARKER).is_none() && STORE.read(&fake).unwrap().is_none());
    fake.boot();
    assert_eq!((fake.registrations, fake.strays), (0, 0));
    bring_with(&mut fake, &options(), Goal::Register).unwrap();
    assert!(fake.introspection().is_some_and(|agent| agent.cluster == "harbour"));
}

#[test]
fn a_sealed_machine_has_nothing_of_its_own_and_a_copy_registers_as_another() {
    let mut fake = fresh();
    brought(&mut fake, "first");
    seal::clean(&mut fake).unwrap();
    assert!(STORE.read(&fake).unwrap().is_none() && fake.disk.text(STORE.credentials).is_none());
    fake.boot();
    assert_eq!(fake.strays, 0, "an agent was started without an identity");
    brought(&mut fake, "a copy");
    assert_eq!(fake.registrations, 2);
}

#[test]
fn nothing_of_an_instance_is_in_an_image_and_a_copy_of_a_taken_over_machine_gives_its_own_identity_back() {
    let mut fake = with_agents();
    brought(&mut fake, "taken over");
    let folder = Path::new(SSM_INSTANCE).join("mi-0123456789abcdef0");
    durable::create_folders(&mut fake, &folder, 0o700).unwrap();
    durable::write(&mut fake, &folder.join("document"), b"a command", 0o600).unwrap();
    seal::clean(&mut fake).unwrap();
    assert!(!fake.state().iter().any(|(name, value)| name.contains("mi-0") || value.contains("mi-0")));
    assert!(fake.disk.text(SSM_NOTE).is_none());
    assert!(fake.closed.contains(Path::new(LANDFALL)), "a seed could be read by everybody");
    fake.boot();
    brought(&mut fake, "a copy");
    assert_eq!(fake.registrations, 1);
    let leftovers = restored(&mut fake, "a copy");
    assert!(leftovers.iter().any(|left| left.contains("deregister-managed-instance")), "{leftovers:?}");
    assert!(STORE.read(&fake).unwrap().is_none());
}
