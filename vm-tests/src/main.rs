//! `vm-tests`: guests to look at and to try Landfall on, outside of a test.
//!
//! The scenarios are tests of this crate (`cargo test -p vm-tests`); the scripts of this repository
//! call the commands here.

use std::process::ExitCode;

use clap::Parser;
use vm_tests::cli::{Arguments, Task};
use vm_tests::error::Result;
use vm_tests::forward_proxy;
use vm_tests::guest::Guest;
use vm_tests::licences;
use vm_tests::relay;
use vm_tests::tasks::{
    bench_floor, bench_start, check_images, clones, conformance, picture, run, show, support_table,
};
use vm_tests::world::World;

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Task::Try { quick: true, .. } => show::stand_ins().map(|()| ExitCode::SUCCESS),
        Task::Try { keep, .. } => clones::show(keep).map(|()| ExitCode::SUCCESS),
        Task::Run(flags) => run::run(&flags),
        Task::RunCell(flags) => run::run_cell(&flags).map(|()| ExitCode::SUCCESS),
        Task::CheckImages { release } => check_images::run(&release).map(|()| ExitCode::SUCCESS),
        Task::Conformance { ssm_agent, ecs_agent } => {
            conformance::run(&ssm_agent, &ecs_agent).map(|()| ExitCode::SUCCESS)
        }
        Task::BenchFloor { pairs } => bench_floor::run(pairs.into()).map(|()| ExitCode::SUCCESS),
        Task::BenchStart { starts } => bench_start::run(starts.into()).map(|()| ExitCode::SUCCESS),
        Task::Picture => picture::draw().map(|()| ExitCode::SUCCESS),
        Task::Licences => licences::check().map(|count| {
            println!("the licences of {count} packages are allowed");
            ExitCode::SUCCESS
        }),
        Task::SupportTable { proofs } => support_table::run(proofs.as_deref()).map(|()| ExitCode::SUCCESS),
        Task::ForwardProxy { log } => forward_proxy::serve(&log).map(|()| ExitCode::SUCCESS),
        Task::Relay { address } => relay::run(&address).map(|()| ExitCode::SUCCESS),
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
