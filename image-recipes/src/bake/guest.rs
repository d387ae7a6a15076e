//! The machine that becomes an image: started, listened to, and waited for.

use std::path::Path;
use std::time::{Duration, Instant};

use super::report::{Line, Report};
use crate::error::{Error, Result};
use crate::machine::{self, Accelerator, Bus, Disk, Firmware, Format, Network, Spec, arguments, console};
use crate::recipe::{self, Recipe};
use crate::told::Told;

/// How many lines of what a failed step printed an error shows.
const SHOWN: usize = 15;

/// Boots it and returns what it told of itself, once it has sealed itself and is off.
///
/// # Errors
/// When a step fails in it, it does not end in time, or its console tells of trouble.
pub fn run(
    recipe: &Recipe,
    disk: &Path,
    medium: &Path,
    folder: &Path,
    patience: Duration,
    verbose: bool,
) -> Result<Told> {
    let accelerator = Accelerator::of(recipe.architecture);
    let how = if accelerator == Accelerator::Tcg { ", emulated: this takes minutes" } else { "" };
    eprintln!("booting it{how}");
    let emulator = arguments::command(recipe.architecture);
    let mut machine = machine::start(&spec(recipe, disk, medium, folder)?, emulator, folder)?;
    let mut listener = Listener::new(verbose);
    let waited = machine.wait_until_off(accelerator.patience(patience), &mut || {
        listener.listen(folder);
        console::demand_no_trouble(&console::of(folder))
    });
    listener.listen(folder);
    waited.and_then(|()| listener.verdict())?;
    Ok(listener.told)
}

fn spec(recipe: &Recipe, overlay: &Path, medium: &Path, folder: &Path) -> Result<Spec> {
    let disk =
        |file: &Path, format, read_only| Disk { file: file.to_owned(), format, bus: Bus::Virtio, read_only };
    Ok(Spec {
        architecture: recipe.architecture,
        // By the firmware that more bases know; what comes out boots by both all the same.
        firmware: match recipe.firmware {
            recipe::Firmware::Uefi => Firmware::uefi(recipe.architecture, folder)?,
            recipe::Firmware::Both | recipe::Firmware::Bios => Firmware::Bios,
        },
        memory: u32::try_from(recipe.machine.memory.bytes() >> 20).unwrap_or(u32::MAX),
        processors: recipe.machine.cpus.into(),
        disks: vec![disk(overlay, Format::Qcow2, false), disk(medium, Format::Raw, true)],
        network: Some(Network::default()),
        report: true,
        ..Spec::new(format!("landfall-bake-{}", recipe.origin.name()))
    })
}

/// Who follows the report: tells a person where the machine is, and remembers how it ended.
struct Listener {
    report: Report,
    verbose: bool,
    started: Instant,
    recent: Vec<String>,
    /// What it is just telling.
    telling: Option<String>,
    told: Told,
    end: Option<Line>,
}

impl Listener {
    fn new(verbose: bool) -> Self {
        Self {
            report: Report::default(),
            verbose,
            started: Instant::now(),
            recent: Vec::new(),
            telling: None,
            told: Told::default(),
            end: None,
        }
    }

    fn listen(&mut self, folder: &Path) {
        for line in self.report.more(folder) {
            match (line, &self.telling) {
                (Line::Other(text), Some(what)) => self.told.line(what, &text),
                (line, _) => self.hear(line),
            }
        }
    }

    fn hear(&mut self, line: Line) {
        match line {
            Line::Tells(what) => {
                self.told.begin(&what);
                self.telling = Some(what);
            }
            Line::Told => self.telling = None,
            Line::Step(what) => {
                eprintln!("{:>5} s  {what}", self.started.elapsed().as_secs());
                self.recent.clear();
            }
            Line::Other(text) => {
                if self.verbose {
                    eprintln!("         | {text}");
                }
                self.recent.push(text);
            }
            end => self.end = Some(end),
        }
    }

    fn verdict(&self) -> Result<()> {
        let said = self.recent[self.recent.len().saturating_sub(SHOWN)..].join("\n");
        match &self.end {
            Some(Line::Sealed) => Ok(()),
            Some(Line::Failed(what)) => Err(Error::failed(format!("'{what}' failed in the machine"))
                .while_doing(format!("its last lines were:\n{said}"))
                .hint("the whole report and the console stand beside the outputs")),
            _ => Err(Error::failed("the machine powered off before it was sealed")
                .while_doing(format!("its last lines were:\n{said}"))
                .hint("the console stands beside the outputs; is the base configured by cloud-init?")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_tells_is_kept_and_is_no_part_of_what_a_failed_step_printed() {
        let folder = tempfile::tempdir().unwrap();
        let report = "@bake step seal\nsealed\n@bake tells keys\nops\tkey\n@bake told\n@bake tells units\n@bake told\n\
            after\n@bake sealed\n";
        std::fs::write(folder.path().join(super::super::report::FILE), report).unwrap();
        let mut listener = Listener::new(false);
        listener.listen(folder.path());
        listener.verdict().unwrap();
        assert_eq!(listener.told.keys().unwrap().len(), 1);
        assert!(listener.told.units().unwrap().is_empty());
        assert_eq!(listener.recent, ["sealed", "after"]);
    }
}
