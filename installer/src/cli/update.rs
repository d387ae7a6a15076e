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

    /// Proxy to download through, such as http://proxy:3128; without it, https_proxy or all_proxy of the
    /// environment; "" for none
    #[arg(long, value_name = "URL", env = "LANDFALL_PROXY")]
    pub proxy: Option<String>,

    /// Hosts to reach without the proxy, separated by commas; without it, no_proxy of the environment
    #[arg(long, value_name = "HOSTS", env = "LANDFALL_NO_PROXY")]
    pub no_proxy: Option<String>,
}
