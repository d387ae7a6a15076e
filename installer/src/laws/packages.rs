//! Packages that are not Landfall's to touch: those of the user, from before and from since.

use super::*;
use crate::package_database::PackageDatabase;

fn is_installed(fake: &Fake, name: &str) -> bool {
    PackageDatabase::read(fake).unwrap().installed(name).is_some()
}

#[test]
fn what_somebody_installed_since_stays_with_what_it_brought() {
    for (name, machine) in MACHINES {
        let mut fake = machine();
        brought(&mut fake, Choices::PLAIN, name);
        fake.somebody_installs(&["podman"]);
        let left = restored(&mut fake, name);
        assert!(is_installed(&fake, "podman") && is_installed(&fake, "conmon"), "{name}");
        assert!(!is_installed(&fake, "amazon-ecs-init"), "{name}: {left:?}");
    }
}

#[test]
fn a_dependency_that_somebody_asked_for_since_stays() {
    let mut fake = fresh();
    brought(&mut fake, Choices::PLAIN, "fresh");
    let states = fake.disk.text(EXTENDED_STATES).unwrap();
    let runc = "Package: runc\nArchitecture: amd64\nAuto-Installed: 1\n\n";
    assert!(states.contains(runc));
    fake.somebody_writes(EXTENDED_STATES, &states.replace(runc, ""));
    restored(&mut fake, "fresh");
    assert!(is_installed(&fake, "runc") && !is_installed(&fake, "containerd"));
}
