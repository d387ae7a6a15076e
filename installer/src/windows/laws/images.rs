//! Images, and their copies.

use super::*;

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
