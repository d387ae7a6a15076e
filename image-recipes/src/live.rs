//! The live system at work: `landfall-image live`, which `media` and `netboot` put into a small Debian in memory.
//!
//! It finds the disk that was named, looks whether it may be written, verifies the image, writes it, and starts the
//! machine anew. Whatever goes wrong stays on the screens until somebody presses Enter: nothing is tried in a loop that
//! writes.

use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::program::Program;

pub mod address;
pub mod choice;
pub mod disks;
pub mod gpt;
pub mod medium;
mod network;
pub mod occupancy;
pub mod order;
#[cfg(test)]
mod samples;
pub mod screen;
pub mod target;
pub mod write;

use disks::Disk;
use medium::Medium;
use occupancy::Occupancy;
use order::{From, Task};
use screen::Screen;
use target::Target;

/// A disk may be plugged in at any time.
const LOOK_AGAIN: Duration = Duration::from_secs(3);
const BEFORE_REBOOT: Duration = Duration::from_secs(10);
/// On the kernel's command line: a disk that this medium wrote already is written again.
pub const AGAIN: &str = "landfall.again";

/// Runs it; it ends with the machine's next start.
///
/// # Errors
/// When the live system lacks what it was made with.
pub fn run() -> Result<()> {
    let mut screen = Screen::of_machine();
    let task = Task::read(Path::new(order::FOLDER)).inspect_err(|e| screen.error(e))?;
    let again =
        std::fs::read_to_string("/proc/cmdline").unwrap_or_default().split_whitespace().any(|it| it == AGAIN);
    greet(&mut screen, &task);
    while let Err(stop) = attempt(&mut screen, &task, again) {
        screen.error(&stop);
        screen.say("\nNothing more happens until you press Enter: then it is tried again.");
        screen.enter(None);
        greet(&mut screen, &task);
    }
    screen.say("\nDone. The machine starts anew in 10 seconds, or when you press Enter.");
    if let From::Medium(_) = task.order.from {
        screen.say("Take the medium out. Left in, it starts the disk and writes nothing.");
    }
    screen.enter(Some(BEFORE_REBOOT));
    screen.say("starting anew");
    Program::new("systemctl", "systemd").arg("reboot").run().map(drop)
}

fn greet(screen: &mut Screen, task: &Task) {
    let Task { order, manifest, seed } = task;
    screen.clear();
    screen
        .say(&format!("Landfall {} writes an image to a disk of this machine.\n", env!("CARGO_PKG_VERSION")));
    screen.say(&format!("  image  {}, {}", manifest.name, disks::size(manifest.size)));
    screen.say(&format!("  sha256 {}", manifest.sha256));
    screen.say(&format!("  disk   the one with {}", order.disk));
    screen.say(match order.wipe {
        true => "         whatever is on it is lost",
        false => "         only if it is empty",
    });
    screen.say(if seed.is_empty() { "  seed   none\n" } else { "  seed   it registers at its first boot\n" });
}

/// All of it, once. What is returned as an error has to be looked at by somebody.
fn attempt(screen: &mut Screen, task: &Task, again: bool) -> Result<()> {
    match &task.order.from {
        From::Medium(label) => {
            let mut medium = Medium::open(label)?;
            let target = ready(screen, task, Some(&medium.name), again)?;
            medium.verify(&task.manifest, &mut |work, done, all| screen.progress(work, done, all))?;
            write::write(&target, task, &mut medium, &mut |work, done, all| screen.progress(work, done, all))
        }
        From::Address(url) => {
            let target = ready(screen, task, None, again)?;
            network::wait();
            // Both the source and the work tell of themselves, never at once.
            let screen = std::cell::RefCell::new(screen);
            let mut tell = |line: &str| screen.borrow_mut().say(line);
            let mut source = address::Address::new(url, network::learn, &mut tell)?;
            write::write(&target, task, &mut source, &mut |work, done, all| {
                screen.borrow_mut().progress(work, done, all);
            })
        }
    }
}

