//! A registered machine's disk in another machine.

use std::fs;
use std::time::{Duration, Instant};

use vm_tests::error::Result;
use vm_tests::guest::container::Container;
use vm_tests::guest::{Guest, Output};
use vm_tests::host_command;
use vm_tests::journey;
use vm_tests::world::World;

use crate::{machine, registered};

const AGENTS_RUN: &str = "systemctl is-active amazon-ssm-agent && systemctl is-active ecs";
const AGENTS_ARE_DOWN: &str = "! systemctl is-active amazon-ssm-agent && ! systemctl is-active ecs";

/// What goes to the console too, which is none for journald in these guests: a pipe.
const GUARDS_JOURNAL: &str = "journalctl --boot --no-pager --unit landfall-guard";

/// A guest of the same world with this one's disk, as somebody leaves it who copies a machine that is off.
/// Its network card is another one.
fn copy_of(world: &mut World, original: &Container) -> Result<Container> {
    let copy = world.guest_without_landfall(&[])?;
    fs::remove_dir_all(copy.root())?;
    host_command::run(
        "cp",
        ["--archive".as_ref(), "--reflink=auto".as_ref(), original.root().as_path(), &copy.root()],
    )?;
    Ok(copy)
}

/// Which container instance the guest is, as soon as its agent says so.
fn instance(guest: &Container) -> Result<String> {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        match journey::container_instance(guest) {
            Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(500)),
            answer => return answer,
        }
    }
}

fn status(guest: &Container) -> Result<Output> {
    let status = guest.run("landfall status")?;
    println!("{}{}", status.stdout, status.stderr);
    Ok(status)
}

#[test]
fn a_copy_of_a_registered_machine_is_caught_and_settled_by_a_person() -> Result<()> {
    let Some((mut world, mut original)) = machine()? else { return Ok(()) };
    registered(&world, &original)?;
    let arn = instance(&original)?;
    original.must("landfall identity show && systemctl is-active landfall-guard")?;
    original.stop()?;
    let mut copy = copy_of(&mut world, &original)?;

    original.boot()?;
    original.must(&format!("{AGENTS_RUN} && systemctl is-active landfall-guard"))?;
    println!("{}", original.must(GUARDS_COST)?);

    let heard = world.aws()?.managed_instances().unwrap();
    copy.boot()?;
    copy.must(AGENTS_ARE_DOWN)?;
    let said = status(&copy)?;
    assert_eq!(said.status, 3, "{}", said.stderr);
    for words in ["is a copy of mi-", "02:00:0a:4d:00:02", "landfall identity renew"] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
        assert!(copy.must("cat /run/motd.d/50-landfall-guard")?.contains(words), "{words}");
        assert!(copy.must(GUARDS_JOURNAL)?.contains(words), "{words}");
    }
    // By hand it is no better.
    assert_ne!(copy.run("systemctl start ecs")?.status, 0);
    assert_eq!(copy.run("landfall up --region us-east-1")?.status, 2);
    assert_eq!(copy.run("landfall check --region us-east-1 | grep copied-machine")?.status, 0);
    copy.must(AGENTS_ARE_DOWN)?;
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), heard.len());

    // The original is gone for good, say: then the copy is the machine.
    original.stop()?;
    copy.must("landfall identity accept")?;
    copy.must(AGENTS_RUN)?;
    assert_eq!(instance(&copy)?, arn);
    copy.stop()?;
    copy.boot()?;
    copy.must(&format!("{AGENTS_RUN} && landfall identity show && ! test -e /run/motd.d/50-landfall-guard"))?;
    Ok(())
}

#[test]
fn a_copy_gives_the_identity_up_by_its_policy_and_another_one_on_demand() -> Result<()> {
    let Some((mut world, mut original)) = machine()? else { return Ok(()) };
    registered(&world, &original)?;
    original.stop()?;
    let (mut by_policy, mut by_hand) = (copy_of(&mut world, &original)?, copy_of(&mut world, &original)?);
    let policy = by_policy.root().join("etc/landfall");
    fs::create_dir_all(&policy)?;
    fs::write(policy.join("policy.toml"), "on-copy = \"new-identity\"\n")?;

    by_policy.boot()?;
    by_policy.must(&format!("{AGENTS_ARE_DOWN} && systemctl is-active landfall-guard"))?;
    by_policy.must("test -e /var/lib/landfall/sealed")?;
    for path in [
        "/var/lib/landfall/registered",
        "/var/lib/landfall/machine.json",
        "/var/lib/amazon/ssm/Vault",
        "/var/lib/amazon/ssm/registration",
        "/var/lib/ecs/data/agent.db",
        "/root/.aws/credentials",
    ] {
        by_policy.must(&format!("! test -e {path}"))?;
    }
    let told = by_policy.must(GUARDS_JOURNAL)?;
    assert!(told.contains("gave that identity up"), "{told}");
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);

    by_hand.boot()?;
    by_hand.must(AGENTS_ARE_DOWN)?;
    journey::bring_activation(&world, &by_hand, 1, 86_400)?;
    by_hand.must("landfall identity renew --activation-file /root/activation.json")?;
    by_hand.must(&format!("{AGENTS_RUN} && landfall identity show"))?;
    let arn = instance(&by_hand)?;
    original.boot()?;
    assert_ne!(instance(&original)?, arn);
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 2);
    Ok(())
}

/// What the guard takes, from its process's start to its end.
const GUARDS_COST: &str = "for n in 1 2 3; do landfall guard; done; \
                           bash -c 'TIMEFORMAT=\"20 guards: %R s, %U s of it in the program, %S s in the kernel\"; \
                           time for n in $(seq 20); do landfall guard; done' 2>&1; \
                           systemd-analyze blame --no-pager 2>/dev/null | grep landfall-guard || true";
