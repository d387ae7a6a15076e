//! `landfall up` that is cut short: a program that a test copies into a guest and runs there as root.
//!
//! At each step that acts there are two places: right before it acts, and right after. A run stops at the
//! first place that no earlier run stopped at, which a file remembers; it ends itself by SIGKILL, or says
//! where it is and waits for the power to be cut. A run that finds no new place completes. Everything but the
//! stopping is what people run, and without `CUT_BY` it is just that. It is no tool for a machine that anybody needs.
#![allow(clippy::disallowed_methods, reason = "it remembers its places past the door")]

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use landfall::apply::{Event, Outcome};
use landfall::cli::{Action, Cli};
use landfall::commands::{self, up};
use landfall::error::Result;
use landfall::host::linux::Linux;
use landfall::plan::Goal;
use landfall::step::Change;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const PLACES: &str = "/root/places";

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::from(e.exit_code())
        }
    }
}

/// Landfall puts the program that runs into its place, so this one is called by the units too.
fn run(cli: Cli) -> Result<()> {
    let mut host = Linux::open();
    let (Ok(how), Action::Up(options)) = (std::env::var("CUT_BY"), &cli.command) else {
        return commands::run(&mut host, cli);
    };
    let known = places();
    up::run_watched(&mut host, options, Goal::Up, false, &mut |event| match event {
        Event::Begins(item) => stop_at(&format!("before {}", item.step.subject()), &known, &how),
        Event::Ends { item, outcome: Outcome::Done, .. } => {
            stop_at(&format!("after {}", item.step.subject()), &known, &how);
        }
        _ => {}
    })
}

fn places() -> BTreeSet<String> {
    let mut text = String::new();
    if let Ok(mut file) = File::open(PLACES) {
        file.read_to_string(&mut text).expect("the places can be read");
    }
    text.lines().map(str::to_owned).collect()
}

fn stop_at(place: &str, known: &BTreeSet<String>, how: &str) {
    if known.contains(place) {
        return;
    }
    let mut file = OpenOptions::new().create(true).append(true).open(PLACES).expect("the guest's disk");
    writeln!(file, "{place}").and_then(|()| file.sync_all()).expect("the guest's disk can be written");
    eprintln!("cut {place}");
    match how {
        "kill" => kill(Pid::this(), Signal::SIGKILL).expect("we may end ourselves"),
        _ => std::thread::sleep(Duration::from_secs(600)),
    }
}
