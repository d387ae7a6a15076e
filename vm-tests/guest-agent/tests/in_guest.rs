//! `in-guest` as tests call it.

use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

fn in_guest() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_in-guest"));
    command.stdin(Stdio::null());
    command
}

#[test]
fn a_command_that_does_not_end_in_time_is_given_up_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    // Machines that take what they are told, and say nothing.
    let _silent: Vec<_> = (0..guest_agent::PORTS)
        .map(|it| UnixListener::bind(folder.path().join(format!("{}.sock", guest_agent::port(it)))).unwrap())
        .collect();
    let ended = in_guest().arg(folder.path()).args(["true", "1"]).output().unwrap();
    assert_eq!(ended.status.signal(), Some(9));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "error: it has not ended after 1 s\n");
}

#[test]
fn a_limit_that_is_no_number_is_refused() {
    let ended = in_guest().args(["folder", "true", "soon"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.stderr.starts_with(b"usage: in-guest "));
}
