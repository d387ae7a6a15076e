//! Nothing of a test stays on the machine, however the test ended.
//!
//! Everything that a test makes outside of its own memory carries a name that begins with
//! `landfall-<process id>-`. Three hands clear it away with the same script: the end of each world;
//! a process beside the test that waits for the test to die, of whatever (Ctrl-C, SIGKILL, abort);
//! and the next test run, for when that process was ended too.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::cgroup;
use crate::cache;
use crate::error::{Error, Result, While};
use crate::host_command;

const SCRIPT: &str = include_str!("leftovers.sh");

/// A name that no other world on this machine has. From the first call on, this process is watched.
pub fn new_name() -> Result<String> {
    static WATCH: OnceLock<std::result::Result<Child, String>> = OnceLock::new();
    static COUNT: AtomicUsize = AtomicUsize::new(1);
    WATCH.get_or_init(|| start_watch().map_err(|error| error.to_string())).as_ref().map_err(Error::new)?;
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    Ok(format!("landfall-{}-{count}", std::process::id()))
}

/// The folder that holds the disks of guests, each world's in a folder of the world's name.
pub fn guests_folder() -> Result<PathBuf> {
    let folder = cache::folder()?.join("guests");
    if !folder.exists() {
        fs::create_dir_all(&folder)?;
        // ext4 shuns inodes that were freed in the last minutes and searches past every one of them, which
        // makes a copy after a deletion take seconds. T spreads the subfolders over the disk instead;
        // file systems that do not know it have no such trouble.
        let _ = host_command::run("chattr", [Path::new("+T"), &folder]);
    }
    Ok(folder)
}

/// Takes away everything of the world called `name`.
pub fn clear_world(name: &str) -> Result<()> {
    host_command::finish(Command::new("sh").args(["-c", SCRIPT, "sh"]).args(script_arguments(name, '.')?))?;
    Ok(())
}

/// What is still there of the process `owner`: namespaces, control groups and disks.
pub fn remaining(owner: u32) -> Result<Vec<String>> {
    let prefix = format!("landfall-{owner}-");
    Ok(all_names()?.into_iter().filter(|name| name.starts_with(&prefix)).collect())
}

/// Clears up after test processes that are no more, then starts the process that will clear up after this one.
fn start_watch() -> Result<Child> {
    let owners: BTreeSet<u32> = all_names()?.iter().filter_map(|name| owner(name)).collect();
    for dead in owners.into_iter().filter(|owner| !Path::new(&format!("/proc/{owner}")).exists()) {
        let arguments = script_arguments(&format!("landfall-{dead}"), '-')?;
        host_command::finish(Command::new("sh").args(["-c", SCRIPT, "sh"]).args(arguments))?;
    }
    let own = script_arguments(&format!("landfall-{}", std::process::id()), '-')?;
    // The script comes by the pipe, but its last line only when this process is gone: the pipe ends then.
    let mut watch = Command::new("sh")
        .args(["-c", "script=$(cat); exec sh -c \"$script\" sh \"$@\"", "sh"])
        .args(own)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .doing(|| "starting the process that clears up")?;
    let pipe = watch.stdin.as_mut().ok_or_else(|| Error::new("no pipe to the process that clears up"))?;
    pipe.write_all(SCRIPT.as_bytes())?;
    Ok(watch)
}

/// The name's end mark keeps `landfall-1` from matching `landfall-12`.
fn script_arguments(name: &str, end: char) -> Result<Vec<String>> {
    let mut arguments = vec![format!("{name}{end}"), guests_folder()?.display().to_string()];
    arguments.extend(cgroup::hierarchies()?.iter().map(|mount| mount.display().to_string()));
    Ok(arguments)
}

fn all_names() -> Result<Vec<String>> {
    let mut folders = cgroup::hierarchies()?;
    folders.extend([guests_folder()?, "/run/netns".into(), "/run/systemd/nspawn/propagate".into()]);
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(names.filter(|name| owner(name).is_some()).collect())
}

fn owner(name: &str) -> Option<u32> {
    name.strip_prefix("landfall-")?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_names_with_a_process_id_belong_to_a_test() {
        assert_eq!(super::owner("landfall-71-2.net"), Some(71));
        assert_eq!(super::owner("landfall-cache"), None);
        assert_eq!(super::owner("docker"), None);
    }
}
