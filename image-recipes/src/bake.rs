//! A golden image from a base.

use std::path::PathBuf;

use clap::Args;

use crate::error::{Error, Result};

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Flags {
    /// The recipe
    #[arg(value_name = "RECIPE")]
    pub recipe: PathBuf,
}

/// Runs it.
///
/// # Errors
/// Not written yet.
pub fn run(_flags: &Flags, _json: bool) -> Result<()> {
    Err(Error::refused("'landfall-image bake' is not built yet"))
}
