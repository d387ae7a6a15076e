//! The real program, as it is downloaded, putting another in its own place.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use tempfile::TempDir;
use vm_tests::programs;

use crate::sandbox::{Sandbox, assert_refused, can_run, finish_as, key_pair, public, said, stdout};

/// All crates of the workspace have one version.
const OWN: &str = env!("CARGO_PKG_VERSION");

#[test]
fn the_program_that_people_download_replaces_itself_by_a_newer_release_of_its_key_and_by_nothing_else() {
    if !can_run() {
        return;
    }
    let (sandbox, keys) = (Sandbox::new(), TempDir::new().unwrap());
    let (ours, strangers) = (key_pair(keys.path(), "ours"), key_pair(keys.path(), "strangers"));
    let program = fs::read(programs::landfall().unwrap()).unwrap();
    sandbox.install(&program);
    let update = |flags: &str| -> Output {
        // Landfall's lock is in /run.
        let mounts = format!("mount -t tmpfs none /run; {}", sandbox.trusting());
        sandbox.run_after(&mounts, &format!("landfall self-update {flags}"))
    };
    let offer = |version: &str, key: &str| {
        let finished = finish_as(version, &sandbox.release(""), &["--sign-key", key]).output().unwrap();
        assert!(finished.status.success(), "{}", said(&finished));
    };
    let from = sandbox.https();
    let with = |key: &str| format!("--from {from} --key {}", public(key));

    offer("9.0.0", &strangers);
    assert_refused(&update(""), 2, "self-update is off");
    assert_refused(&update(&format!("--from {from}")), 2, "self-update is off");
    assert!(sandbox.admin.requests(None).unwrap().is_empty(), "somebody was asked");
    assert_refused(&update(&with(&ours)), 1, "the key did not sign this SHA256SUMS");
    offer("0.0.1", &ours);
    assert_refused(&update(&with(&ours)), 1, &format!("is 0.0.1, and this is {OWN}"));
    offer(OWN, &ours);
    assert_refused(&update(&with(&ours)), 1, &format!("is another {OWN} than this one"));
    assert_eq!((sandbox.installed().as_ref(), sandbox.left().len()), (Some(&program), 1));
    assert_eq!(sandbox.programs_asked_for(), 0);

    offer("9.0.0", &ours);
    let output = update(&with(&ours));
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(sandbox.installed(), fs::read(sandbox.release("landfall-x86_64-linux")).ok());
    assert_eq!(sandbox.left(), ["landfall"]);
    let installed = fs::metadata(sandbox.path("bin/landfall")).unwrap();
    assert_eq!(installed.permissions().mode() & 0o7777, 0o755);
    let new = sandbox.run("landfall status");
    assert!(stdout(&new).starts_with("stand-in for x86_64 called with 1 words: status"), "{}", said(&new));
}
