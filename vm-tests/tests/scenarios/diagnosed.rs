//! When an agent does not come up: each cause ends in one sentence and a remedy, and the next run, with the
//! cause mended, completes with the identity that was made.
//!
//! A guest goes through several causes in turn. What the service does is the simulator's fault; what the
//! agents then do and log is their own.

use std::time::{Duration, Instant};

use aws_simulator::{Fault, FaultName};
use vm_tests::error::Result;
use vm_tests::guest::container::Container;
use vm_tests::guest::{Guest, Output};
use vm_tests::journey::{self, UP};
use vm_tests::world::World;

use crate::machine;

const ROLE_TOKEN: &str = "RequestManagedInstanceRoleToken";
const REGISTRATION: &str = "RegisterContainerInstance";
/// Landfall wakes an agent that failed longer ago than this.
const ASLEEP: Duration = Duration::from_secs(11);

fn trouble(world: &World, name: FaultName, target: &str) -> Result<()> {
    world.aws()?.fault(&Fault { times: 0, ..Fault::once(name, target) }).unwrap();
    Ok(())
}

/// One error, with this sentence and this remedy; the exit status says that the next run goes on.
fn says(output: &Output, sentence: &str, remedy: &str) {
    println!("{}", output.stderr);
    assert_eq!(output.status, 1, "{}", output.stderr);
    let errors: Vec<&str> = output.stderr.lines().filter(|line| line.starts_with("error:")).collect();
    assert!(errors.len() == 1 && errors[0].contains(sentence), "{}", output.stderr);
    let hint = output.stderr.lines().find(|line| line.starts_with("hint:")).unwrap_or_default();
    assert!(hint.contains(remedy), "{}", output.stderr);
}

/// The identity is the first one that was made, and the agent is in the cluster.
fn completes(world: &World, guest: &Container, command: &str) -> Result<()> {
    world.aws()?.clear_faults().unwrap();
    std::thread::sleep(ASLEEP);
    let output = guest.run(command)?;
    assert_eq!(output.status, 0, "{}", output.stderr);
    journey::container_instance(guest)?;
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1, "registered again");
    Ok(())
}

/// As if the machine had just been registered, and its agents had never come up.
fn unproved(guest: &Container) -> Result<()> {
    guest.must(
        "systemctl stop ecs amazon-ssm-agent; rm -rf /root/.aws/credentials /var/lib/amazon/ssm/runtimeconfig \
         /var/lib/ecs/data/agent.db",
    )?;
    Ok(())
}

#[test]
fn what_the_service_says_to_the_ssm_agent_is_told_at_once_and_mended_by_the_next_run() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let causes = [
        (FaultName::AccessDenied, "no credentials of its role: access denied", "ssm.amazonaws.com assume it"),
        (FaultName::FingerprintMismatch, "it is a copy, or its hardware changed", "-register -clear"),
        (FaultName::Stale, "signatures because its clock is wrong", "timedatectl set-ntp true"),
        (FaultName::UnknownMachine, "it was deregistered", "-register -clear"),
    ];
    for (at, (fault, sentence, remedy)) in causes.into_iter().enumerate() {
        if at > 0 {
            unproved(&guest)?;
        }
        trouble(&world, fault, ROLE_TOKEN)?;
        let output = guest.run(UP)?;
        says(&output, sentence, remedy);
        let problems = guest.run("landfall status")?;
        assert!(problems.status == 3 && problems.stdout.contains(sentence), "{}", problems.stdout);
        // The wait has a bound of 60 s: a final cause ends it before that.
        assert!(at == 0 || output.seconds < 50.0, "{fault:?} took {} s", output.seconds);
        completes(&world, &guest, UP)?;
    }
    Ok(())
}

#[test]
fn what_the_service_says_to_the_ecs_agent_is_told_and_mended_by_the_next_run() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let impatient = format!("{UP} --agent-timeout 30");
    let causes = [
        (
            FaultName::AccessDenied,
            "may not register a container instance",
            "AmazonEC2ContainerServiceforEC2Role",
        ),
        (FaultName::Expired, "role have expired", "systemctl restart amazon-ssm-agent"),
        (FaultName::AttributesDropped, "did not take all attributes", "--attribute"),
    ];
    for (at, (fault, sentence, remedy)) in causes.into_iter().enumerate() {
        if at > 0 {
            guest.must("systemctl stop ecs && rm -f /var/lib/ecs/data/agent.db")?;
        }
        trouble(&world, fault, REGISTRATION)?;
        says(&guest.run(&impatient)?, sentence, remedy);
        completes(&world, &guest, UP)?;
    }
    Ok(())
}

#[test]
fn a_wrong_cluster_name_is_corrected_on_the_second_run() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let started = Instant::now();
    let slip = guest.run(&UP.replace("test-cluster", "tset-cluster"))?;
    says(&slip, "there is no such cluster", "aws ecs create-cluster");
    println!("the slip took {:?}", started.elapsed());
    let second = guest.run(UP)?;
    assert_eq!(second.status, 0, "{}", second.stderr);
    let arn = journey::container_instance(&guest)?;
    assert!(arn.contains("/test-cluster/"), "{arn}");
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);
    assert_eq!(world.aws()?.container_instances().unwrap().len(), 1);
    Ok(())
}

#[test]
fn agents_that_were_stopped_or_misled_by_hand_are_brought_back_as_the_same_instance() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::register(&world, &guest, &mut |line| println!("{line}"))?;
    let arn = journey::container_instance(&guest)?;
    let again = || -> Result<()> {
        let output = guest.run(UP)?;
        assert_eq!(output.status, 0, "{}", output.stderr);
        assert_eq!(journey::container_instance(&guest)?, arn);
        Ok(())
    };
    guest.must("systemctl stop ecs")?;
    again()?;
    // Another cluster in the configuration than the one that was joined: the agent ends for good.
    guest.must(
        "sed -i 's/^ECS_CLUSTER=.*/ECS_CLUSTER=other/' /etc/ecs/ecs.config && systemctl restart ecs; \
         for _ in $(seq 60); do systemctl is-failed --quiet ecs && exit; sleep 1; done; exit 1",
    )?;
    let status = guest.run("landfall status")?;
    assert!(status.stdout.contains("configured for another cluster than it has joined"), "{}", status.stdout);
    again()?;
    // Asked for another cluster, nothing is touched, whether the agent runs or not.
    let other = UP.replace("test-cluster", "default");
    assert_eq!(guest.run(&other)?.status, 2);
    guest.must("systemctl stop ecs")?;
    let refused = guest.run(&other)?;
    assert!(
        refused.status == 2 && refused.stderr.contains("test-cluster, not default"),
        "{}",
        refused.stderr
    );
    // Credentials that were emptied are brought again.
    guest.must(": > /root/.aws/credentials")?;
    std::thread::sleep(ASLEEP);
    again()?;
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);
    assert_eq!(world.aws()?.container_instances().unwrap().len(), 1);
    Ok(())
}
