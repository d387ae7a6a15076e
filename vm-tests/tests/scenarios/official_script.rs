//! Situations that AWS's own script ends badly in, one by one. The numbers are those of
//! `docs/official-script.md`; the ones that other scenarios go through are named there.

use aws_simulator::{Fault, FaultName};
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::journey::{self, UP};
use vm_tests::world::World;

use crate::{machine, registered, up};

/// The script: registered, one use of the activation gone, no Docker, no ECS.
#[test]
fn f5_a_docker_package_that_cannot_be_fetched_costs_no_activation_and_the_next_run_completes() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let aws = world.aws()?;
    let missing = Fault { times: 0, ..Fault::once(FaultName::AccessDenied, "docker.io_") };
    aws.fault(&missing).unwrap();
    let first = up(&guest)?;
    assert_eq!(first.status, 1, "{}", first.stderr);
    assert!(first.stderr.contains("docker.io"), "{}", first.stderr);
    assert!(aws.managed_instances().unwrap().is_empty(), "the activation was used");
    aws.clear_faults().unwrap();
    assert_eq!(up(&guest)?.status, 0);
    journey::container_instance(&guest)?;
    Ok(())
}

/// The script: success reported for a cluster that the agent never joined, and for any other change too.
#[test]
fn f7_another_cluster_or_region_on_a_healthy_machine_is_refused_and_nothing_changes() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    registered(&world, &guest)?;
    let arn = journey::container_instance(&guest)?;
    let before = guest.tree()?;
    for (other, word) in [
        (UP.replace("test-cluster", "other"), "cluster"),
        (UP.replace("us-east-1", "eu-west-1"), "registered in us-east-1"),
    ] {
        let refused = guest.run(&other)?;
        assert_eq!(refused.status, 2, "{other}: {}", refused.stderr);
        assert!(refused.stderr.contains("error:") && refused.stderr.contains(word), "{}", refused.stderr);
    }
    assert_eq!(journey::container_instance(&guest)?, arn);
    let changes: Vec<String> = before
        .changes(&guest.tree()?)
        .iter()
        .filter(|it| it.path().starts_with("/etc/") || it.path().starts_with("/var/lib/landfall"))
        .map(ToString::to_string)
        .collect();
    assert!(changes.is_empty(), "{changes:#?}");
    Ok(())
}

/// The script: waits 103 seconds for an agent that it never starts.
#[test]
fn f8_an_agent_that_was_stopped_is_started_by_the_next_run() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    registered(&world, &guest)?;
    let arn = journey::container_instance(&guest)?;
    guest.must("systemctl stop ecs amazon-ssm-agent")?;
    assert_eq!(up(&guest)?.status, 0);
    assert_eq!(journey::container_instance(&guest)?, arn, "another container instance");
    // Stopped and disabled, as in an image that was prepared by hand.
    guest.must("systemctl disable --now ecs amazon-ssm-agent")?;
    assert_eq!(up(&guest)?.status, 0);
    guest.must("systemctl is-enabled ecs amazon-ssm-agent && systemctl is-active ecs amazon-ssm-agent")?;
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);
    Ok(())
}

/// The script: any source of anybody that does not answer ends it, with the activation used or not.
#[test]
fn d20_a_package_source_of_somebody_else_that_is_broken_stops_nothing() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    break_a_source(&guest)?;
    at_a_terminal(&world, &guest)
}

fn break_a_source(guest: &Container) -> Result<()> {
    let source =
        "Types: deb\nURIs: http://packages.landfall.test/\nSuites: gone\nComponents: main\nTrusted: yes\n";
    guest.write("/etc/apt/sources.list.d/somebody.sources", source.as_bytes(), 0o644)?;
    assert_ne!(guest.run("apt-get update")?.status, 0, "the source is meant to be broken");
    Ok(())
}

/// F14: under a terminal, where package managers ask questions, nothing asks one.
fn at_a_terminal(world: &World, guest: &Container) -> Result<()> {
    journey::bring_activation(world, guest, 1, 86_400)?;
    guest.write("/root/up", format!("#!/bin/sh\n{UP}\n").as_bytes(), 0o700)?;
    let shown = guest.run("script --quiet --return --command /root/up /root/typescript < /dev/null")?;
    assert_eq!(shown.status, 0, "{}", shown.stdout);
    journey::container_instance(guest)?;
    Ok(())
}
