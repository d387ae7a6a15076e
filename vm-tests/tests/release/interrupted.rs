//! What does not come to its end leaves nothing, and what was there stays.

use std::fs;
use std::os::unix::fs::MetadataExt;

use aws_simulator::{Fault, FaultName};

use crate::sandbox::{ALWAYS_THERE, SHELLS, Sandbox, assert_refused, can_run, said};

#[test]
fn a_download_that_breaks_off_leaves_nothing_and_the_old_program_stays() {
    if !can_run() {
        return;
    }
    for downloader in ["curl", "wget"] {
        let sandbox = Sandbox::new();
        fs::write(sandbox.path("bin/landfall"), "old").unwrap();
        let mut cut = Fault::once(FaultName::Cut, "/landfall-");
        // wget goes on where it was cut off, three times.
        (cut.times, cut.after_bytes) = (0, 50_000);
        sandbox.admin.fault(&cut).unwrap();
        let path = sandbox.search_path(&[&ALWAYS_THERE[..], &["sha256sum", downloader]].concat());
        let output = sandbox.run(&format!("PATH={path} /bin/sh install.sh"));
        assert_refused(&output, 1, "could not be downloaded");
        assert_eq!(sandbox.left(), ["landfall"], "{downloader}");
        assert_eq!(sandbox.installed().as_deref(), Some(b"old".as_slice()), "{downloader}");
    }
}

#[test]
fn ended_by_a_signal_in_the_middle_it_leaves_nothing() {
    if !can_run() {
        return;
    }
    // curl does not care for PIPE, so the shell waits for it.
    for (signal, code, seconds) in
        [("INT", 130, 20), ("TERM", 143, 20), ("HUP", 129, 20), ("QUIT", 131, 20), ("PIPE", 141, 3)]
    {
        for shell in SHELLS {
            let sandbox = Sandbox::new();
            let mut late = Fault::once(FaultName::Late, "/landfall-");
            late.delay_ms = seconds * 1_000;
            sandbox.admin.fault(&late).unwrap();
            // As at a terminal, the script and what it runs are one group of processes, and no signal is ignored, as
            // whoever runs this test in the background has some.
            let output = sandbox.run(&format!(
                "set -m; env --default-signal {shell} install.sh --region x & \
                 for i in $(seq 300); do grep -q /landfall- {asked} && break; sleep 0.1; done; \
                 kill -s {signal} -- -$!; wait $!; code=$?; ls -A /usr/local/bin; exit $code",
                asked = sandbox.path("state/requests.jsonl").display()
            ));
            assert_eq!(output.status.code(), Some(code), "{signal} {shell}: {}", said(&output));
            assert!(output.stdout.is_empty(), "{signal} {shell}: {}", said(&output));
            assert_eq!(sandbox.programs_asked_for(), 1, "{signal} {shell}: it was not in the middle");
        }
    }
}

#[test]
fn a_second_run_replaces_the_program_in_one_step() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    let program = sandbox.path("bin/landfall");
    fs::write(&program, "old").unwrap();
    let before = fs::metadata(&program).unwrap().ino();
    // Whoever has the old one open, as the kernel has what runs, goes on with it.
    let output = sandbox.run("exec 3</usr/local/bin/landfall; sh install.sh; cat <&3");
    assert_eq!(output.stdout, b"old", "{}", said(&output));
    assert_eq!(sandbox.installed(), fs::read(sandbox.release("landfall-x86_64-linux")).ok());
    assert_ne!(fs::metadata(&program).unwrap().ino(), before);
    assert_eq!(sandbox.left(), ["landfall"]);
}

#[test]
fn what_a_run_left_that_lost_its_power_yesterday_goes_and_what_is_of_today_stays() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    let output = sandbox.run(
        "cd /usr/local/bin && touch -d '2 days ago' .landfall.1 other && touch .landfall.2 && cd - >/dev/null \
         && sh install.sh",
    );
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(sandbox.left(), [".landfall.2", "landfall", "other"]);
}
