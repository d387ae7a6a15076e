//! A finished image, read from outside.

use clap::Args;

use crate::error::{Error, Result};

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Flags {}

/// Runs it.
///
/// # Errors
/// Not written yet.
pub fn run(_flags: &Flags, _json: bool) -> Result<()> {
    Err(Error::refused("'landfall-image verify' is not built yet"))
}
