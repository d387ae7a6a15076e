//! Landfall's manual: pages for `man`, and completions for shells, out of the declarations of its command lines.
//!
//! They are made when somebody asks for them, as packages do, and no copy of them is kept: so there is nothing that
//! could fall behind. Neither program carries what makes them, which would be more than all of its own help.

mod completions;
mod configuration;
mod pages;

use clap::{Command, CommandFactory};

/// A file of the manual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The program that it is about.
    pub program: &'static str,
    /// Its name, which says what it is: `landfall-up.1`, `landfall.bash`, `_landfall`, `landfall.fish`.
    pub name: String,
    /// What is in it.
    pub content: Vec<u8>,
}

/// All there is for both programs, by pages of this date, such as `2026-11-27`.
#[must_use]
pub fn files(date: &str) -> Vec<File> {
    let mut files = Vec::new();
    for (program, command) in
        [("landfall", landfall::cli::Cli::command()), ("landfall-image", image_recipes::cli::Cli::command())]
    {
        let made = pages::of(command.clone(), date).into_iter().chain(completions::of(&command));
        files.extend(made.map(|(name, content)| File { program, name, content }));
    }
    let (name, content) = configuration::page(date);
    files.push(File { program: "landfall", name, content });
    files
}

/// What a hidden command does is for units, not for people.
fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|it| !it.is_hide_set())
}
