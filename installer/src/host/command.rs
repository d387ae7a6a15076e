//! The commands that touch a machine, as a closed set.
//!
//! Typed, so that the fake can act them out and a reader sees at one glance what Landfall ever runs.
//! How each looks as an argument list is `host/linux/arguments.rs`.

use std::path::PathBuf;

use distro_matrix::Manager;

use super::{Family, Rule};
use crate::secret::Secret;

/// A command that changes the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The package manager.
    Packages(Manager, Packages),
    /// `systemctl VERB UNIT...`.
    Unit(UnitVerb, Vec<String>),
    /// Makes systemd read its unit files again.
    ReloadUnits,
    /// Changes the firewall by what `iptables-restore` reads, table by table at once, and flushes nothing else.
    RestoreRules {
        /// Whose firewall.
        family: Family,
        /// What it reads.
        rules: String,
    },
    /// Adds or removes a rule that firewalld sets.
    FirewalldRule {
        /// Whether it comes or goes.
        add: bool,
        /// Where.
        place: Firewalld,
        /// The rule, as its tool prints it.
        rule: String,
    },
    /// Deletes one firewall rule.
    DeleteRule(Rule),
    /// The SSM agent's own registration: the one step with an effect far away.
    RegisterAgent {
        /// The activation's id.
        id: String,
        /// The activation's code.
        code: Secret,
        /// The region.
        region: String,
        /// Whether a blank or broken registration is in the way (`-y`).
        replace: bool,
    },
    /// Blanks the SSM agent's local registration; asks nobody.
    ClearAgent,
    /// Lets the journal go on in memory, and leave its files on disk.
    RelinquishJournal,
    /// Lets cloud-init forget this instance. What is called by it finds [`SEALING`] in its environment.
    CleanCloudInit {
        /// Whether the seed that lies on the machine goes too.
        seed: bool,
    },
    /// Names all of Docker's containers, a line each.
    Containers,
    /// Removes containers, running or not, with the volumes that nobody gave a name.
    RemoveContainers(Vec<String>),
    /// Loads a module of the kernel's.
    LoadModule(&'static str),
    /// Empties a name of VMware's guestinfo.
    ClearGuestinfo(String),
}

/// Set for whatever a seal runs, so that a hook that calls Landfall knows that it is called by it.
pub const SEALING: &str = "LANDFALL_SEALING";

impl Command {
    /// Whether its program asks other machines for anything.
    #[must_use]
    pub fn asks_network(&self) -> bool {
        match self {
            Self::Packages(_, packages) => {
                matches!(
                    packages,
                    Packages::Update
                        | Packages::Preview { .. }
                        | Packages::Install { .. }
                        | Packages::Reinstall(_)
                )
            }
            Self::RegisterAgent { .. } => true,
            _ => false,
        }
    }
}

/// What a package manager is asked to do, itself or by the program below it: dpkg, rpm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packages {
    /// Reads the package lists again.
    Update,
    /// Installs packages by name and by file in one transaction.
    Install {
        /// Packages from the configured repositories.
        names: Vec<String>,
        /// Verified local files: with apt alone, see [`Self::InstallFiles`].
        files: Vec<PathBuf>,
        /// Repositories that are off by default and are used this once.
        enable: Vec<String>,
        /// A file to which apt adds, and syncs, which archives it will give to dpkg, before it does.
        record: PathBuf,
        /// Whether an older version may take the place of a newer one.
        downgrade: bool,
    },
    /// Fetches what installing these takes, says what that would do, and installs nothing.
    Preview {
        /// Packages from the configured repositories.
        names: Vec<String>,
        /// Repositories that are off by default and are used this once.
        enable: Vec<String>,
    },
    /// Installs verified local files in a transaction of rpm's own, in which nothing else is.
    InstallFiles {
        /// The files.
        files: Vec<PathBuf>,
        /// Whether an older version may take the place of a newer one.
        downgrade: bool,
    },
    /// Lets rpm trust the certificates in a file.
    TrustKey(PathBuf),
    /// Takes a certificate back, by the package that rpm keeps it as.
    ForgetKey(String),
    /// Finishes what an interrupted dpkg left half done.
    Configure,
    /// Clears away a half-installed package that dpkg demands to be installed again.
    ClearBroken(String),
    /// Installs a package again that dpkg was interrupted at, from the configured repositories.
    Reinstall(String),
    /// Removes packages with their configuration.
    Purge(Vec<String>),
    /// Removes packages, and keeps their configuration.
    Remove(Vec<String>),
}

/// A verb of systemctl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitVerb {
    /// Start at boot.
    Enable,
    /// Do not start at boot.
    Disable,
    /// Start now.
    Start,
    /// Stop now.
    Stop,
    /// Stop and start.
    Restart,
    /// Forget a failure, and the count of starts.
    ResetFailed,
}

/// Where firewalld has a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firewalld {
    /// Among what it has set, while it runs.
    Running,
    /// Among what it sets when it loads, told to it while it runs.
    Kept,
    /// The same, while it does not run.
    KeptAtRest,
}

/// What a command left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// The exit code; a signal's number plus 128 where one ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// Whether the exit code was 0.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.code == 0
    }

    /// The last lines of standard error, or of standard output where that is empty: enough to say why.
    #[must_use]
    pub fn tail(&self) -> String {
        let text = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(3)..].join("; ")
    }
}
