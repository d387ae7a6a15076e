//! Docker from its own repository, and from where it can be had: the same laws, and what belongs to others.

use std::path::Path;

use distro_matrix::Format;

use super::cuts::{booted, cut};
use super::*;
use crate::certificate::tests::{OTHER, VENDOR, armor, public};
use crate::cli::DockerSource;
use crate::host::Machine;
use crate::package_database::PackageDatabase;
use crate::receipt::Receipt;
use crate::step::Change;

const SOURCE: &str = "/etc/apt/sources.list.d/docker.sources";
const KEYRING: &str = "/etc/apt/keyrings/docker.asc";

const ASKED_FOR: Choices = Choices { docker: Some(DockerSource::Docker), ..Choices::PLAIN };
const FALL_BACK: Choices = Choices { docker: Some(DockerSource::All), ..Choices::PLAIN };

/// A fresh machine; the file that is served has somebody else's certificate in it too.
fn asked_for() -> Fake {
    let mut fake = fresh();
    fake.served = [armor(&public(&OTHER)), armor(&public(&VENDOR))].concat().into_bytes();
    fake
}

/// The same where the distribution has no Docker.
fn without_docker() -> Fake {
    let mut fake = asked_for();
    fake.withheld.insert("docker.io");
    fake
}

/// A machine with rpm, where Docker's own repository is the only one that has Docker.
fn stream() -> Fake {
    let mut fake = fresh_stream();
    fake.served = [armor(&public(&OTHER)), armor(&public(&VENDOR))].concat().into_bytes();
    fake
}

