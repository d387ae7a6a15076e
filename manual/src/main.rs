//! `manual`: writes the pages and completions of each program into a folder of its own below the one that is named.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(about = "Writes Landfall's man pages and shell completions")]
struct Arguments {
    /// Where to; DIR/landfall and DIR/landfall-image are made
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// The day that pages give as theirs, such as 2026-11-27
    #[arg(long)]
    date: String,
}

fn main() -> ExitCode {
    let Arguments { folder, date } = Arguments::parse();
    match write(&folder, &date) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {}: {e}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path, date: &str) -> io::Result<()> {
    for file in manual::files(date) {
        let place = folder.join(file.program);
        fs::create_dir_all(&place)?;
        fs::write(place.join(file.name), file.content)?;
    }
    Ok(())
}
