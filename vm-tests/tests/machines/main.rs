//! What Landfall promises of images, first boots and copies, each promise on emulated machines with a firmware, a
//! boot loader and a kernel of their own. They boot in half a minute each, so few run where that is dear.

use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use image_recipes::machine::Bus;
use vm_tests::error::Result;
use vm_tests::first_boot::{TO_REGISTER, first_boot_is_done, instance, is_in, report};
use vm_tests::guest::machine::{Medium, Setup, VirtualMachine};
use vm_tests::journey;
use vm_tests::machine_images::moments::{self, Moment};
use vm_tests::machine_proofs;
use vm_tests::matrix::paths::counted;
use vm_tests::world::World;

mod copies;
mod face;
mod firewalld;
mod golden;
mod hardware;
mod interrupted;
mod late;
mod lived_in;
mod looked_at;
mod media;
mod refused;
mod releases;
mod secure_boot;
mod truths;
mod user_data;

/// Runs a scenario in a world of its own, and records that it ran. Where machines cannot run, that is said.
fn scenario(run: impl FnOnce(&mut World) -> Result<()>) -> Result<()> {
    scenario_in(World::new, run)
}

/// The same in a world that is not of Debian 12.
fn scenario_in(
    world: impl FnOnce() -> Result<World>,
    run: impl FnOnce(&mut World) -> Result<()>,
) -> Result<()> {
    if !vm_tests::guest::can_run() {
        return Ok(());
    }
    let mut world = world()?;
    let started = Instant::now();
    run(&mut world)?;
    machine_proofs::record(started.elapsed())
}

/// A seed for one machine of this world, on a disk of its own.
fn seed_disk(world: &World, bus: Bus) -> Result<Medium> {
    Medium::with_seed(&journey::seed(world, 1)?, bus)
}

/// A machine with a seed that needs no disk: SMBIOS has it.
fn seeded(world: &World) -> Result<Setup> {
    let seed = format!("landfall.seed={}", BASE64_STANDARD.encode(journey::seed(world, 1)?));
    Ok(Setup { oem_strings: vec![seed], ..Setup::default() })
}

/// A clone of the golden image that has booted and waits for a seed.
fn waiting(world: &mut World) -> Result<VirtualMachine> {
    let Moment { disk, setup } = moments::waiting()?;
    let mut machine = world.machine(&disk, setup)?;
    machine.resume()?;
    Ok(machine)
}

/// Waits until the machine has registered, with one activation for one instance, and returns its id.
fn registers(world: &World, machine: &mut VirtualMachine) -> Result<String> {
    let id = first_boot_is_done(machine)?;
    assert_eq!(counted(world)?, (1, 1));
    Ok(id)
}

/// The machine is this instance, and AWS has been asked for no other.
fn is_still(world: &World, machine: &VirtualMachine, id: &str) -> Result<()> {
    assert_eq!((instance(machine)?.as_str(), counted(world)?), (id, (1, 1)));
    Ok(())
}
