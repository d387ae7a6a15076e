//! The commands, each a flow that fits a screen.

use crate::cli::{Action, Cli};
use crate::error::Result;
use crate::{bake, boot, bootstrap, live, media};

pub mod inject;
pub mod recipe;
pub mod seed;
pub mod verify;

/// Runs the command that was asked for.
///
/// # Errors
/// The command's.
pub fn run(cli: Cli) -> Result<()> {
    let json = cli.json;
    match cli.command {
        Action::Bootstrap(flags) => bootstrap::run(&flags, json),
        Action::Bake(flags) => bake::run(&flags, json),
        Action::Boot(flags) => boot::run(&flags, json),
        Action::Seed(flags) => seed::run(&flags, json),
        Action::Inject(flags) => inject::run(&flags, json),
        Action::Verify(flags) => verify::run(&flags, json),
        Action::Media(flags) => media::media(&flags, json),
        Action::Netboot(flags) => media::netboot(&flags, json),
        Action::Live => live::run(),
        Action::Recipe(flags) => recipe::run(&flags, json),
    }
}
