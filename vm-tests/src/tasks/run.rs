//! `run`: cells of the matrix, as many beside each other as there are processors, each in a process of its own.
//!
//! A cell that cannot run says why in its line: it is skipped until a day, or no image of it can be had. That is no
//! failure; a filter that fits no cell is.

use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Args;

use crate::cache;
use crate::error::{Error, Result, While};
use crate::matrix::images::{self, GivenImage, Image};
use crate::matrix::skips::{self, Skip};
use crate::matrix::{self, Cell};
use crate::programs;
use crate::proofs;

mod beside;
mod cell;
mod junit;

pub use cell::CellFlags;
pub use cell::run as run_cell;

/// Lines of a failed cell's output that are shown; all of it is in its log.
const TAIL: usize = 30;

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Flags {
    /// Also the cells whose image has to be downloaded from its vendor
    #[arg(long)]
    all: bool,

    /// The cells to run, such as 'debian-12', '*/*/uefi' or 'debian-*/x86_64/bios/up'; may be given several times
    #[arg(long = "filter", value_name = "CELLS")]
    filters: Vec<String>,

    /// A list of images that you have, in TOML: docs/testing.md
    #[arg(long, value_name = "FILE", env = "LANDFALL_IMAGES")]
    images: Option<PathBuf>,

    /// Put machines on the network of this one, where their distributions' package repositories are
    #[arg(long)]
    outward: bool,

    /// How many cells run beside each other, each on a machine with one processor; without it, as many as this machine
    /// has processors
    #[arg(long, value_name = "NUMBER")]
    jobs: Option<NonZeroUsize>,

    /// Only say which cells there are, and what each would run on
    #[arg(long, conflicts_with_all = ["keep", "interactive", "junit"])]
    list: bool,

    /// Only make the images that the cells begin with, so that a later run has them
    #[arg(long, conflicts_with_all = ["list", "keep", "interactive", "junit"])]
    prepare: bool,

    /// Let the machine run at the end of a cell, or where it failed, until you press Enter
    #[arg(long, conflicts_with = "junit")]
    keep: bool,

    /// Boot the image of one cell with its console in this terminal, and run nothing
    #[arg(long, conflicts_with_all = ["keep", "junit"])]
    interactive: bool,

    /// Write the outcome there as JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// What became of a cell.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Ran,
    /// It could run at once now.
    Prepared,
    /// With the end of what it said.
    Failed(String),
    Skipped(String),
    NoImage(String),
}

/// A cell, what became of it, and how long that took.
struct Report {
    cell: Cell,
    outcome: Outcome,
    took: Duration,
}

/// Runs the cells that were asked for; the exit code says whether one failed.
pub fn run(flags: &Flags) -> Result<ExitCode> {
    let given = flags.images.as_deref().map(images::given).transpose()?.unwrap_or_default();
    let chosen = chosen(&flags.filters, flags.all, &given)?;
    let (skips, today) = (skips::all()?, proofs::today()?);
    if flags.list {
        chosen.iter().for_each(|cell| println!("{}", listed(cell, &given, &skips, &today)));
        return Ok(ExitCode::SUCCESS);
    }
    if (flags.interactive || flags.keep) && chosen.len() != 1 {
        return Err(Error::new(format!(
            "one cell can be looked at, and {} fit\nhint: name one with --filter; --list names all",
            chosen.len()
        )));
    }
    let started = Instant::now();
    let report = |cell| report(cell, flags, &given, &skips, &today);
    let reports = beside::each(chosen, jobs(flags.jobs), report);
    if let Some(file) = &flags.junit {
        junit::write(file, &reports)?;
    }
    Ok(ended(&reports, if flags.prepare { "prepared" } else { "ran" }, started.elapsed()))
}

fn jobs(asked: Option<NonZeroUsize>) -> NonZeroUsize {
    asked.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}

