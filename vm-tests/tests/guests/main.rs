//! The harness held to its word: guests boot, obey, lose power and leave nothing behind.

mod agents;
mod stand_ins;
mod tampered;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use vm_tests::guest::{self, Guest, leftovers};
use vm_tests::world::World;

#[test]
fn a_guest_obeys_and_keeps_what_it_wrote_through_a_power_cut() {
    if !guest::can_run() {
        return;
    }
    let mut world = World::empty().unwrap();
    let mut guest = world.bare_guest().unwrap();
    let started = Instant::now();
    guest.boot().unwrap();
    println!("booted in {:.2} s", started.elapsed().as_secs_f64());
    let output = guest.run("echo out; echo err >&2; env; pwd; exit 7").unwrap();
    assert_eq!(output.status, 7);
    assert_eq!(output.stderr, "err\n");
    assert!(output.stdout.starts_with("out\n") && output.stdout.ends_with("/root\n"), "{}", output.stdout);
    assert!(!output.stdout.contains("CARGO"), "the guest sees our environment:\n{}", output.stdout);

    assert_eq!(guest.must("ls /sys/class/net").unwrap(), "eth0\nlo\n", "/sys shows another network");

    let before = guest.tree().unwrap();
    guest.write("/etc/some folder/it's", b"\0bytes", 0o600).unwrap();
    guest.must("ip link add dummy0 type bridge && sysctl --version || true").unwrap();
    guest.power_cut().unwrap();
    guest.boot().unwrap();
    assert_eq!(guest.read("/etc/some folder/it's").unwrap(), b"\0bytes");
    assert_ne!(guest.run("ip link show dummy0").unwrap().status, 0, "a boot keeps no network settings");
    let after = guest.tree().unwrap();
    let ours: Vec<String> = before
        .changes(&after)
        .iter()
        .map(ToString::to_string)
        .filter(|it| it.contains("some folder"))
        .collect();
    assert_eq!(ours.len(), 2, "{ours:?}");
    assert!(ours[1].ends_with("0600 0:0)"), "{ours:?}");
    assert!(guest.journal().unwrap().contains("systemd[1]"));
    guest.stop().unwrap();
    assert!(guest.console().unwrap().is_ascii());
}

#[test]
fn guests_of_two_worlds_do_not_notice_each_other() {
    if !guest::can_run() {
        return;
    }
    let mut worlds = [World::empty().unwrap(), World::empty().unwrap()];
    let mut guests: Vec<_> = worlds.iter_mut().map(|world| world.bare_guest().unwrap()).collect();
    for guest in &mut guests {
        guest.boot().unwrap();
    }
    guests[0].power_cut().unwrap();
    assert_eq!(guests[1].must("systemctl is-system-running").unwrap(), "running\n");
}

#[test]
fn output_comes_line_by_line_while_a_command_runs() {
    if !guest::can_run() {
        return;
    }
    let mut world = World::empty().unwrap();
    let mut guest = world.bare_guest().unwrap();
    guest.boot().unwrap();
    let (started, mut seen) = (Instant::now(), Vec::new());
    let mut note = |line: &str| seen.push((line.to_owned(), started.elapsed()));
    guest.run_streaming("echo one; sleep 1; echo two >&2", &mut note).unwrap();
    assert_eq!(seen.iter().map(|(line, _)| line.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert!(seen[1].1 - seen[0].1 > Duration::from_millis(800), "{seen:?}");
}

#[test]
fn nothing_is_left_behind_however_a_test_ends() {
    if !guest::can_run() {
        return;
    }
    for signal in [None, Some(Signal::SIGINT), Some(Signal::SIGTERM), Some(Signal::SIGKILL)] {
        let script = if signal.is_some() { "echo up; sleep 600" } else { "echo up" };
        let mut test = Command::new(env!("CARGO_BIN_EXE_vm-tests"))
            .args(["guest", script])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(test.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "up\n");
        if let Some(signal) = signal {
            kill(Pid::from_raw(test.id() as i32), signal).unwrap();
        }
        test.wait().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !leftovers::remaining(test.id()).unwrap().is_empty() {
            let remaining = leftovers::remaining(test.id()).unwrap();
            assert!(Instant::now() < deadline, "after {signal:?} there is still {remaining:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn nothing_is_left_behind_after_a_panic() {
    if !guest::can_run() {
        return;
    }
    let panicked = std::thread::spawn(|| {
        let mut world = World::empty().unwrap();
        let mut guest = world.bare_guest().unwrap();
        guest.boot().unwrap();
        let root = guest.root();
        std::panic::panic_any(root);
    });
    let root = *panicked.join().unwrap_err().downcast::<std::path::PathBuf>().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while root.exists() {
        assert!(Instant::now() < deadline, "{} is still there", root.display());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn docker_runs_in_a_guest_with_its_bridge_and_its_firewall() {
    if !guest::can_run() {
        return;
    }
    let mut world = World::new().unwrap();
    let mut guest = world.guest_without_landfall(&[]).unwrap();
    guest.boot().unwrap();
    let install = "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install \
                   --no-install-recommends docker.io iptables procps dmidecode";
    let timed = |script: &str| {
        let output = guest.run(script).unwrap();
        println!("{:6.2} s  {script}", output.seconds);
        assert_eq!(output.status, 0, "{}{}", output.stdout, output.stderr);
        output.stdout
    };
    timed(install);
    assert_eq!(timed("docker info --format '{{.Driver}}'"), "overlay2\n");
    timed("sysctl -q -w net.ipv4.conf.all.route_localnet=1");
    assert!(timed("iptables -t nat -S POSTROUTING").contains("MASQUERADE"));
    timed(
        "tar -C / -c bin lib lib64 usr/lib64 usr/bin/bash usr/bin/cat usr/lib/x86_64-linux-gnu \
         | docker import - guest:latest",
    );
    // Out of the bridge, through the guest's NAT, to the gateway of this world.
    let ask = r#"exec 3<>/dev/tcp/10.77.0.1/80 && printf "HEAD / HTTP/1.0\r\n\r\n" >&3 && cat <&3"#;
    assert!(timed(&format!("docker run --rm guest:latest bash -c '{ask}'")).starts_with("HTTP/1."));
}
