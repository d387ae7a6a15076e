//! What is not the program of this release is not installed.

use std::fs;
use std::process::Command;

use crate::sandbox::{SHELLS, Sandbox, assert_refused, can_run, finish, said, stderr};

#[test]
fn a_swapped_program_is_refused_though_all_sums_beside_it_were_swapped_too() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("bin/landfall"), "old").unwrap();
    let script = fs::read(sandbox.release("install.sh")).unwrap();
    let program = sandbox.release("landfall-x86_64-linux");
    let swapped = fs::read_to_string(&program).unwrap().replace("stand-in", "evil-two");
    fs::write(&program, swapped).unwrap();
    assert!(finish(&sandbox.release(""), &[]).output().unwrap().status.success());
    fs::write(sandbox.release("install.sh"), script).unwrap();
    let output = sandbox.run("sh install.sh --region x");
    assert_refused(&output, 1, "is not landfall 0.1.0: its SHA-256 is ");
    assert_eq!(sandbox.installed().as_deref(), Some(b"old".as_slice()));
    assert_eq!(sandbox.left(), ["landfall"]);
}

#[test]
fn a_program_of_another_size_or_without_an_end_is_refused() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    let program = sandbox.release("landfall-x86_64-linux");
    fs::write(&program, "#!/bin/sh\n").unwrap();
    assert_refused(&sandbox.run("sh install.sh"), 1, "has 10 bytes, and ");
    fs::remove_file(&program).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &program).unwrap();
    let base = format!("file://{}", sandbox.release("").display());
    // The disk of whoever runs this is not filled, whatever becomes of the script: it says which of the two ended it.
    let small = "mount -t tmpfs -o size=16m none /usr/local/bin";
    for shell in SHELLS {
        let script =
            format!("LANDFALL_BASE_URL={base} {shell} install.sh; code=$?; ls -A /usr/local/bin; exit $code");
        let output = sandbox.run_after(small, &script);
        assert_refused(&output, 1, "could not be downloaded");
        assert!(stderr(&output).contains("File too large"), "{shell}: {}", said(&output));
    }
}

#[test]
fn a_release_that_is_not_there_is_said() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    assert!(Command::new("rm").arg(sandbox.release("landfall-x86_64-linux")).status().unwrap().success());
    assert_refused(&sandbox.run("sh install.sh"), 1, "could not be downloaded");
    assert_eq!(sandbox.left().len(), 0);
}

#[test]
fn what_is_no_flag_is_refused_before_anything_is_done() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    assert_refused(
        &sandbox.run("sh -s -- up --region x <install.sh"),
        2,
        "'up' is not a flag of 'landfall up'",
    );
    assert_eq!((sandbox.left().len(), sandbox.programs_asked_for()), (0, 0));
}
