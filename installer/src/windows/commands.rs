//! The commands on Windows, each a flow that fits a screen.

use std::path::Path;

use crate::cli::{Action, CheckFlags, Cli, InstallFlags, Options, PlanFlags};
use crate::commands::{alone, with_some_region};
use crate::config;
use crate::error::{Error, Result};
use crate::plan::Goal;

use super::door::Windows;
use super::places::LOCK;

pub mod check;
mod choices;
pub mod first_boot;
pub mod plan;
pub mod seal;
pub mod status;
pub mod uninstall;
pub mod up;

/// Runs the command that was asked for.
///
/// # Errors
/// The command's.
pub fn run(host: &mut dyn Windows, cli: Cli) -> Result<()> {
    let json = cli.json;
    let options = |host: &dyn Windows, flags: Options| -> Result<Options> {
        Ok(flags.or(config::file(host, cli.config.as_deref())?))
    };
    match cli.command {
        Action::Up(flags) => {
            let options = options(host, *flags)?;
            let goal = if options.skip_registration { Goal::Install } else { Goal::Up };
            up::run(host, &options, goal, json)
        }
        Action::Install(flags) => {
            let InstallFlags { root, options: given } = *flags;
            if root.is_some() {
                return Err(not_here("install --root"));
            }
            let options = with_some_region(host, options(host, given)?);
            up::run(host, &options, Goal::Install, json)
        }
        Action::Register(flags) => {
            let options = options(host, *flags)?;
            up::run(host, &options, Goal::Register, json)
        }
        Action::Check(flags) => match *flags {
            CheckFlags { os_release: Some(_), .. } => Err(not_here("check --os-release")),
            CheckFlags { facts: true, .. } => check::facts(host, json),
            CheckFlags { options: given, .. } => check::run(host, &options(host, given)?, json),
        },
        Action::Plan(flags) => {
            let PlanFlags { release, os_release, options: given, .. } = *flags;
            if os_release.is_some() {
                return Err(not_here("plan --os-release"));
            }
            plan::run(host, &options(host, given)?, release.as_deref(), json)
        }
        Action::Seal(flags) => seal::run(host, &flags, json),
        Action::Status => status::run(host, json),
        Action::Uninstall => uninstall::run(host, json),
        Action::FirstBoot => first_boot::run(host, cli.config.as_deref(), json),
        Action::Identity(_) => Err(not_here("identity")),
        Action::SelfUpdate(_) => Err(not_here("self-update")),
        Action::WaitForCredentials { .. } => Err(not_here("wait-for-credentials")),
        Action::CredentialsEndpoint => Err(not_here("credentials-endpoint")),
        Action::Guard => Err(not_here("guard")),
        #[cfg(windows)]
        Action::Service => crate::host::windows::as_service(),
    }
}

fn not_here(command: &str) -> Error {
    Error::refused(format!("'{command}' is not there on Windows")).hint("see docs/windows.md for what is")
}

fn must_be_elevated(host: &dyn Windows) -> Result<()> {
    if host.is_root() {
        return Ok(());
    }
    Err(Error::refused("this needs administrator's rights")
        .hint("open PowerShell with 'Run as administrator', and run it again there"))
}

fn must_be_alone(host: &mut dyn Windows) -> Result<()> {
    alone(host.lock(Path::new(LOCK))?)
}
