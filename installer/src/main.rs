//! `landfall`: parse, call, render, exit.

use std::process::ExitCode;

use clap::Parser;
use landfall::cli::Cli;
#[cfg(unix)]
use landfall::commands::run;
use landfall::error::Error;
#[cfg(target_os = "linux")]
use landfall::host::linux::Linux as Machine;
#[cfg(windows)]
use landfall::host::windows::RealWindows as Machine;
#[cfg(windows)]
use landfall::windows::commands::run;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&mut Machine::open(), cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => report(&e),
    }
}

fn report(error: &Error) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(error.exit_code())
}
