//! The command line, the environment and the configuration file, declared once.
//!
//! [`Options`] is all three: a flag `--lock-timeout` is the variable `LANDFALL_LOCK_TIMEOUT` and the
//! key `lock-timeout` of `/etc/landfall/config.toml`. A test fails when they differ.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

mod identity;
mod looking;
mod options;
mod sealing;
#[cfg(test)]
mod tests;
mod update;

pub use identity::{IdentityAction, RenewFlags};
pub use looking::{Architecture, CheckFlags, PlanFlags};
pub use options::{Allowance, DockerSource, IpFamily, Options, SelinuxMode};
pub use sealing::{InstallFlags, SealFlags};
pub use update::UpdateFlags;

#[cfg(not(windows))]
const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed (run again to resume), 2 wrong usage or \
unsupported machine (nothing touched), 3 problems found.";
#[cfg(windows)]
const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed (run again to resume), 2 wrong usage or \
unsupported machine (nothing touched), 3 problems found, 10 restart needed.";

/// Turns this machine into an Amazon ECS Anywhere external instance.
#[derive(Debug, Parser)]
#[command(name = "landfall", version, max_term_width = 80, disable_help_subcommand = true)]
#[command(after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Action,

    /// Print data as JSON on standard output
    #[arg(long, global = true, env = "LANDFALL_JSON", value_parser = clap::builder::FalseyValueParser::new())]
    pub json: bool,

    /// Read options from this file
    #[arg(long, global = true, value_name = "FILE", env = "LANDFALL_CONFIG")]
    pub config: Option<PathBuf>,
}

/// What Landfall can be asked to do.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Install, configure, register, verify
    Up(Box<Options>),
    /// Show what 'up' would do, and why; changes nothing
    Plan(Box<PlanFlags>),
    /// Tell what stands in the way, here and on the network; changes nothing
    Check(Box<CheckFlags>),
    /// Everything but an identity: for golden images
    Install(Box<InstallFlags>),
    /// Give an installed machine its identity
    Register(Box<Options>),
    /// Make this machine an image: take away what is its own
    Seal(SealFlags),
    /// Tell how this machine stands
    Status,
    /// Tell whether this is the machine that was registered, and settle it where it is not
    #[command(subcommand)]
    Identity(IdentityAction),
    /// Put back everything that Landfall changed
    Uninstall,
    /// Put a newer release in the place of this program; off without --from and --key
    SelfUpdate(UpdateFlags),
    /// Wait until the SSM agent has brought credentials (used by a unit)
    #[command(hide = true)]
    WaitForCredentials {
        /// Seconds
        #[arg(long, default_value_t = 60)]
        timeout: u64,
    },
    /// Set the credentials endpoint's kernel setting and rules (used by a unit)
    #[command(hide = true)]
    CredentialsEndpoint,
    /// Keep a copy of a registered machine from starting its agents (used by a unit)
    #[command(hide = true)]
    Guard,
    /// Give a machine that came out of an image its identity (used by a unit)
    #[command(hide = true)]
    FirstBoot,
    /// Go on after a restart, or at a first boot (used by the service)
    #[cfg(windows)]
    #[command(hide = true)]
    Service,
}
