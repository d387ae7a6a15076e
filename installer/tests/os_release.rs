//! `check --facts`, `check --os-release` and `plan --as` of the program itself: exit codes, and what goes where.
#![allow(clippy::disallowed_methods, reason = "a test runs the program and writes its files")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn landfall(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
    // Neither variables nor a file of this machine choose anything.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LANDFALL_")) {
        command.env_remove(name);
    }
    command.args(arguments).output().unwrap()
}

fn of_file(content: &[u8], command: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("os-release");
    std::fs::write(&path, content).unwrap();
    let output = landfall(&[command, &["--os-release", path.to_str().unwrap()]].concat());
    let before = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(before, 1, "something was written");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const FACTS: [&str; 3] = ["check", "--facts", "--json"];

#[test]
fn the_facts_of_an_accepted_release_are_json_and_nothing_else() {
    let (code, out, err) = of_file(b"ID=debian\nVERSION_ID=\"12\"\n", &FACTS);
    let printed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!((&printed["version"], &printed["distro"]["release"]), (&1.into(), &"debian-12".into()));
    assert_eq!(printed["distro"]["support"], "supported");
    assert_eq!(printed["facts"]["os"]["id"], "debian");
}

#[test]
fn what_is_refused_ends_with_2_one_sentence_and_the_facts_that_were_found() {
    let ten_megabytes = b"ID=debian\nVERSION_ID=12\n".repeat(500_000);
    let cases: [(&[u8], &str); 9] = [
        (b"", "it is empty"),
        (b"\x7fELF\x02\x01\0\0", "binary"),
        (&ten_megabytes, "64 KiB"),
        (b"ID=debian\nVERSION_ID=12\nNAME=\"$(touch /tmp/x)\"\n", "line 3 asks a shell"),
        (b"ID=debian\r\nVERSION_ID=12\r\n", "CRLF"),
        (b"ID=debian\nVERSION_ID=\"12\n", "line 2 has a quote that is not closed"),
        (b"ID=\"", "quote"),
        (b"ID=debian\nVERSION_ID=9\n", "Debian 9"),
        (b"ID=\"plan9\"\nPRETTY_NAME=\"Plan\x1b[2J 9\"\n", "Plan"),
    ];
    for (content, why) in cases {
        let (code, out, err) = of_file(content, &FACTS);
        let printed: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{why}: {e}: {out}"));
        assert_eq!(code, Some(2), "{why}: {err}");
        assert_eq!(printed["distro"]["release"], Value::Null, "{why}");
        assert_eq!(printed["distro"]["support"], "refused", "{why}");
        assert!(printed["facts"]["os"].is_object(), "{why}");
        let lines: Vec<&str> = err.lines().collect();
        let [error, hint] = lines[..] else { panic!("{why}: {err}") };
        assert!(error.starts_with("error: ") && error.contains(why) && hint.starts_with("hint: "), "{err}");
        assert!(!err.contains('\x1b'), "{err:?}");
        let (code, out, err) = of_file(content, &["plan", "--region", "us-east-1"]);
        assert!(code == Some(2) && out.is_empty() && err.contains(why), "{why}: {code:?} {out} {err}");
    }
}

#[test]
fn a_file_that_is_missing_ends_with_2() {
    assert!(!Path::new("/nowhere").exists());
    let output = landfall(&[&FACTS[..], &["--os-release", "/nowhere"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok());
}

#[test]
fn the_facts_of_this_machine_need_no_region_and_no_network() {
    let output = landfall(&FACTS);
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let refused = printed["distro"]["support"] == "refused";
    assert_eq!(output.status.code(), Some(if refused { 2 } else { 0 }));
    assert_eq!(printed["facts"]["kernel_architecture"], std::env::consts::ARCH);
}

#[test]
fn findings_of_a_file_are_those_of_its_release_alone() {
    let (code, out, _) = of_file(b"ID=debian\nVERSION_ID=12\n", &["check"]);
    assert_eq!((code, out.as_str()), (Some(0), "nothing stands in the way\n"));
    let (code, out, _) = of_file(b"ID=debian\nVERSION_ID=11\n", &["check"]);
    assert!(code == Some(3) && out.contains("release-eol"), "{out}");
    let (code, out, _) = of_file(b"ID=debian\nVERSION_ID=9\n", &["check"]);
    assert!(code == Some(2) && out.contains("release-unsupported"), "{out}");
}

#[test]
fn another_machine_is_planned_for_by_its_release() {
    let planned = |release| landfall(&["plan", "--region", "us-east-1", "--as", release, "--json"]);
    let debian = planned("debian-12");
    let printed: Value = serde_json::from_slice(&debian.stdout).unwrap();
    assert_eq!((debian.status.code(), &printed["release"]), (Some(0), &"debian-12".into()));
    for (release, why) in [("windows-server-2022", "Windows Server 2022"), ("debian-99", "debian-99")] {
        let refused = planned(release);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(2) && said.contains(why), "{said}");
    }
}
