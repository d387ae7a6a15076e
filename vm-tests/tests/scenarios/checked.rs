//! `landfall check`, on a real system and network: what it finds, with which code, and that it changes nothing.

use aws_simulator::{Fault, FaultName};
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::journey::{self, UP};

use crate::machine;

const CHECK: &str = "landfall check --region us-east-1 --cluster test-cluster";
/// A guest is a container, and its control groups may lack memory where the testing machine's do. It shows
/// neither now; what is tested here is all the rest.
const LIKE_A_MACHINE: &str = "rm -f /run/systemd/container; echo cpu io memory pids > /run/controllers; \
                              mount --bind /run/controllers /sys/fs/cgroup/cgroup.controllers";
/// Docker, when it starts, is to see what is there.
const LIKE_ITSELF: &str = "umount /sys/fs/cgroup/cgroup.controllers";

/// The codes that `command --json` prints, and its exit status.
fn codes(guest: &Container, command: &str) -> Result<(Vec<String>, i32)> {
    let output = guest.run(&format!("{command} --json"))?;
    let found: serde_json::Value =
        serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    assert_eq!(found["version"], 1);
    let findings = found["findings"].as_array().expect("a list");
    let code = |finding: &serde_json::Value| finding["code"].as_str().expect("a text").to_owned();
    assert!(findings.iter().all(|it| it["sentence"].is_string() && it["remedy"].is_string()), "{found}");
    Ok((findings.iter().map(code).collect(), output.status))
}

#[test]
fn check_finds_nothing_on_a_good_machine_before_and_after_and_changes_nothing() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    let (found, status) = codes(&guest, CHECK)?;
    assert!(found.contains(&"container".to_owned()) && status == 3, "{found:?}, {status}");
    guest.must(LIKE_A_MACHINE)?;
    let before = guest.tree()?;
    assert_eq!(codes(&guest, CHECK)?, (vec![], 0));
    // Somebody who is not root is told what was not looked at.
    assert_eq!(codes(&guest, &format!("setpriv --reuid=65534 --clear-groups {CHECK}"))?.1, 0);
    let changes: Vec<String> = before.changes(&guest.tree()?).iter().map(ToString::to_string).collect();
    assert!(changes.iter().all(|it| it.contains("/var/log/journal")), "{changes:#?}");
    let asked = world.aws()?.requests(None).unwrap();
    let said = format!("{:?}", asked);
    assert!(!said.to_lowercase().contains("authorization"), "credentials were used: {said}");

    guest.must(LIKE_ITSELF)?;
    journey::register(&world, &guest, &mut |line| println!("{line}"))?;
    guest.must(LIKE_A_MACHINE)?;
    // A registered machine knows its region.
    assert_eq!(codes(&guest, "landfall check")?, (vec![], 0));
    let only = |code: &str, status: i32| (vec![code.to_owned()], status);
    let nobody = "setpriv --reuid=65534 --clear-groups landfall check --region us-east-1";
    assert_eq!(codes(&guest, nobody)?, only("not-root", 0));
    assert_eq!(codes(&guest, "landfall check --attribute rack=7")?, only("late-attributes", 3));
    // A copy of this machine has another machine-id, and this machine's identity.
    guest.must("cp /etc/machine-id /root/id && echo 00000000000000000000000000000001 > /etc/machine-id")?;
    assert_eq!(codes(&guest, "landfall check")?, only("copied-machine", 3));
    assert_eq!(guest.run(UP)?.status, 2);
    guest.must("cat /root/id > /etc/machine-id")?;
    assert_eq!(codes(&guest, "landfall check")?, (vec![], 0));
    Ok(())
}

