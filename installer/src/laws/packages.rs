//! Packages that are not Landfall's to touch: those of the user, from before and from since.

use distro_matrix::{Format, Manager};

use super::*;
use crate::host::fake::fresh_dnf;
use crate::package_database::PackageDatabase;
use crate::step::{Change, InstallPackages, Step};

fn is_installed(fake: &Fake, name: &str) -> bool {
    let format = if fake.has_rpm() { Format::Rpm } else { Format::Deb };
    PackageDatabase::read(fake, format).unwrap().installed(name).is_some()
}

#[test]
fn what_somebody_installed_since_stays_with_what_it_brought() {
    for (name, machine) in MACHINES {
        let mut fake = machine();
        brought(&mut fake, Choices::PLAIN, name);
        fake.somebody_installs(&["podman", "wireless-regdb"]);
        if !fake.has_rpm() {
            // As a Recommends of it, or as a kernel: no package depends on it.
            let states = fake.disk.text(EXTENDED_STATES).unwrap();
            let by_apt = "Package: wireless-regdb\nArchitecture: amd64\nAuto-Installed: 1\n\n";
            fake.somebody_writes(EXTENDED_STATES, &(states + by_apt));
        }
        let left = restored(&mut fake, name);
        for kept in ["podman", "conmon", "wireless-regdb"] {
            assert!(is_installed(&fake, kept), "{name}: {kept} is gone");
        }
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

/// It has no archive in any repository: nobody but its owner can bring it back.
#[test]
fn somebodys_interrupted_package_is_never_removed() {
    let mut fake = fresh();
    fake.interrupted_at("in-house", "reinstreq", "half-installed");
    let error = bring(&mut fake, Choices::PLAIN, &mut String::new()).unwrap_err();
    assert_eq!(error.exit_code(), 1);
    assert!(error.what.contains("in-house") && error.what.contains("can't find an archive"), "{error}");
    assert!(error.hint.unwrap().contains("'dpkg -i FILE'"));
    assert_eq!(PackageDatabase::read(&fake, Format::Deb).unwrap().demanded_again(), ["in-house"]);
}

#[test]
fn an_agent_that_dpkg_was_interrupted_at_comes_back_with_the_transaction() {
    let mut fake = fresh();
    fake.interrupted_at("amazon-ssm-agent", "reinstreq", "half-installed");
    brought(&mut fake, Choices::PLAIN, "the SSM agent interrupted");
    assert!(is_installed(&fake, "amazon-ssm-agent"));
}

/// A name may be provided by a package of another one, and the database knows it under that alone.
#[test]
fn a_package_that_does_in_the_place_of_one_that_was_asked_for_is_enough() {
    let mut fake = fresh_dnf();
    let asked = |instead: &[&str]| {
        let instead = instead.iter().map(|name| (*name).to_owned()).collect();
        Step::InstallPackages(InstallPackages {
            manager: Manager::Dnf,
            names: vec!["procps".into()],
            instead: BTreeMap::from([("procps".into(), instead)]),
            ..InstallPackages::default()
        })
    };
    assert!(asked(&["procps4"]).check(&fake).unwrap().is_some());
    fake.put("/var/lib/rpm/packages", "procps4 4.0-1 1 x86_64\n", 0o644);
    assert_eq!(asked(&["procps4"]).check(&fake).unwrap(), None);
    assert!(asked(&[]).check(&fake).unwrap().is_some());
}
