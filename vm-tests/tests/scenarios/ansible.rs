//! Five servers at once by a real `ansible-playbook` over ssh: the playbook of the collection's own README, with the
//! collection from its archive and the program that people download.

use std::collections::BTreeSet;
use std::fs;

use sha2::{Digest, Sha256};

use vm_tests::ansible::{Controller, PACKAGES};
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::release::{BASE, Release};
use vm_tests::world::{TRUST_FINGERPRINT, TRUST_KEY, World};
use vm_tests::{journey, programs};

use crate::{guests_can_run, is_nowhere};

const SERVERS: usize = 5;

#[test]
fn a_playbook_brings_five_servers_into_a_cluster_at_once_and_again_changes_nothing() -> Result<()> {
    if !guests_can_run() {
        return Ok(());
    }
    let mut world = World::new()?;
    let servers = (0..SERVERS).map(|_| server(&mut world)).collect::<Result<Vec<_>>>()?;
    let controller = controller(&mut world, &servers)?;

    // What a careful operator does first.
    let foreseen = controller.play(&mut world, &["-vvv", "--check", "--diff"])?;
    let foreseen_of = recap(&foreseen);
    assert_eq!(foreseen_of.len(), SERVERS, "{foreseen}");
    assert!(foreseen_of.iter().all(|it| it.ends_with("unreachable=0 failed=0")), "{foreseen}");
    assert!(world.aws()?.activations().unwrap().is_empty(), "an activation was made");
    for server in &servers {
        server.must("test ! -e /usr/local/bin/landfall")?;
    }

    let first = controller.play(&mut world, &["-vvv"])?;
    // The activation, the program, and the instance.
    assert_eq!(recap(&first), recap_of("changed=3"), "{first}");
    are_instances(&world, &servers)?;

    let second = controller.play(&mut world, &["-vvv"])?;
    assert_eq!(recap(&second), recap_of("changed=0"), "{second}");
    let checked = controller.play(&mut world, &["-vvv", "--check", "--diff"])?;
    assert_eq!(recap(&checked), recap_of("changed=0"), "{checked}");
    are_instances(&world, &servers)?;

    let (gone, back) = one_leaves_and_comes_back(&mut world, &servers, &controller)?;
    let codes = codes(&controller)?;
    for code in &codes {
        let told = [&first, &second, &checked, &gone, &back].iter().any(|said| said.contains(code));
        assert!(!told, "an activation code was told");
    }
    // grep looks for each of the lines.
    servers.iter().try_for_each(|server| is_nowhere(server, &codes.join("\n")))
}

/// The first server is none of the cluster's any more, and then again, with the program from an address; the others go on.
fn one_leaves_and_comes_back(
    world: &mut World,
    servers: &[Container],
    controller: &Controller,
) -> Result<(String, String)> {
    let (leaving, others) = servers.split_first().expect("there are some");
    let alone = |variable| ["-vvv", "--limit", "server-1", "--extra-vars", variable];
    let gone = controller.play(world, &alone("landfall_state=absent"))?;
    // What landfall changed, and its program.
    assert_eq!(recap(&gone), [ended("changed=2")], "{gone}");
    leaving.must(
        "test ! -e /usr/local/bin/landfall && test ! -e /var/lib/landfall && \
         ! dpkg --status amazon-ssm-agent && ! dpkg --status amazon-ecs-init",
    )?;
    let instances = |servers: &[Container]| {
        servers.iter().map(|server| journey::container_instance(server)).collect::<Result<BTreeSet<_>>>()
    };
    let going_on = instances(others)?;

    Release::serve(world)?;
    let address = format!("landfall_source={BASE}/landfall-x86_64-linux");
    let back = controller.play(world, &alone(&address))?;
    assert_eq!(recap(&back), [ended("changed=3")], "{back}");
    assert_eq!((instances(servers)?.len(), instances(others)?), (SERVERS, going_on));
    Ok((gone, back))
}

