//! What a shell offers while a command is being typed.

use clap::Command;
use clap_complete::Shell;

use crate::shown;

/// The name that a shell looks for a program's completions under, and the completions.
pub(crate) fn of(command: &Command) -> Vec<(String, Vec<u8>)> {
    let name = command.get_name();
    let files = [
        (Shell::Bash, format!("{name}.bash")),
        (Shell::Zsh, format!("_{name}")),
        (Shell::Fish, format!("{name}.fish")),
    ];
    let made = |(shell, file): (Shell, String)| {
        let mut content = Vec::new();
        clap_complete::generate(shell, &mut for_people(command), name, &mut content);
        (file, content)
    };
    files.into_iter().map(made).collect()
}

/// The same without what is hidden, which completions would offer.
fn for_people(command: &Command) -> Command {
    let mut shorter = Command::new(lasting(command.get_name()))
        .disable_help_subcommand(true)
        .args(command.get_arguments().cloned())
        .subcommands(shown(command).map(for_people));
    if let Some(about) = command.get_about() {
        shorter = shorter.about(about.clone());
    }
    match command.get_version() {
        Some(version) => shorter.version(lasting(version)),
        None => shorter,
    }
}

/// clap takes names that last as long as the program, which ends when all is written.
fn lasting(name: &str) -> &'static str {
    name.to_owned().leak()
}