#[test]
fn a_second_run_on_a_good_machine_is_quiet_quick_and_asks_no_network() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::register(&world, &guest, &mut |line| println!("{line}"))?;
    guest.must(LIKE_A_MACHINE)?;
    // With all names led astray, any question to the network would take long, fail, and be said.
    guest.must("sed -i -E '/amazonaws/s/^[0-9.]+/192.0.2.1/' /etc/hosts")?;
    let second = guest.run(UP)?;
    assert_eq!(second.status, 0, "{}", second.stderr);
    assert!(!second.stderr.contains("warns"), "{}", second.stderr);
    assert!(second.seconds < 5.0, "the second run took {} s", second.seconds);
    Ok(())
}

#[test]
fn each_trap_is_found_under_its_code_and_up_touches_nothing_where_one_blocks() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    guest.must(LIKE_A_MACHINE)?;
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    // What is wrong, the code, the exit status of `up`, and how to put it right again.
    let traps = [
        (
            "mkdir -p /etc/docker && echo '{\"bridge\": \"none\"}' > /etc/docker/daemon.json",
            "docker-no-bridge",
            2,
            "rm -r /etc/docker",
        ),
        (
            "mkdir -p /etc/docker && echo '{\"bridge\": ' > /etc/docker/daemon.json",
            "docker-json-broken",
            2,
            "rm -r /etc/docker",
        ),
        ("mkdir -p /snap/amazon-ssm-agent", "ssm-agent-snap", 2, "rm -r /snap"),
        (
            "mkdir -p /var/lib/ecs/data && echo arn:aws:ecs:us-east-1:1:container-instance/c/1 > /var/lib/ecs/data/agent.db",
            "stale-agent-state",
            2,
            "rm -r /var/lib/ecs",
        ),
        (
            "cp /etc/machine-id /run/id && mount --bind /run/id /etc/machine-id",
            "transient-machine-id",
            2,
            "umount /etc/machine-id",
        ),
        (
            "cp /etc/hosts /run/hosts && sed -i 's/ ssm.us-east-1.amazonaws.com//' /etc/hosts \
             && echo 127.0.0.9 ssm.us-east-1.amazonaws.com >> /etc/hosts",
            "endpoint-unreachable",
            1,
            "cat /run/hosts > /etc/hosts",
        ),
        (
            "mv /etc/ssl/certs /etc/ssl/away && mkdir /etc/ssl/certs",
            "unknown-authority",
            1,
            "rmdir /etc/ssl/certs && mv /etc/ssl/away /etc/ssl/certs",
        ),
        (
            "cp /etc/hosts /run/hosts && : > /etc/hosts",
            "no-name-resolution",
            1,
            "cat /run/hosts > /etc/hosts",
        ),
    ];
    let before = guest.tree()?;
    for (wrong, code, status, right) in traps {
        guest.must(wrong)?;
        let (found, exit) = codes(&guest, CHECK)?;
        assert!(found.contains(&code.to_owned()) && exit == 3, "{code}: {found:?}, {exit}");
        let refused = guest.run(UP)?;
        assert_eq!(refused.status, status, "{code}: {}", refused.stderr);
        guest.must(right)?;
    }
    let gpu = guest.run(&format!("{UP} --enable-gpu"))?;
    assert!(gpu.status == 2 && gpu.stderr.contains("NVIDIA Container Toolkit"), "{}", gpu.stderr);
    // A clock that is an hour ahead of everybody's.
    let behind = Fault { times: 0, offset_seconds: -3600, ..Fault::once(FaultName::WrongDate, "") };
    world.aws()?.fault(&behind).unwrap();
    assert!(codes(&guest, CHECK)?.0.contains(&"clock-skew".to_owned()));
    let refused = guest.run(UP)?;
    assert!(refused.status == 1 && refused.stderr.contains("ahead of AWS's"), "{}", refused.stderr);
    let changes: Vec<String> = before.changes(&guest.tree()?).iter().map(ToString::to_string).collect();
    // The journal notes the mounts.
    let fine = ["/etc/hosts", "/run/", "/var/log/journal"];
    assert!(changes.iter().all(|it| fine.iter().any(|fine| it.contains(fine))), "{changes:#?}");
    assert!(world.aws()?.managed_instances().unwrap().is_empty());
    Ok(())
}