/// The disk that was named, once it is there, if it may be written.
fn ready(screen: &mut Screen, task: &Task, medium: Option<&str>, again: bool) -> Result<Target> {
    let mut shown = None;
    loop {
        Program::new("udevadm", "udev").arg("settle").run()?;
        let disks = disks::of_machine()?;
        match disks::chosen(&disks, &task.order.disk, medium) {
            Ok(disk) => {
                let target = Target::look(&disk.node(), disk.bytes)?;
                let there = occupancy::look(&target, &disk.node())?;
                show(screen, disk, &there.described());
                fits(disk, task)?;
                may_be_written(disk, &there, task, again)?;
                return Target::open(&disk.node(), disk.bytes);
            }
            // It may come yet; nothing is said twice.
            Err(error) if shown.as_ref() != Some(&disks) => {
                list(screen, &disks, medium);
                screen.error(&error);
                shown = Some(disks);
            }
            Err(_) => {
                screen.enter(Some(LOOK_AGAIN));
            }
        }
    }
}

fn list(screen: &mut Screen, disks: &[Disk], medium: Option<&str>) {
    screen.say(if disks.is_empty() { "This machine has no disks." } else { "This machine has these disks:" });
    for disk in disks {
        let there = match medium == Some(disk.name.as_str()) {
            true => "the medium that this machine was booted from".to_owned(),
            false => Target::look(&disk.node(), disk.bytes)
                .and_then(|target| occupancy::look(&target, &disk.node()))
                .map_or_else(|e| e.what, |it| it.described()),
        };
        show(screen, disk, &there);
    }
}

/// A disk as `--disk` names it, and what is on it.
fn show(screen: &mut Screen, disk: &Disk, there: &str) {
    screen.say(&format!("  {}  {}", disk.name, disk.described()));
    disk.paths.iter().for_each(|path| screen.say(&format!("       path {path}")));
    screen.say(&format!("       {there}"));
}

fn fits(disk: &Disk, task: &Task) -> Result<()> {
    let least = task.manifest.least_bytes.max(task.manifest.size);
    if disk.bytes < least {
        return Err(Error::refused(format!(
            "the image needs a disk of {}, and {} has {}",
            disks::size(least),
            disk.name,
            disks::size(disk.bytes)
        ))
        .hint("put a larger disk in, and make a medium that names it"));
    }
    if disk.sector != gpt::SECTOR {
        return Err(Error::refused(format!(
            "{} has sectors of {} bytes, and the image was made for disks with {}",
            disk.name,
            disk.sector,
            gpt::SECTOR
        ))
        .hint("many disks can be told to have sectors of 512 bytes, by a program of their maker's"));
    }
    Ok(())
}

fn may_be_written(disk: &Disk, there: &Occupancy, task: &Task, again: bool) -> Result<()> {
    match there {
        Occupancy::Empty | Occupancy::HalfWritten => Ok(()),
        Occupancy::Written(id) if *id == task.order.id && !again => Err(Error::refused(format!(
            "{} was written by this {} already; it is left as it is",
            disk.name,
            if let From::Medium(_) = task.order.from { "medium" } else { "server" }
        ))
        .hint(match task.order.from {
            From::Medium(_) => "take the medium out, and start the machine from its disk",
            From::Address(_) => {
                "let the machine boot from its disk first; 'landfall.again' on the kernel's line in landfall.ipxe has it \
                 written once more, where netboot was told --wipe"
            }
        })),
        Occupancy::Written(_) | Occupancy::Taken(_) if task.order.wipe => Ok(()),
        Occupancy::Written(_) | Occupancy::Taken(_) => Err(Error::refused(format!(
            "{} is {}; nothing was written",
            disk.name,
            match there {
                Occupancy::Written(_) => "not empty: Landfall wrote an image to it".to_owned(),
                there => there.described(),
            }
        ))
        .hint("is it the right disk? Then make the medium with --wipe, or empty the disk")),
    }
}

#[cfg(test)]
mod tests;
