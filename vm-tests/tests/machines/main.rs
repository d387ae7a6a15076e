//! What Landfall promises of images, first boots and copies, each promise on emulated machines with a firmware, a
//! boot loader and a kernel of their own. They boot in half a minute each, so few run where that is dear.

use std::time::Instant;

use image_recipes::machine::Bus;
use landfall_contract::seed;
use vm_tests::error::Result;
use vm_tests::first_boot::{TO_REGISTER, first_boot_is_done, instance, is_in, report};
use vm_tests::guest::machine::{Medium, Setup, VirtualMachine};
use vm_tests::machine_images;
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
mod media;
mod refused;
mod releases;
mod secure_boot;
mod truths;

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

/// The seed on a disk of its own.
fn disk(seed: &str, bus: Bus) -> Result<Medium> {
    Medium::with("LANDFALL", bus, &[(seed::FILE, seed.as_bytes())])
}

/// A clone of the golden image that has booted and waits for a seed.
fn waiting(world: &mut World) -> Result<VirtualMachine> {
    let setup = Setup { resumes: Some(machine_images::WAITING.to_owned()), ..Setup::default() };
    let mut machine = world.machine(&machine_images::waiting()?, setup)?;
    machine.resume()?;
    Ok(machine)
}
