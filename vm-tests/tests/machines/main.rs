//! What Landfall promises of images, first boots and copies, each promise on emulated machines with a firmware, a
//! boot loader and a kernel of their own. They boot in half a minute each, so few run where that is dear.

use std::time::{Duration, Instant};

use image_recipes::machine::Bus;
use landfall_contract::seed;
use vm_tests::error::{Error, Result, While};
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Medium, VirtualMachine};
use vm_tests::journey;
use vm_tests::machine_proofs;
use vm_tests::world::World;

mod copies;
mod face;
mod golden;
mod interrupted;
mod late;
mod lived_in;
mod refused;
mod truths;
mod vendors;

/// What a first boot may take with hardware's help, from the start of its unit on.
const TO_REGISTER: Duration = Duration::from_secs(30);

/// Runs a scenario in a world of its own, and records that it ran. Where machines cannot run, that is said.
fn scenario(run: impl FnOnce(&mut World) -> Result<()>) -> Result<()> {
    if !vm_tests::guest::can_run() {
        return Ok(());
    }
    let mut world = World::new()?;
    let started = Instant::now();
    run(&mut world)?;
    machine_proofs::record(started.elapsed())
}

/// The seed on a disk of its own.
fn disk(seed: &str, bus: Bus) -> Result<Medium> {
    Medium::with("LANDFALL", bus, &[(seed::FILE, seed.as_bytes())])
}

/// How the first boot stands, by its own report.
fn report(machine: &VirtualMachine) -> Result<serde_json::Value> {
    let text = machine.run("cat /run/landfall/first-boot.json")?.stdout;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

fn is_in(machine: &VirtualMachine, states: &[&str]) -> Result<bool> {
    Ok(report(machine)?["state"].as_str().is_some_and(|state| states.contains(&state)))
}

/// Waits until the first boot says that it is done, and returns the managed instance's id.
fn first_boot_is_done(machine: &mut VirtualMachine) -> Result<String> {
    let waited =
        machine.wait_for(TO_REGISTER, "the first boot is done", |it| match report(it)?["state"].as_str() {
            Some("failed") => Err(Error::new(format!("the first boot failed: {:#}", report(it)?))),
            state => Ok(state == Some("done")),
        });
    if let Err(error) = waited {
        let journal = machine.run("journalctl --no-pager -b -u landfall-first-boot | tail -40")?.stdout;
        return Err(Error::new(format!("{error}\n{:#}\n{journal}", report(machine)?)));
    }
    journey::container_instance(machine)?;
    machine.must("landfall status")?;
    instance(machine)
}

/// The managed instance that the machine is.
fn instance(machine: &VirtualMachine) -> Result<String> {
    let shown: serde_json::Value = serde_json::from_str(&machine.must("landfall identity show --json")?)
        .doing(|| "reading the identity")?;
    let id = shown["registration"]["instance_id"].as_str().map(str::to_owned);
    id.ok_or_else(|| Error::new(format!("no instance id: {shown:#}")))
}

/// How many managed instances AWS has, and how often activations were used.
fn counted(world: &World) -> Result<(usize, u32)> {
    let aws = world.aws()?;
    let instances = aws.managed_instances().doing(|| "asking for instances")?.len();
    let activations = aws.activations().doing(|| "asking for activations")?;
    Ok((instances, activations.iter().map(|it| it.registrations_count).sum()))
}
