//! `run-cell`: one cell, in this process.

use std::io::BufRead;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use crate::error::{Error, Result};
use crate::matrix::paths::Trial;
use crate::matrix::{self, images, proofs};

/// What can be chosen.
#[derive(Debug, Args)]
pub struct CellFlags {
    /// The cell's name
    cell: String,

    /// A list of images that you have
    #[arg(long, value_name = "FILE")]
    images: Option<PathBuf>,

    /// Put the machine on the network of this one
    #[arg(long)]
    outward: bool,

    /// Only make the image
    #[arg(long)]
    prepare: bool,

    /// Let the machine run at the end, until Enter is pressed
    #[arg(long)]
    keep: bool,

    /// Boot the image with its console in this terminal, and run nothing
    #[arg(long)]
    interactive: bool,
}

/// Runs it.
pub fn run(flags: &CellFlags) -> Result<()> {
    let cell = matrix::named(&flags.cell)
        .ok_or_else(|| Error::new(format!("no cell is called '{}'", flags.cell)))?;
    let given = flags.images.as_deref().map(images::given).transpose()?.unwrap_or_default();
    let image = images::of(&cell, &given);
    if flags.interactive {
        return Trial::to_look_at(&cell, &image, flags.outward)?.look();
    }
    let mut trial = Trial::of(&cell, &image, flags.outward)?;
    if flags.prepare {
        return Ok(());
    }
    let started = Instant::now();
    let done = trial.go(cell.path);
    let took = started.elapsed();
    if flags.keep {
        wait_until_seen(&trial, &done)?;
    }
    done?;
    trial.end()?;
    proofs::record(&cell, &image, took)
}

fn wait_until_seen(trial: &Trial, done: &Result<()>) -> Result<()> {
    match done {
        Ok(()) => eprintln!("it went well"),
        Err(error) => eprintln!("error: {error}"),
    }
    let Some(machine) = &trial.machine else { return Ok(()) };
    eprintln!(
        "its machine runs until you press Enter; a command in it:\n  {}",
        machine.command_line("landfall status")?
    );
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(())
}
