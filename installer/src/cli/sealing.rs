//! What only the commands that make images can be asked.

use std::path::PathBuf;

use clap::Args;

use super::Options;

/// What `seal` can be asked.
#[derive(Debug, Clone, Default, Args)]
pub struct SealFlags {
    /// Change nothing; tell what of this machine's own is left, with exit code 3 where an
    /// identity or a secret is
    #[arg(long, conflicts_with_all = ["forget_identity", "only_landfall", "keep"])]
    pub verify: bool,

    /// Seal a registered machine too: its identity goes, and AWS keeps an instance that nobody is
    #[arg(long)]
    pub forget_identity: bool,

    /// Clean what is Landfall's, the agents' and Docker's, and leave the rest to whoever calls this
    #[arg(long)]
    pub only_landfall: bool,

    /// Keep this on purpose, by its name on the seal list, such as authorized-keys; may be given
    /// several times
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub keep: Vec<String>,
}

/// What `install` can be asked.
#[derive(Debug, Args)]
pub struct InstallFlags {
    /// Put files only, into the system in this folder, so that its first boot installs and registers; with
    /// --config FILE for what it is to know
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,

    /// What can be chosen.
    #[command(flatten)]
    pub options: Options,
}
