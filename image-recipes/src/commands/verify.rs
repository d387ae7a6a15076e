//! A finished image, read from outside.

use std::path::PathBuf;

use clap::Args;

use crate::error::{Error, Result};
use crate::recipe::Recipe;
use crate::verify;

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Flags {
    /// The image: qcow2, raw, vmdk, vhdx or vhd
    #[arg(value_name = "IMAGE")]
    pub image: PathBuf,

    /// The recipe that it was made by
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,
}

/// Prints what was found.
///
/// # Errors
/// Exit code 3 when the image must not go out.
pub fn run(flags: &Flags, json: bool) -> Result<()> {
    let recipe = flags.recipe.as_deref().map(Recipe::read).transpose()?;
    let report = verify::image(&flags.image, recipe.as_ref(), None)?;
    for line in report.lines() {
        eprintln!("{line}");
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&report).map_err(|e| Error::bug(e.to_string()))?);
    }
    report.demand(&flags.image.display().to_string())?;
    eprintln!("{:<10} {}", "clean", flags.image.display());
    Ok(())
}
