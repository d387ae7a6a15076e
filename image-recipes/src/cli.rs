//! The command line. Each command's flags stand in its own module, beside what they decide.

use clap::{Parser, Subcommand};

use crate::{bake, boot, bootstrap, commands, media};

/// Builds bootable images that become Amazon ECS Anywhere external instances by themselves.
#[derive(Debug, Parser)]
#[command(name = "landfall-image", version, max_term_width = 80, disable_help_subcommand = true)]
#[command(after_help = "Exit codes: 0 done or nothing to do, 1 failed, 2 wrong usage or bad input (nothing \
written), 3 problems found in an image.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Action,

    /// Print data as JSON on standard output
    #[arg(long, global = true, env = "LANDFALL_JSON", value_parser = clap::builder::FalseyValueParser::new())]
    pub json: bool,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Make a base image from packages
    Bootstrap(bootstrap::Flags),
    /// Make a golden image: boot a base, install, seal, verify, export
    Bake(bake::Flags),
    /// Look at an image: a throw-away overlay with a console
    Boot(boot::Flags),
    /// Make seed disks for untouched vendor images, one or one per line of an inventory
    Seed(commands::seed::Flags),
    /// Put Landfall into an image's ext4 root, offline
    Inject(commands::inject::Flags),
    /// Read an image without mounting it, against the seal list and a recipe
    Verify(commands::verify::Flags),
    /// Make a medium that writes an image to a disk of bare metal by itself
    Media(media::MediaFlags),
    /// Make the same for machines that boot from the network
    Netboot(media::NetbootFlags),
    /// What runs on such a machine: only there
    #[command(hide = true)]
    Live,
    /// Check a recipe, or tell what it would do
    Recipe(commands::recipe::Flags),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn help_fits_a_terminal_of_eighty_columns() {
        fn each(command: &mut clap::Command, wide: &mut Vec<String>) {
            let help = command.render_long_help().to_string();
            wide.extend(help.lines().filter(|line| line.chars().count() > 80).map(str::to_owned));
            command.get_subcommands_mut().for_each(|it| each(it, wide));
        }
        let mut command = Cli::command();
        command.build();
        let mut wide = Vec::new();
        each(&mut command, &mut wide);
        assert_eq!(wide, [] as [String; 0]);
    }

    #[test]
    fn the_command_line_is_put_together_right() {
        Cli::command().debug_assert();
    }
}
