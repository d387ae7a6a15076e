//! `try`: the main job with everything in sight, for somebody who has never seen it.

use std::process::Command;
use std::time::Instant;

use crate::error::Result;
use crate::guest::Guest;
use crate::host_command;
use crate::journey;
use crate::packages::Packages;
use crate::programs;
use crate::world::{SUITE, World};

/// Registers a fresh guest with the stand-in agents and shows what each side has to say.
pub fn stand_ins() -> Result<()> {
    eprintln!("== building landfall, the simulator and the stand-in agents");
    let packages = Packages::stand_ins(SUITE)?;
    programs::landfall()?;
    show(&packages)
}

/// Registers a fresh guest with these packages.
pub fn show(packages: &Packages) -> Result<()> {
    let started = Instant::now();
    let mut world = World::with(packages)?;
    let mut guest = world.guest()?;
    eprintln!("== a bare Debian guest booted after {:.1} s", started.elapsed().as_secs_f64());
    eprintln!("== {}", journey::UP);
    let output = journey::register(&world, &guest, &mut |line| eprintln!("{line}"))?;
    eprintln!("== registered in {:.1} s; landfall status", output.seconds);
    guest.run_streaming("landfall status", &mut |line| println!("{line}"))?;
    eprintln!("== aws-simulator show");
    let simulator = programs::test_tools()?.join("aws-simulator");
    let mut seen = Command::new(simulator);
    print!("{}", host_command::finish(seen.args(["show", "--state"]).arg(world.simulator()?.state()))?);
    println!("{}", journey::container_instance(&guest)?);
    guest.stop()
}
