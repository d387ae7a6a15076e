//! `vm-tests`: guests to look at and to try Landfall on, outside of a test.
//!
//! The scenarios are tests of this crate (`cargo test -p vm-tests`); the scripts of this repository
//! call the commands here.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use vm_tests::error::Result;
use vm_tests::forward_proxy;
use vm_tests::guest::Guest;
use vm_tests::licences;
use vm_tests::relay;
use vm_tests::tasks::{
    bench_floor, bench_start, check_images, clones, conformance, picture, run, show, support_table,
};
use vm_tests::world::World;

#[derive(Parser)]
#[command(about)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Bake a golden image, boot two clones of it, and register them with an AWS simulator, with everything in sight
    Try {
        /// Register a bare Debian in a system container instead, which takes seconds
        #[arg(long, conflicts_with = "keep")]
        quick: bool,

        /// Let the clones run until you have looked at them
        #[arg(long)]
        keep: bool,
    },
    /// The same with real agent packages in the place of the stand-ins
    Conformance {
        /// AWS's amazon-ssm-agent.deb
        #[arg(long, value_name = "DEB")]
        ssm_agent: PathBuf,
        /// AWS's amazon-ecs-init.deb
        #[arg(long, value_name = "DEB")]
        ecs_agent: PathBuf,
    },
    /// Run cells of the matrix: a release, an architecture, a firmware and a whole path each, on an emulated machine
    Run(run::Flags),
    /// Run one cell in this process
    #[command(hide = true)]
    RunCell(run::CellFlags),
    /// Ask the vendors' servers whether their images are where the distribution matrix says
    CheckImages {
        /// Only of releases whose names begin so
        #[arg(default_value = "")]
        release: String,
    },
    /// Time 'landfall up' against the same commands run bare
    BenchFloor {
        /// How often each side runs
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
        pairs: u16,
    },
    /// Time how 'landfall --version' starts
    BenchStart {
        /// How often
        #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
        starts: u16,
    },
    /// Check that every dependency's licence is an allowed one
    Licences,
    /// Write the support tables of docs/support.md and README.md anew
    SupportTable {
        /// Take in first what scenarios recorded in this folder (LANDFALL_PROOFS)
        #[arg(long, value_name = "FOLDER")]
        proofs: Option<PathBuf>,
    },
    /// Draw what comes on standard input as an SVG
    Picture,
    /// Be the proxy of a scenario, at the gateway of its world
    #[command(hide = true)]
    ForwardProxy {
        /// Where to write what was asked for
        log: PathBuf,
    },
    /// Hand a connection on, for a machine that is not behind a world's gateway
    #[command(hide = true)]
    Relay {
        /// Where to
        address: String,
    },
    /// Boot a bare Debian guest without an AWS around it and run a command line in it
    Guest {
        /// What the guest's sh runs
        script: String,
    },
}

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