/// Without a filter everything that needs no download, with `all` that too. What a filter names exactly is run
/// whatever it needs.
fn chosen(filters: &[String], all: bool, given: &[GivenImage]) -> Result<Vec<Cell>> {
    let fits = |cell: &Cell| {
        let name = cell.to_string();
        filters.is_empty() || filters.iter().any(|it| matrix::matches(it, &name))
    };
    let is_here = |cell: &Cell| !matches!(images::of(cell, given), Image::Vendor | Image::None(_));
    let cells: Vec<Cell> = matrix::cells().into_iter().filter(fits).collect();
    let unknown = filters.iter().find(|it| !cells.iter().any(|cell| matrix::matches(it, &cell.to_string())));
    if let Some(filter) = unknown {
        return Err(Error::new(format!(
            "no cell is called '{filter}'\nhint: RELEASE/ARCHITECTURE/FIRMWARE/PATH, with * for anything; --list names all"
        )));
    }
    Ok(match all || cells.len() == filters.len() {
        true => cells,
        false => cells.into_iter().filter(is_here).collect(),
    })
}

fn listed(cell: &Cell, given: &[GivenImage], skips: &[Skip], today: &str) -> String {
    let what = match (skips::of(cell, skips, today), images::of(cell, given)) {
        (Err(error), _) => error.to_string().lines().next().unwrap_or_default().to_owned(),
        (Ok(Some(skip)), _) => format!("skipped because {}, until {}", skip.because, skip.until),
        (Ok(None), Image::Given(it)) => it.file.display().to_string(),
        (Ok(None), Image::Packages) => "made from packages".to_owned(),
        (Ok(None), Image::StandIn(it)) => format!("stand-in {}", it.name()),
        (Ok(None), Image::Vendor) => "its vendor's, downloaded".to_owned(),
        (Ok(None), Image::None(why)) => format!("no image: {why}"),
    };
    format!("{:<48} {what}", cell.to_string())
}

fn report(cell: Cell, flags: &Flags, given: &[GivenImage], skips: &[Skip], today: &str) -> Report {
    let started = Instant::now();
    let outcome = match skips::of(&cell, skips, today) {
        Err(error) => Outcome::Failed(error.to_string()),
        Ok(Some(skip)) => Outcome::Skipped(format!("because {}, until {}", skip.because, skip.until)),
        Ok(None) => match images::of(&cell, given) {
            Image::None(why) => Outcome::NoImage(why),
            Image::Vendor => match images::why_not_reachable(&cell) {
                Some(why) => Outcome::NoImage(format!("its vendor's server does not answer: {why}")),
                None => ran(&cell, flags),
            },
            _ => ran(&cell, flags),
        },
    };
    let report = Report { cell, outcome, took: started.elapsed() };
    println!("{}", report.line());
    report
}

fn ran(cell: &Cell, flags: &Flags) -> Outcome {
    run_in_a_process(cell, flags).unwrap_or_else(|error| Outcome::Failed(error.to_string()))
}

impl Report {
    fn line(&self) -> String {
        let (name, seconds) = (self.cell.to_string(), self.took.as_secs());
        match &self.outcome {
            Outcome::Ran => format!("{:<10} {name}, {seconds} s", "ran"),
            Outcome::Prepared => format!("{:<10} {name}, {seconds} s", "prepared"),
            Outcome::Failed(why) => format!("{:<10} {name}, {seconds} s\n{why}", "FAILED"),
            Outcome::Skipped(why) => format!("{:<10} {name}, {why}", "skipped"),
            Outcome::NoImage(why) => format!("{:<10} {name}: {why}", "no image"),
        }
    }
}

/// What a cell prints is kept; a person who looks at its machine sees it at once.
fn run_in_a_process(cell: &Cell, flags: &Flags) -> Result<Outcome> {
    let mut command = Command::new(std::env::current_exe()?);
    // Built once, by whoever comes first, and not by cells beside each other.
    command.env("LANDFALL_BINARY", programs::landfall()?);
    command.env("LANDFALL_IMAGE_BINARY", programs::landfall_image()?);
    command.arg("run-cell").arg(cell.to_string());
    if let Some(images) = &flags.images {
        command.arg("--images").arg(images);
    }
    command.args(flags.outward.then_some("--outward"));
    let looked_at = [(flags.keep, "--keep"), (flags.interactive, "--interactive")];
    if let Some((_, flag)) = looked_at.iter().find(|(asked, _)| *asked) {
        let status = command.arg(flag).status().doing(|| format!("starting {cell}"))?;
        return Ok(if status.success() { Outcome::Ran } else { Outcome::Failed(String::new()) });
    }
    command.args(flags.prepare.then_some("--prepare"));
    let log = log_of(cell)?;
    let file = File::create(&log).doing(|| format!("writing {}", log.display()))?;
    let errors = file.try_clone()?;
    let status = command.stdin(Stdio::null()).stdout(file).stderr(errors).status();
    match status.doing(|| format!("starting {cell}"))?.success() {
        true if flags.prepare => Ok(Outcome::Prepared),
        true => Ok(Outcome::Ran),
        false => Ok(Outcome::Failed(format!("{}\nall of it: {}", tail(&log)?, log.display()))),
    }
}

