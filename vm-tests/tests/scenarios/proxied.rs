//! A machine that reaches AWS and its packages through a proxy alone, at a terminal.

use std::path::Path;

use vm_tests::error::Result;
use vm_tests::forward_proxy::PORT;
use vm_tests::guest::network::GATEWAY;
use vm_tests::guest::{Guest, quoted};
use vm_tests::journey::{self, UP};

use crate::machine;

const SPARED: &str = "ssmmessages.us-east-1.amazonaws.com";

/// What the program for download stays below, in bytes.
const LARGEST_PROGRAM: u64 = 5_000_000;

#[test]
fn behind_a_proxy_one_flag_brings_everything_through_and_a_bar_shows_how_far_it_is() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    let proxy = world.forward_proxy(Path::new(env!("CARGO_BIN_EXE_vm-tests")))?;
    // The guest knows one name; every other one is the proxy's to find.
    let hosts = format!("127.0.0.1 localhost guest\n{GATEWAY} {SPARED}\n");
    guest.write("/etc/hosts", hosts.as_bytes(), 0o644)?;
    journey::bring_activation(&world, &guest, 1, 86_400)?;

    let without = guest.run(UP)?;
    assert_eq!(without.status, 1, "{}", without.stderr);
    assert!(without.stderr.contains("could not be reached"), "{}", without.stderr);
    assert!(guest.run("test -e /var/lib/landfall")?.status != 0, "something was touched");

    let up = format!("{UP} --proxy http://{GATEWAY}:{PORT} --no-proxy {SPARED}");
    let at_a_terminal = guest.run(&format!("script --quiet --return --command {} /dev/null", quoted(&up)))?;
    let said = at_a_terminal.stdout;
    assert_eq!(at_a_terminal.status, 0, "{said}");
    journey::container_instance(&guest)?;
    assert_eq!(guest.run("landfall status")?.status, 0);

    let asked = proxy.asked()?;
    for host in ["ssm", "ecs", "ecs-a-1"].map(|name| format!("CONNECT {name}.us-east-1.amazonaws.com:443")) {
        assert!(asked.contains(&host), "{host} is not in {asked:#?}");
    }
    let through = |what: &str| asked.iter().any(|line| line.contains(what));
    assert!(through("CONNECT mirror.landfall.test:443"), "the agents' packages: {asked:#?}");
    assert!(through("GET http://packages.landfall.test/"), "apt: {asked:#?}");
    assert!(!through(SPARED), "{SPARED} was to be spared: {asked:#?}");
    let docker = guest.must("systemctl show docker --property Environment")?;
    assert!(docker.contains(&format!("https_proxy=http://{GATEWAY}:{PORT}")), "{docker}");

    must_show_progress(&said);
    let program = guest.must("stat --format %s /usr/local/bin/landfall")?;
    must_be_flat(&said, program.trim().parse().expect("a number of bytes"));
    Ok(())
}

/// One line drawn over itself, and whole lines never mixed up with it.
fn must_show_progress(said: &str) {
    let drawn: Vec<&str> = said.split('\r').filter(|drawing| drawing.contains(" MB")).collect();
    assert!(drawn.iter().any(|drawing| drawing.contains("[=")), "no bar was drawn: {said:?}");
    for line in said.lines().filter(|line| line.contains("install ") && line.contains("done")) {
        let printed = line.rsplit("\r\u{1b}[K").next().unwrap_or(line);
        assert!(printed.contains("done") && !printed.contains(" MB"), "{line:?}");
    }
}

/// Of the program that people download: a debug build's own pages alone take more.
fn must_be_flat(said: &str, program: u64) {
    if program > LARGEST_PROGRAM {
        eprintln!("skipped: the peak of memory, since a program of {program} bytes is a debug build");
        return;
    }
    let peak = said.split("peak memory ").nth(1).and_then(|rest| rest.split(' ').next());
    let peak: u32 = peak.and_then(|megabytes| megabytes.parse().ok()).expect("the peak is told");
    assert!(peak < 16, "{peak} MB: the downloads were held in memory");
}
