//! What `self-update` has to be told. There is no address and no key in the program, so without both it does nothing.

use clap::Args;

/// Where a newer Landfall comes from, and who vouches for it.
#[derive(Debug, Clone, Default, Args)]
pub struct UpdateFlags {
    /// Folder of a release, such as https://releases.example/landfall
    #[arg(long, value_name = "URL", env = "LANDFALL_UPDATE_FROM")]
    pub from: Option<String>,

    /// minisign public key that must have signed the release's SHA256SUMS
    #[arg(long, value_name = "KEY", env = "LANDFALL_UPDATE_KEY")]
    pub key: Option<String>,
}