fn log_of(cell: &Cell) -> Result<PathBuf> {
    let folder = cache::folder()?.join("cell-logs");
    fs::create_dir_all(&folder).doing(|| format!("making {}", folder.display()))?;
    Ok(folder.join(format!("{}.log", cell.to_string().replace('/', "_"))))
}

fn tail(log: &Path) -> Result<String> {
    let text = fs::read(log).doing(|| format!("reading {}", log.display()))?;
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(TAIL)..].join("\n"))
}

fn ended(reports: &[Report], what: &str, took: Duration) -> ExitCode {
    let count = |is_it: fn(&Outcome) -> bool| reports.iter().filter(|it| is_it(&it.outcome)).count();
    let failed = count(|it| matches!(it, Outcome::Failed(_)));
    let seconds = took.as_secs();
    println!(
        "{} {what}, {failed} failed, {} skipped, {} without an image, in {seconds} s",
        count(|it| matches!(it, Outcome::Ran | Outcome::Prepared)),
        count(|it| matches!(it, Outcome::Skipped(_))),
        count(|it| matches!(it, Outcome::NoImage(_))),
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(filters: &[&str], all: bool) -> Vec<String> {
        let filters: Vec<String> = filters.iter().map(|it| (*it).to_owned()).collect();
        chosen(&filters, all, &[]).unwrap().iter().map(Cell::to_string).collect()
    }

    #[test]
    fn without_a_filter_all_runs_that_needs_no_download() {
        let names = names(&[], false);
        assert!(names.contains(&"debian-12/x86_64/bios/up".to_owned()));
        assert!(names.contains(&"fedora-43/x86_64/bios/up".to_owned()), "a stand-in");
        assert!(!names.contains(&"fedora-43/x86_64/bios/one-liner".to_owned()), "its vendor's");
    }

    #[test]
    fn a_cell_that_is_named_exactly_runs_whatever_it_needs_and_a_group_what_is_here() {
        let exact = "fedora-43/x86_64/bios/one-liner";
        assert_eq!(names(&[exact], false), [exact]);
        assert_eq!(names(&["fedora-43/x86_64/bios"], false), ["fedora-43/x86_64/bios/up"]);
        assert_eq!(names(&["fedora-43/x86_64/bios"], true).len(), matrix::Path::ALL.len());
    }

    #[test]
    fn a_cell_whose_image_alone_was_made_did_not_run() {
        let cell = matrix::named("debian-12/x86_64/bios/up").unwrap();
        let report = Report { cell, outcome: Outcome::Prepared, took: Duration::from_secs(7) };
        assert_eq!(report.line(), "prepared   debian-12/x86_64/bios/up, 7 s");
    }

    #[test]
    fn a_filter_that_fits_no_cell_is_said() {
        let error = chosen(&["debian-12".to_owned(), "debain".to_owned()], false, &[]).unwrap_err();
        assert!(error.to_string().starts_with("no cell is called 'debain'\nhint: "), "{error}");
    }

    #[test]
    fn a_list_says_of_each_cell_what_it_would_run_on() {
        let skips = skips::all().unwrap();
        for (name, what) in [
            ("debian-12/x86_64/bios/up", "made from packages"),
            ("fedora-43/x86_64/bios/up", "stand-in fedora43"),
            ("fedora-43/x86_64/uefi/up", "its vendor's, downloaded"),
            ("rhel-9/x86_64/uefi/up", "no image: its vendor gives it to customers, or under names that move"),
        ] {
            let line = listed(&matrix::named(name).unwrap(), &[], &skips, "2026-11-27");
            assert_eq!(line.split_once(' ').unwrap().1.trim(), what, "{name}");
        }
    }
}
