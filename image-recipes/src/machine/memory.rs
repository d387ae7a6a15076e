//! Turns for memory: machines that would not fit beside each other wait for one another.
//!
//! A ledger that all processes of this user share, under a lock: a line for each machine, with its memory and the
//! process that answers for it. Who has died is struck out by whoever comes next.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Result, While};

/// What is left to everything else, in MiB.
const SPARED: u64 = 1024;

/// A turn, which ends when this is dropped.
#[derive(Debug)]
pub struct Turn {
    ledger: PathBuf,
    line: String,
}

/// Waits until there is room for a machine with so many MiB.
///
/// # Errors
/// When there never will be, or the ledger cannot be written.
pub fn turn(ledger: &Path, mebibytes: u32) -> Result<Turn> {
    let room = total()?.saturating_sub(SPARED);
    if u64::from(mebibytes) > room {
        return Err(Error::refused(format!(
            "the machine wants {mebibytes} MiB of memory, and this one has {room} to give"
        ))
        .hint("give it less; in a recipe: machine = { memory = \"1G\" }"));
    }
    let mut waits = false;
    let line = format!("{} {} {mebibytes}", std::process::id(), unique());
    loop {
        let mut taken = false;
        rewrite(ledger, |lines| {
            lines.retain(|line| is_alive(line));
            let used: u64 =
                lines.iter().filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum();
            if used + u64::from(mebibytes) <= room {
                lines.push(line.clone());
                taken = true;
            }
        })?;
        if taken {
            return Ok(Turn { ledger: ledger.to_owned(), line });
        }
        if !std::mem::replace(&mut waits, true) {
            eprintln!("{:<10} for another machine's memory: this one wants {mebibytes} MiB", "waiting");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // What stays is struck out when this process has ended.
        let _ = rewrite(&self.ledger, |lines| lines.retain(|line| *line != self.line));
    }
}

fn unique() -> usize {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

fn is_alive(line: &str) -> bool {
    line.split(' ').next().is_some_and(|process| Path::new("/proc").join(process).exists())
}

fn total() -> Result<u64> {
    let text =
        std::fs::read_to_string("/proc/meminfo").while_doing(|| "asking how much memory there is".into())?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kibibytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.map(|it| it / 1024).ok_or_else(|| Error::failed("/proc/meminfo names no MemTotal"))
}

fn rewrite(ledger: &Path, change: impl FnOnce(&mut Vec<String>)) -> Result<()> {
    let doing = || format!("writing {}", ledger.display());
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(ledger)
        .while_doing(doing)?;
    File::lock(&file).while_doing(doing)?;
    let mut text = String::new();
    file.read_to_string(&mut text).while_doing(doing)?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    change(&mut lines);
    file.rewind().and_then(|()| file.set_len(0)).while_doing(doing)?;
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    file.write_all(text.as_bytes()).while_doing(doing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_given_back_and_the_dead_hold_none() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("memory");
        std::fs::write(&ledger, "999999999 0 99999999\n").unwrap();
        let turn = turn(&ledger, 1).unwrap();
        assert_eq!(std::fs::read_to_string(&ledger).unwrap(), format!("{}\n", turn.line));
        drop(turn);
        assert_eq!(std::fs::read_to_string(&ledger).unwrap(), "");
    }

    #[test]
    fn the_second_of_two_big_machines_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("memory");
        let most = u32::try_from(total().unwrap() - SPARED).unwrap();
        let first = turn(&ledger, most).unwrap();
        let waiting = {
            let ledger = ledger.clone();
            std::thread::spawn(move || turn(&ledger, most).map(drop))
        };
        std::thread::sleep(Duration::from_millis(300));
        assert!(!waiting.is_finished());
        drop(first);
        waiting.join().unwrap().unwrap();
    }

    #[test]
    fn a_machine_that_never_fits_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = turn(&folder.path().join("memory"), u32::MAX).unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }
}
