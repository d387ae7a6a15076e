//! `landfall`: parse, call, render, exit.

use std::process::ExitCode;

use clap::Parser;
use landfall::cli::Cli;
use landfall::commands;
use landfall::error::Error;
use landfall::host::linux::Linux;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match commands::run(&mut Linux::open(), cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => report(&e),
    }
}

fn report(error: &Error) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(error.exit_code())
}
