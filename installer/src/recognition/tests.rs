//! Every os-release of the matrix's folder is taken for what its table says.
#![allow(clippy::disallowed_methods, reason = "tests read the fixtures")]

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::facts::Told;
use crate::host::Machine;
use crate::host::fake::fresh;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../distro-matrix/os-release")
}

fn of_file(content: &[u8]) -> (Recognised, Result<()>) {
    let mut fake = fresh();
    fake.write(Path::new("/root/os-release"), content, 0o644).unwrap();
    let told = Told::of_file(&fake, Path::new("/root/os-release"));
    recognised(&told.os, told.broken.as_deref())
}

#[test]
fn every_os_release_is_taken_for_what_the_table_says() {
    let table = fs::read_to_string(folder().join("expected.tsv")).unwrap();
    let mut count = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let [file, release, support] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let (answer, outcome) = of_file(&fs::read(folder().join(format!("{file}.env"))).unwrap());
        let word = serde_json::to_value(answer.support).unwrap();
        assert_eq!(
            (answer.release.as_deref().unwrap_or("-"), word.as_str()),
            (release, Some(support)),
            "{file}"
        );
        assert_eq!(outcome.is_err(), support == "refused", "{file}");
        if let Err(e) = outcome {
            assert!(
                e.exit_code() == 2 && e.hint.is_some() && answer.reason == Some(e.what.clone()),
                "{file}: {e}"
            );
            assert!(!e.what.contains(char::is_control) && e.what.chars().count() < 400, "{file}: {e}");
        }
        count += 1;
    }
    assert!(count >= 120, "only {count}");
}

#[test]
fn ten_megabytes_are_refused() {
    let (answer, outcome) = of_file("ID=debian\nVERSION_ID=12\n#\n".repeat(10 << 20 >> 4).as_bytes());
    assert_eq!((answer.release, outcome.unwrap_err().exit_code()), (None, 2));
}

#[test]
fn an_answer_has_the_names_that_people_know() {
    let debian = of_file(b"ID=debian\nVERSION_ID=12\nPRETTY_NAME=mine\n").0;
    assert_eq!(debian.name.as_deref(), Some("Debian 12 (bookworm)"));
    assert_eq!((debian.like, debian.end_of_life.as_deref()), (None, Some("2028-06-30")));
    let mint = of_file(
        b"ID=linuxmint\nVERSION_ID=22\nID_LIKE=ubuntu\nUBUNTU_CODENAME=noble\nPRETTY_NAME='Linux Mint 22'\n",
    );
    assert_eq!(mint.0.name.as_deref(), Some("Linux Mint 22"));
    assert!(mint.0.like.unwrap().starts_with("Ubuntu 24.04"));
}

#[test]
fn a_refusal_names_the_releases_of_the_same_system_or_all_in_short() {
    let refused = |text: &[u8]| of_file(text).1.unwrap_err();
    let debian = refused(b"ID=debian\nVERSION_ID=14\n").hint.unwrap();
    assert!(debian.contains("Debian 12 (bookworm)") && !debian.contains("Ubuntu"), "{debian}");
    let arch = refused(b"ID=arch\n").hint.unwrap();
    assert!(arch.contains("; debian 12, 13") && arch.contains("; ubuntu 22.04, 24.04"), "{arch}");
    assert!(arch.chars().count() < 300, "{arch}");
    let silverblue = refused(b"ID=fedora\nVERSION_ID=43\nVARIANT_ID=silverblue\n");
    assert!(silverblue.what.contains("the variant 'silverblue' of Fedora Linux 43"), "{silverblue}");
}

#[test]
fn a_derivative_gets_dockers_suite_of_its_parent() {
    let told = OsRelease {
        id: "linuxmint".into(),
        version_id: "22".into(),
        codename: "wilma".into(),
        parent_codename: "noble".into(),
        id_like: vec!["ubuntu".into()],
        ..OsRelease::default()
    };
    let repository = distro(&told, None).unwrap().packages.docker_repository.unwrap();
    assert_eq!(repository.suite.as_deref(), Some("noble"));
}

#[test]
fn a_name_that_is_none_is_answered_with_those_near_it_or_all() {
    let hint = |name: &str| named(name).unwrap_err().hint.unwrap();
    assert_eq!(named("debian-12").unwrap().release, "debian-12");
    assert!(hint("debian-99").contains("debian-12") && !hint("debian-99").contains("ubuntu"));
    assert!(hint("debain-12").contains("debian-12") && hint("").contains("ubuntu-24.04"));
}
