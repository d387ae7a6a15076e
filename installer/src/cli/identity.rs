//! What can be asked about a machine's identity.

use clap::{Args, Subcommand};

use super::Options;

/// What to do about it.
#[derive(Debug, Subcommand)]
pub enum IdentityAction {
    /// Compare what was recorded at the registration with what is here; changes nothing
    Show,
    /// This is the very machine, moved or changed on purpose: take it as it is now, and start its agents
    Accept,
    /// This is a copy: give the copied identity up, and take one of its own
    Renew(Box<RenewFlags>),
}

/// What `renew` can be asked.
#[derive(Debug, Args)]
pub struct RenewFlags {
    /// Also where nothing shows that this is a copy
    #[arg(long)]
    pub force: bool,

    /// What can be chosen.
    #[command(flatten)]
    pub options: Options,
}
