//! A page for each program and for each of its commands.

use clap::Command;
use clap_mangen::Man;
use roff::{Inline, Roff, bold, roman};

use crate::{configuration, shown};

/// The section of programs.
const SECTION: &str = "1";

/// The name of the file and the page of this command, and of those below it that are shown.
pub(crate) fn of(mut command: Command, date: &str) -> Vec<(String, Vec<u8>)> {
    // What counts for every command stands with each then.
    command.build();
    with_parents(&command, &[], date)
}

fn with_parents(command: &Command, parents: &[String], date: &str) -> Vec<(String, Vec<u8>)> {
    let name = name(command);
    let mut pages = vec![(format!("{name}.{SECTION}"), page(command, parents, date))];
    let parents = [parents, &[name]].concat();
    pages.extend(shown(command).flat_map(|below| with_parents(below, &parents, date)));
    pages
}

fn page(command: &Command, parents: &[String], date: &str) -> Vec<u8> {
    let man = Man::new(command.clone()).section(SECTION);
    let mut page = Vec::new();
    let mut begin = Roff::new();
    title(&mut begin, &name(command), SECTION, date);
    page.extend(begin.render().into_bytes());
    // Into memory, where nothing fails.
    let _ = man.render_name_section(&mut page);
    page.extend(synopsis(command).into_bytes());
    let _ = man.render_description_section(&mut page);
    let _ = man.render_options_section(&mut page);
    if shown(command).next().is_some() {
        let _ = man.render_subcommands_section(&mut page);
    }
    let mut rest = Roff::new();
    if let Some(codes) = command.get_after_help() {
        rest.control("SH", ["EXIT STATUS"]).text([roman(codes.to_string())]);
    }
    let others = see_also(command, parents);
    if !others.is_empty() {
        rest.control("SH", ["SEE ALSO"]).text(others);
    }
    page.extend(rest.render().into_bytes());
    page
}

/// As the help has it: a line with each of fifty flags would tell nobody anything.
fn synopsis(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let rest = usage.strip_prefix(name).unwrap_or_default();
    Roff::new().control("SH", ["SYNOPSIS"]).text([bold(name), roman(rest)]).render()
}

/// The pages above, and that of the file that what this command takes may stand in; those below are listed already.
fn see_also(command: &Command, parents: &[String]) -> Vec<Inline> {
    let mut others: Vec<(String, &str)> = parents.iter().map(|name| (name.clone(), SECTION)).collect();
    if command.get_arguments().any(|it| it.get_long() == Some("config")) {
        others.push((configuration::NAME.to_owned(), configuration::SECTION));
    }
    let last = others.len().saturating_sub(1);
    let reference = |(at, (name, section)): (usize, (String, &str))| {
        [bold(name), roman(format!("({section}){}", if at == last { "" } else { ", " }))]
    };
    others.into_iter().enumerate().flat_map(reference).collect()
}

fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

/// The first line of a page.
pub(crate) fn title(page: &mut Roff, name: &str, section: &str, date: &str) {
    let source = format!("landfall {}", env!("CARGO_PKG_VERSION"));
    page.control("TH", [&name.to_uppercase(), section, date, &source, "Landfall"]);
}
