//! A throw-away overlay of an image, for a person to look at.

use std::path::PathBuf;

use clap::Args;

use crate::error::{Error, Result};

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Flags {
    /// The image
    #[arg(value_name = "IMAGE")]
    pub image: PathBuf,
}

/// Runs it.
///
/// # Errors
/// Not written yet.
pub fn run(_flags: &Flags, _json: bool) -> Result<()> {
    Err(Error::refused("'landfall-image boot' is not built yet"))
}
