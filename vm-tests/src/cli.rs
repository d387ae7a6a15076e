//! The command line of `vm-tests`. The flags of `run` stand in its own module.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::tasks::run;

/// Guests to look at and to try Landfall on, outside of a test.
#[derive(Parser)]
#[command(name = "vm-tests")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Task,
}

/// What can be asked for.
#[derive(Subcommand)]
pub enum Task {
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
    /// Write the tables of docs/support.md and docs/vm-matrix.md anew
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
