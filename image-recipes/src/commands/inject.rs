//! Files into an image, offline.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::error::Result;
use crate::inject::{self, Injection};

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Flags {
    /// The image: a raw disk with an ext4 root, or such a file system alone
    #[arg(value_name = "IMAGE")]
    pub image: PathBuf,

    /// The binary landfall; it is run here to tell which files it needs
    #[arg(long, value_name = "FILE")]
    pub binary: PathBuf,

    /// What a first boot may do
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Options of 'landfall install' for every clone, without an activation
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Puts them in, and says which.
///
/// # Errors
/// When that is not safe, or fails: the image is as it was then.
pub fn run(flags: &Flags, json: bool) -> Result<()> {
    let injection = Injection {
        binary: flags.binary.clone(),
        policy: flags.policy.clone(),
        config: flags.config.clone(),
    };
    let lines = inject::inject(&flags.image, &injection)?;
    for line in &lines {
        eprintln!("{line}");
    }
    if json {
        println!("{}", json!({ "version": 1, "image": flags.image, "changes": lines }));
    }
    Ok(())
}
