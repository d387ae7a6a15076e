//! `landfall-image`: parse, call, render, exit.

use std::process::ExitCode;

use clap::Parser;
use image_recipes::cli::Cli;
use image_recipes::commands;

fn main() -> ExitCode {
    match commands::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::from(e.exit_code())
        }
    }
}
