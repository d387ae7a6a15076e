//! The page of `/etc/landfall/config.toml`, whose keys are the flags of `landfall up`.

use std::any::TypeId;

use clap::{Arg, ArgAction, CommandFactory};
use landfall::cli::Cli;
use landfall::config::FILE;
use roff::{Inline, Roff, bold, italic, roman};

use crate::pages::title;

/// What the page is called.
pub(crate) const NAME: &str = "landfall-config.toml";
/// The section of files.
pub(crate) const SECTION: &str = "5";

/// The name of its file, and the page.
pub(crate) fn page(date: &str) -> (String, Vec<u8>) {
    let mut page = Roff::new();
    title(&mut page, NAME, SECTION, date);
    page.control("SH", ["NAME"])
        .text([roman(format!("{NAME} - what landfall takes where no flag and no variable says it"))])
        .control("SH", ["SYNOPSIS"])
        .text([bold(FILE)])
        .control("SH", ["DESCRIPTION"])
        .text([
            roman("A file of TOML. Each flag of "),
            bold("landfall up"),
            roman(
                " is a key here and a variable of the environment. A flag wins over the variable, and the variable \
                 over the file. An unknown key is an error. Another file is named by ",
            ),
            bold("--config"),
            roman(" or "),
            bold("LANDFALL_CONFIG"),
            roman("."),
        ])
        .control("SH", ["KEYS"]);
    for key in keys() {
        page.control("TP", [])
            .text([bold(key.name.as_str()), roman(" = "), italic(key.kind())])
            .text(key.help());
    }
    page.control("SH", ["EXAMPLE"])
        .control("nf", [])
        .text([roman("region = \"eu-central-1\"\ncluster = \"factory\"\nattribute = [\"rack=7\"]")])
        .control("fi", [])
        .control("SH", ["SEE ALSO"])
        .text([bold("landfall"), roman("(1), "), bold("landfall-up"), roman("(1)")]);
    (format!("{NAME}.{SECTION}"), page.render().into_bytes())
}

/// A key of the file.
struct Key {
    name: String,
    flag: Arg,
}

fn keys() -> Vec<Key> {
    let command = Cli::command();
    // Not built: so without what counts for every command, which is how a run tells, and where this file is.
    let up = command.find_subcommand("up").into_iter().flat_map(clap::Command::get_arguments);
    up.filter_map(|flag| Some(Key { name: flag.get_long()?.to_owned(), flag: flag.clone() })).collect()
}

impl Key {
    /// What may stand behind the equals sign.
    fn kind(&self) -> String {
        let words: Vec<String> =
            self.flag.get_possible_values().iter().map(|it| format!("\"{}\"", it.get_name())).collect();
        let one = match self.flag.get_action() {
            ArgAction::SetTrue => "true or false".to_owned(),
            _ if !words.is_empty() => words.join(" or "),
            _ if self.flag.get_value_parser().type_id() == TypeId::of::<u64>() => "number".to_owned(),
            _ => "\"text\"".to_owned(),
        };
        match self.flag.get_action() {
            ArgAction::Append => format!("[{one}, ...]"),
            _ => one,
        }
    }

    fn help(&self) -> Vec<Inline> {
        let help = self.flag.get_help().map(ToString::to_string).unwrap_or_default();
        let variable = self.flag.get_env().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        vec![
            roman(format!("{help}. ")),
            bold(format!("--{}", self.name)),
            roman(", "),
            bold(variable),
            roman("."),
        ]
    }
}
