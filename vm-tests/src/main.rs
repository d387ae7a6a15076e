//! `vm-tests`: guests to look at and to try Landfall on, outside of a test.
//!
//! The scenarios are tests of this crate (`cargo test -p vm-tests`); the scripts of this repository
//! call the commands here.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::world::World;

#[derive(Parser)]
#[command(about)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Boot a bare Debian guest without an AWS around it and run a command line in it
    Guest {
        /// What the guest's sh runs
        script: String,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Task::Guest { script } => in_a_bare_guest(&script),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

fn in_a_bare_guest(script: &str) -> Result<ExitCode> {
    let mut world = World::empty()?;
    let mut guest = world.bare_guest()?;
    guest.boot()?;
    let output = guest.run_streaming(script, &mut |line| println!("{line}"))?;
    Ok(ExitCode::from(u8::try_from(output.status).unwrap_or(1)))
}