/// A booted guest without Landfall.
fn server(world: &mut World) -> Result<Container> {
    let mut guest = world.guest_without_landfall(&PACKAGES)?;
    guest.boot()?;
    Ok(guest)
}

/// With the variables that the README leaves to an inventory, and those of a mirror whose key is the test's.
fn controller(world: &mut World, servers: &[Container]) -> Result<Controller> {
    let program = programs::landfall()?;
    let fingerprint = servers[0].must(&format!("cat {TRUST_FINGERPRINT}"))?;
    let variables = format!(
        "landfall_sums:\n  x86_64: \"{}\"\nlandfall_mirror: https://mirror.landfall.test\n\
         landfall_trust_key: {TRUST_KEY}\nlandfall_trust_fingerprint: \"{}\"\n",
        hex::encode(Sha256::digest(fs::read(&program)?)),
        fingerprint.trim()
    );
    let controller = Controller::new(world, &playbook()?, &variables)?;
    controller.file(&program, "landfall-x86_64-linux")?;
    controller.takes_on(servers)?;
    Ok(controller)
}

/// The README's, for the region and the cluster that the simulator is.
fn playbook() -> Result<String> {
    let readme = fs::read_to_string(programs::workspace().join("scripts/ansible/README.md"))?;
    let playbook = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    let mut playbook = playbook.expect("the README has a playbook").to_owned();
    for (shown, here) in [("eu-central-1", "us-east-1"), ("factory", "test-cluster")] {
        assert!(playbook.contains(shown), "{playbook}");
        playbook = playbook.replace(shown, here);
    }
    Ok(playbook)
}

/// Each server is an instance of its own, by one registration and by an activation of its own.
fn are_instances(world: &World, servers: &[Container]) -> Result<()> {
    let aws = world.aws()?;
    let told = servers.iter().map(|server| journey::container_instance(server)).collect::<Result<_>>()?;
    let container_instances = aws.container_instances().unwrap();
    assert!(container_instances.iter().all(|it| it.cluster == "test-cluster"));
    let container_instances: BTreeSet<String> = container_instances.into_iter().map(|it| it.arn).collect();
    assert_eq!((container_instances.len(), &container_instances), (SERVERS, &told));
    let managed_instances: BTreeSet<String> =
        aws.managed_instances().unwrap().into_iter().map(|it| it.instance_id).collect();
    assert_eq!(managed_instances.len(), SERVERS);
    let asked = |what| aws.requests(Some(what)).unwrap().len();
    assert_eq!((asked("RegisterManagedInstance"), asked("RegisterContainerInstance")), (SERVERS, SERVERS));
    let used: Vec<u32> = aws.activations().unwrap().iter().map(|it| it.registrations_count).collect();
    assert_eq!(used, [1; SERVERS]);
    Ok(())
}

/// What the last lines say of each server.
fn recap(said: &str) -> Vec<String> {
    let lines = said.lines().skip_while(|line| !line.starts_with("PLAY RECAP"));
    let counted = |word: &&str| ["changed=", "unreachable=", "failed="].iter().any(|it| word.starts_with(it));
    let told = |line: &str| line.split_whitespace().filter(counted).collect::<Vec<_>>().join(" ");
    lines.filter(|line| line.starts_with("server-")).map(told).collect()
}

fn recap_of(changed: &str) -> Vec<String> {
    vec![ended(changed); SERVERS]
}

fn ended(changed: &str) -> String {
    format!("{changed} unreachable=0 failed=0")
}

fn codes(controller: &Controller) -> Result<Vec<String>> {
    let code = |told: &String| {
        told.split('"').skip_while(|word| *word != "ActivationCode").nth(2).map(str::to_owned)
    };
    let codes: Vec<String> = controller.activations()?.iter().filter_map(code).collect();
    assert_eq!(codes.len(), SERVERS + 1, "each has a code, and who came back a second");
    Ok(codes)
}
