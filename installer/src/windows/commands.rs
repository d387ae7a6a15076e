//! The commands, on Windows.

use crate::cli::Cli;
use crate::error::{Error, Result};
use crate::host::windows::RealWindows;

/// Runs the command that was asked for.
///
/// # Errors
/// Always, until there are commands.
pub fn run(_: &mut RealWindows, _: Cli) -> Result<()> {
    Err(Error::refused("nothing but --version works on Windows yet"))
}
