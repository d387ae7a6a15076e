//! A control group of its own for everything that a test starts, so that all of it can be ended at once.
//!
//! Two containers that are started side by side would otherwise share one group and end each
//! other's services. On a machine that mounts the old hierarchy beside the new one, systemd-nspawn
//! uses both, so a group is made in both.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result, While};

/// A group named like its owner, in each hierarchy that systemd uses.
pub struct Cgroup {
    folders: Vec<PathBuf>,
}

impl Cgroup {
    /// Makes the group.
    pub fn new(name: &str) -> Result<Self> {
        let folders: Vec<PathBuf> = hierarchies()?.into_iter().map(|mount| mount.join(name)).collect();
        for folder in &folders {
            fs::create_dir_all(folder).doing(|| format!("making the control group {}", folder.display()))?;
        }
        Ok(Self { folders })
    }

    /// A command that will run `program` inside the group, to which arguments can be added.
    pub fn command(&self, program: &str) -> Command {
        self.command_in("", program)
    }

    /// The same, in a group below this one; a hierarchy that has no such group is left out.
    pub fn command_in(&self, below: &str, program: &str) -> Command {
        let mut script = String::new();
        for folder in self.folders.iter().map(|folder| folder.join(below)).filter(|folder| folder.is_dir()) {
            script += &format!("echo $$ > '{}' && ", folder.join("cgroup.procs").display());
        }
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{script}exec \"$@\""), "sh", program]);
        command
    }

    /// Ends every process of the group and of those below it, at once.
    pub fn kill(&self) -> Result<()> {
        let unified = self.folders.iter().map(|folder| folder.join("cgroup.kill")).find(|file| file.exists());
        let kill =
            unified.ok_or_else(|| Error::new("this kernel cannot end a control group (before 5.14)"))?;
        fs::write(&kill, "1").doing(|| format!("writing {}", kill.display()))
    }

    /// Makes the group anew when all in it has ended. A kernel counts for each group how often it was killed, and
    /// takes a process that is started from one into another for one to kill where the two counts differ: what
    /// an init starts after it was killed once would not live.
    pub fn renew(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        for folder in &self.folders {
            while let Err(error) = remove(folder) {
                if Instant::now() > deadline {
                    return Err(error).doing(|| format!("removing the control group {}", folder.display()));
                }
                thread::sleep(Duration::from_millis(10));
            }
            fs::create_dir(folder).doing(|| format!("making the control group {}", folder.display()))?;
        }
        Ok(())
    }
}

/// How long processes that were killed may take to be gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Removes a group with those below it, which is possible when nobody is in them.
fn remove(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove(&entry.path())?;
        }
    }
    fs::remove_dir(folder)
}

/// The mount points of cgroup v2 and of systemd's own v1 hierarchy.
pub fn hierarchies() -> Result<Vec<PathBuf>> {
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let found: Vec<PathBuf> = mounts.lines().filter_map(systemd_hierarchy).map(Path::to_owned).collect();
    match found.is_empty() {
        true => Err(Error::new("no cgroup v2 is mounted on this machine")),
        false => Ok(found),
    }
}

fn systemd_hierarchy(line: &str) -> Option<&Path> {
    let (mount, source) = line.split_once(" - ")?;
    let is_systemd = source.starts_with("cgroup2 ")
        || (source.starts_with("cgroup ") && source.split(',').any(|option| option == "name=systemd"));
    is_systemd.then(|| mount.split(' ').nth(4).map(Path::new)).flatten()
}
