//! A run that ends before its time, at every step, and the next one.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use aws_simulator::{Fault, FaultName};
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::journey::{self, UP};
use vm_tests::programs;
use vm_tests::world::World;

use crate::{machine, up};

/// No plan has as many steps; a run that is cut more often goes round in circles.
const MOST_CUTS: usize = 200;

#[test]
fn killed_right_before_and_right_after_each_step_acts_the_next_run_goes_on_to_one_registration() -> Result<()>
{
    let Some((world, guest)) = prepared()? else { return Ok(()) };
    let mut cuts = 0;
    loop {
        let output = guest.run(&cut_by("kill"))?;
        if output.status == 0 {
            break;
        }
        // The shell says how its child ended: 128 and the number of SIGKILL.
        assert_eq!(output.status, 137, "{}", output.stderr);
        cuts += 1;
        assert!(cuts < MOST_CUTS, "{}", output.stderr);
    }
    completed(&world, &guest, cuts)
}

#[test]
fn after_a_power_cut_right_before_and_right_after_each_step_the_next_run_goes_on_to_one_registration()
-> Result<()> {
    let Some((world, mut guest)) = prepared()? else { return Ok(()) };
    let mut cuts = 0;
    while cut_power_where_it_waits(&mut guest)? {
        cuts += 1;
        assert!(cuts < MOST_CUTS);
        guest.boot()?;
    }
    completed(&world, &guest, cuts)
}

fn prepared() -> Result<Option<(World, Container)>> {
    let Some((world, guest)) = machine()? else { return Ok(None) };
    guest.copy_in(&programs::cut_short()?, "/root/cut_short", 0o755)?;
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    Ok(Some((world, guest)))
}

fn cut_by(how: &str) -> String {
    // Its exit status is told by a shell that outlives it.
    format!("CUT_BY={how} {}; exit $?", UP.replacen("landfall", "/root/cut_short", 1))
}

/// Whether a run was cut; one that completed was not.
fn cut_power_where_it_waits(guest: &mut Container) -> Result<bool> {
    let mut run = guest.shell(&cut_by("power"))?.stderr(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let mut said = String::new();
    for line in BufReader::new(run.stderr.take().expect("it is piped")).lines() {
        let line = line?;
        if line.starts_with("cut ") {
            guest.power_cut()?;
            run.wait()?;
            return Ok(true);
        }
        said += &(line + "\n");
    }
    let status = run.wait()?;
    assert!(status.success(), "{status}: {said}");
    Ok(false)
}

/// Every step that acts on a bare machine was cut at twice; the machine is whole, and registered once.
fn completed(world: &World, guest: &Container, cuts: usize) -> Result<()> {
    journey::container_instance(guest)?;
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);
    assert_eq!(guest.must("dpkg --audit")?, "");
    let places = guest.must("cat /root/places")?;
    println!("{cuts} cuts:\n{places}");
    assert_eq!(places.lines().count(), cuts);
    for place in ["packages", "registration", "keys in /etc/ecs/ecs.config", "unit ecs.service"] {
        for moment in ["before", "after"] {
            assert!(
                places.lines().any(|line| line == format!("{moment} {place}")),
                "{moment} {place}\n{places}"
            );
        }
    }
    let again = guest.must(&format!("{UP} --json 2>/dev/null"))?;
    assert!(again.contains("\"changed\": 0"), "{again}");
    Ok(())
}

/// The one window in which an identity can be lost: the service has made it, and the Vault does not know.
#[test]
fn power_cut_between_the_services_answer_and_the_vault_costs_one_identity_that_is_reported() -> Result<()> {
    let Some((world, mut guest)) = machine()? else { return Ok(()) };
    journey::bring_activation(&world, &guest, 2, 86_400)?;
    let aws = world.aws()?;
    let late = Fault { delay_ms: 60_000, ..Fault::once(FaultName::Late, "RegisterManagedInstance") };
    aws.fault(&late).unwrap();
    let mut run = guest.shell(UP)?.stderr(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let deadline = Instant::now() + Duration::from_secs(120);
    while aws.managed_instances().unwrap().is_empty() {
        assert!(Instant::now() < deadline, "it never came to registering");
        thread::sleep(Duration::from_millis(20));
    }
    guest.power_cut()?;
    run.wait()?;
    aws.clear_faults().unwrap();
    guest.boot()?;
    let second = up(&guest)?;
    assert_eq!(second.status, 0, "{}", second.stderr);
    let told = second.stderr.lines().find(|line| line.contains("was cut short")).unwrap_or_default();
    let fingerprint = guest.must("cat /var/lib/amazon/ssm/Vault/Store/InstanceFingerprint")?;
    let fingerprint = fingerprint.split('"').nth(3).expect("a fingerprint");
    assert!(told.contains(fingerprint) && told.contains("begun on 20"), "{fingerprint}: {}", second.stderr);
    assert_eq!(aws.managed_instances().unwrap().len(), 2);
    journey::container_instance(&guest)?;
    Ok(())
}

#[test]
fn a_failure_after_registration_asks_for_no_second_activation() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let aws = world.aws()?;
    let denied = Fault { times: 0, ..Fault::once(FaultName::AccessDenied, "RegisterContainerInstance") };
    aws.fault(&denied).unwrap();
    let first = guest.run(&format!("{UP} --agent-timeout 20"))?;
    assert_eq!(first.status, 1, "{}", first.stderr);
    assert_eq!(aws.managed_instances().unwrap().len(), 1);
    aws.clear_faults().unwrap();
    guest.must("rm /root/activation.json")?;
    let without = UP.replace("--activation-file /root/activation.json", "");
    let second = guest.run(&without)?;
    assert_eq!(second.status, 0, "{}", second.stderr);
    journey::container_instance(&guest)?;
    assert_eq!(aws.managed_instances().unwrap().len(), 1);
    Ok(())
}