/// A machine with what is chosen on it.
type Case = (&'static str, fn() -> Fake, Choices);

const MACHINES: [Case; 3] = [
    ("asked for", asked_for, ASKED_FOR),
    ("fall-back", without_docker, FALL_BACK),
    ("with dnf", stream, FALL_BACK),
];

fn is_installed(fake: &Fake, name: &str) -> bool {
    let format = if fake.has_rpm() { Format::Rpm } else { Format::Deb };
    PackageDatabase::read(fake, format).unwrap().installed(name).is_some()
}

#[test]
fn rpm_trusts_the_pinned_certificate_alone_and_dnf_is_given_a_repository_with_its_number_written_out() {
    let mut fake = stream();
    brought(&mut fake, FALL_BACK, "with dnf");
    assert!(is_installed(&fake, "docker-ce"));
    assert_eq!(fake.rpm_keyring(), format!("{}\n", fingerprint(&VENDOR)));
    let key = "/etc/pki/rpm-gpg/RPM-GPG-KEY-docker-ce";
    assert_eq!(fake.disk.text(key).unwrap(), armor(&public(&VENDOR)));
    assert_eq!(
        fake.disk.text("/etc/yum.repos.d/docker-ce.repo").unwrap(),
        format!(
            "# Written by Landfall.\n[docker-ce-stable]\nname=docker-ce\n\
             baseurl=https://mirror.test/linux/centos/9/x86_64/stable\nenabled=1\ngpgcheck=1\ngpgkey=file://{key}\n"
        )
    );
    restored(&mut fake, "with dnf");
    assert_eq!(fake.rpm_keyring(), "");
}

#[test]
fn docker_comes_from_its_repository_under_its_key_alone() {
    for (name, machine, choices) in MACHINES.into_iter().filter(|(name, ..)| *name != "with dnf") {
        let mut fake = machine();
        brought(&mut fake, choices, name);
        assert!(is_installed(&fake, "docker-ce") && !is_installed(&fake, "docker.io"), "{name}");
        assert_eq!(fake.disk.text(KEYRING).unwrap(), armor(&public(&VENDOR)), "{name}");
        let source = "# Written by Landfall.\nTypes: deb\nURIs: https://mirror.test/linux/debian\n\
                      Suites: bookworm\nComponents: stable\nArchitectures: amd64\n\
                      Signed-By: /etc/apt/keyrings/docker.asc\n";
        assert_eq!(fake.disk.text(SOURCE).unwrap(), source, "{name}");
        for path in [SOURCE, KEYRING] {
            assert_eq!(fake.stat(Path::new(path)).unwrap().unwrap().mode, 0o644, "{name}: {path}");
        }
    }
}

#[test]
fn a_second_run_changes_nothing_and_undo_restores() {
    for (name, machine, choices) in MACHINES {
        let mut fake = machine();
        let found = original(&fake);
        brought(&mut fake, choices, name);
        fake.touches = 0;
        assert_eq!((brought(&mut fake, choices, name), fake.touches), (0, 0), "{name}");
        restored(&mut fake, name);
        same(&original(&fake), &found, name);
    }
}

#[test]
fn a_failure_at_any_touch_then_another_run_equals_success_and_undo_the_start() {
    for (at, (name, machine, choices)) in MACHINES.into_iter().enumerate() {
        let (mut whole, found) = (machine(), original(&machine()));
        brought(&mut whole, choices, name);
        for touch in (first(at)..).step_by(stride(at) as usize) {
            let mut fake = machine();
            (fake.touches, fake.fails_at) = (0, Some(touch));
            let _ = bring(&mut fake, choices, &mut String::new());
            if fake.touches < touch {
                break;
            }
            fake.fails_at = None;
            let mut resumed = fake.clone();
            brought(&mut resumed, choices, name);
            same(&success(&resumed), &success(&whole), &format!("{name}, failure at {touch}, resumed"));
            restored(&mut fake, name);
            same(&original(&fake), &found, &format!("{name}, failure at {touch}, undone"));
        }
    }
}

#[test]
fn a_power_cut_at_any_touch_then_another_run_equals_success_and_undo_the_start() {
    for (at, (name, machine, choices)) in MACHINES.into_iter().enumerate() {
        let (mut whole, found) = (machine(), original(&booted(machine())));
        brought(&mut whole, choices, name);
        let run = |fake: &mut Fake| brought(fake, choices, name);
        cut(at, &mut machine(), run, |what, mut fake| {
            let mut resumed = fake.clone();
            brought(&mut resumed, choices, name);
            same(&success(&resumed), &success(&whole), &format!("{name}, {what}, resumed"));
            restored(&mut fake, name);
            same(&original(&booted(fake)), &found, &format!("{name}, {what}, undone"));
        });
    }
}

#[test]
fn an_undo_that_fails_or_is_cut_at_any_touch_goes_on_from_there() {
    for (at, (name, machine, choices)) in MACHINES.into_iter().enumerate() {
        let found = original(&booted(machine()));
        let mut whole = machine();
        brought(&mut whole, choices, name);
        whole.disk.settle();
        let undo = |fake: &mut Fake| restored(fake, name);
        cut(at, &mut whole.clone(), undo, |what, mut fake| {
            restored(&mut fake, name);
            same(&original(&booted(fake)), &found, &format!("{name}, {what}, undone again"));
        });
        for touch in 1.. {
            let mut fake = whole.clone();
            (fake.touches, fake.fails_at) = (0, Some(touch));
            let _ = take_back(&mut fake, &mut |_| {});
            if fake.touches < touch {
                assert!(touch > 20, "{name}: an undo of {} touches", fake.touches);
                break;
            }
            fake.fails_at = None;
            restored(&mut fake, name);
            same(&original(&booted(fake)), &found, &format!("{name}, failed at touch {touch}, undone again"));
        }
    }
}

#[test]
fn the_distributions_docker_comes_first_and_leaves_no_repository_and_no_entry() {
    let mut fake = asked_for();
    brought(&mut fake, FALL_BACK, "docker.io can be had");
    assert!(is_installed(&fake, "docker.io") && !is_installed(&fake, "docker-ce"));
    assert_eq!((fake.disk.text(SOURCE), fake.disk.text(KEYRING)), (None, None));
    let receipt = Receipt::read(&fake).unwrap();
    assert!(receipt.entries.iter().all(|entry| entry.change.subject() != "repository docker"));
}

#[test]
fn a_foreign_key_file_is_refused_and_nothing_of_it_is_written() {
    for served in [armor(&public(&OTHER)).into_bytes(), b"<html>".to_vec(), vec![0; 300_000]] {
        let mut fake = asked_for();
        fake.served = served;
        let error = bring(&mut fake, ASKED_FOR, &mut String::new()).unwrap_err();
        assert_eq!(error.exit_code(), 1);
        assert_eq!((fake.disk.text(SOURCE), fake.disk.text(KEYRING)), (None, None));
        assert!(fake.disk.text("/var/lib/apt/lists/packages").is_none(), "apt was asked");
        restored(&mut fake, "a foreign key");
        same(&original(&fake), &original(&asked_for()), "a foreign key, undone");
    }
}

/// Lists that nobody could read have no docker.io in them either.
#[test]
fn silent_package_sources_are_no_reason_to_fall_back() {
    let mut fake = without_docker();
    fake.silent_sources = true;
    let error = bring(&mut fake, FALL_BACK, &mut String::new()).unwrap_err();
    assert!(error.what.starts_with("whether docker.io can be had is not known"), "{error}");
    assert_eq!((error.exit_code(), fake.disk.text(SOURCE)), (1, None));
}

#[test]
fn an_operators_source_of_the_same_repository_is_used_and_left_alone() {
    let one_line = "deb [signed-by=/root/trust.asc] https://mirror.test/linux/debian bookworm stable\n";
    let stanza = "Types: deb\nURIs: https://mirror.test/linux/debian/\nSuites: bookworm\nComponents: stable\n\
                  Signed-By: /root/trust.asc\n";
    // The fake's apt reads this one file only, so that is where both forms stand.
    for (path, text) in [("/etc/apt/sources.list.d/ours.list", one_line), (SOURCE, stanza)] {
        let mut fake = asked_for();
        fake.somebody_writes(path, text);
        if path != SOURCE {
            fake.somebody_writes("/var/lib/apt/lists/packages", "Docker's");
        }
        let config = Config::resolve(&fake, &ASKED_FOR.options()).unwrap();
        let facts = Facts::gather(&fake).unwrap();
        let plan = plan(&facts, &config, &distro(&facts).unwrap(), Goal::Up).unwrap();
        let add = plan.iter().find(|item| item.step.subject() == "repository docker").unwrap();
        assert_eq!(add.step.check(&fake).unwrap(), None, "{path}");
    }
    let mut fake = asked_for();
    fake.somebody_writes(SOURCE, stanza);
    fake.disk.settle();
    let found = original(&fake);
    brought(&mut fake, ASKED_FOR, "an operator's source");
    assert!(is_installed(&fake, "docker-ce"));
    assert_eq!((fake.disk.text(SOURCE).as_deref(), fake.disk.text(KEYRING)), (Some(stanza), None));
    restored(&mut fake, "an operator's source");
    same(&original(&fake), &found, "an operator's source, undone");
}

#[test]
fn a_source_that_was_changed_since_stays_with_its_key_and_is_told() {
    let mut fake = asked_for();
    brought(&mut fake, ASKED_FOR, "asked for");
    let changed = fake.disk.text(SOURCE).unwrap().replace("stable", "stable test");
    fake.somebody_writes(SOURCE, &changed);
    let left = restored(&mut fake, "a changed source");
    assert_eq!(fake.disk.text(SOURCE), Some(changed));
    assert!(fake.disk.text(KEYRING).is_some());
    assert!(left.iter().any(|left| left.starts_with(SOURCE) && left.contains("changed since")), "{left:?}");
}

#[test]
fn a_key_that_another_source_names_by_now_stays() {
    let mut fake = asked_for();
    brought(&mut fake, ASKED_FOR, "asked for");
    let theirs = format!("deb [signed-by={KEYRING}] https://mirror.test/linux/debian bookworm test\n");
    fake.somebody_writes("/etc/apt/sources.list.d/theirs.list", &theirs);
    let left = restored(&mut fake, "a shared key");
    assert!(fake.disk.text(KEYRING).is_some() && fake.disk.text(SOURCE).is_none());
    assert!(left.iter().any(|left| left.starts_with(KEYRING) && left.contains("theirs.list")), "{left:?}");
}

#[test]
fn files_of_an_operator_under_the_same_names_come_back() {
    let mut fake = asked_for();
    fake.somebody_writes(SOURCE, "Enabled: no\nTypes: deb\nURIs: https://elsewhere.test\nSuites: x\n");
    fake.somebody_writes(KEYRING, &armor(&public(&OTHER)));
    fake.disk.settle();
    let found = original(&fake);
    brought(&mut fake, ASKED_FOR, "an operator's files");
    assert_eq!(fake.disk.text(KEYRING).unwrap(), armor(&public(&VENDOR)));
    restored(&mut fake, "an operator's files");
    same(&original(&fake), &found, "an operator's files, undone");
}
