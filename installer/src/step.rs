//! A step: one change to a machine, as a value.
//!
//! A closed set. Every kind knows how to look whether it is needed and what it would replace
//! ([`Step::check`]), how to do it ([`Step::apply`]) and how to put back what was there
//! ([`Step::undo`]). A kind never decides whether it belongs in a plan: that is `plan.rs`.

use std::cell::RefCell;
use std::path::PathBuf;

use distro_matrix::Manager;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::activation::Activation;
use crate::error::Result;
use crate::host::{Host, Machine, Output, Rule};

mod add_repository;
mod agents;
mod at_boot;
mod before;
mod copy_file;
mod env_file;
mod exec_programs;
mod file;
mod firewall;
mod firewall_rule;
mod firewalld_rules;
mod folder;
mod merge_json;
mod order;
mod packages;
mod program;
mod read_package_lists;
mod register;
mod repair_packages;
mod selinux;
mod sysctl;
mod unit;
mod units;

pub use add_repository::AddRepository;
pub use agents::Await;
pub use at_boot::AtBoot;
pub use before::{Before, Content};
pub use copy_file::CopyFile;
pub use env_file::EnvFile;
pub(crate) use env_file::value as env_value;
pub use exec_programs::{BIN, ExecPrograms, upstream};
pub use file::WriteFile;
pub use firewall::Firewall;
pub use firewalld_rules::FirewalldRules;
pub(crate) use firewalld_rules::UNIT as FIREWALLD;
pub use folder::Folders;
pub use merge_json::MergeJson;
pub(crate) use packages::downloads;
pub use packages::{InstallPackages, Least, PackageFile};
pub use program::InstallProgram;
pub use read_package_lists::ReadPackageLists;
pub use register::{MARKER, Register};
#[cfg(any(windows, test))]
pub(crate) use register::{
    account_of, credentials, made_nothing, marker, must_be_in, of_another_account, said_no, tree, was_cleared,
};
pub(crate) use register::{deregister, forget_identity, no_activation, unanswered};
pub use repair_packages::RepairPackages;
pub use selinux::Selinux;
pub(crate) use selinux::{FILE as SELINUX_FILE, NOW as SELINUX_NOW, mode_at_boot};
pub use sysctl::Sysctl;
pub use unit::Unit;

/// One change to a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// Make folders that Landfall or an agent will fill.
    Folders(Folders),
    /// Write a whole file.
    WriteFile(WriteFile),
    /// Put Landfall's own program in its place.
    InstallProgram(InstallProgram),
    /// Set keys in a `KEY=VALUE` file, in place.
    EnvFile(EnvFile),
    /// Copy a file of the system's.
    CopyFile(CopyFile),
    /// Merge keys into a JSON file.
    MergeJson(MergeJson),
    /// Finish what an interrupted package manager left.
    RepairPackages(RepairPackages),
    /// Read the package lists.
    ReadPackageLists(ReadPackageLists),
    /// Add a vendor's package repository.
    AddRepository(AddRepository),
    /// Install packages by name and by verified file, in one transaction.
    InstallPackages(InstallPackages),
    /// Put the programs of ECS Exec in their place.
    ExecPrograms(ExecPrograms),
    /// Have systemd start units at every boot.
    AtBoot(AtBoot),
    /// Enable and start, or restart, a systemd unit.
    Unit(Unit),
    /// Set a kernel setting, now. In receipts of earlier versions.
    Sysctl(Sysctl),
    /// Add a firewall rule, now. In receipts of earlier versions.
    FirewallRule(Rule),
    /// Put chains of our own into the firewall, and make the setting that is safe behind them, now.
    Firewall(Firewall),
    /// Have firewalld set rules whenever it loads.
    FirewalldRules(FirewalldRules),
    /// Let SELinux only tell what it would refuse.
    Selinux(Selinux),
    /// Give the machine its identity.
    Register(Register),
    /// Wait, bounded, for something the agents bring about.
    Await(Await),
}

/// What a step may need besides the machine, and what one step of a run leaves to the next.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The activation, where one was given.
    pub activation: Option<Activation>,
    lists: RefCell<Option<Output>>,
}

impl Context {
    /// What this run has, and nothing yet of what its steps find out.
    #[must_use]
    pub fn new(activation: Option<Activation>) -> Self {
        Self { activation, lists: RefCell::default() }
    }

    /// How reading the package lists ended in this run, where it was done.
    fn lists(&self) -> Option<Output> {
        self.lists.borrow().clone()
    }

    fn keep_lists(&self, output: Output) {
        self.lists.replace(Some(output));
    }
}

/// What could not be put back, a sentence each.
pub type Leftovers = Vec<String>;

/// One change to a machine of some system, as a value: what `apply` carries out, a receipt keeps and `undo` takes back.
pub trait Change: Clone + Serialize + DeserializeOwned + 'static {
    /// The system's door.
    type Host<'h>: ?Sized;
    /// Where the system has its receipt.
    const RECEIPT: &str;

    /// The machine behind the door, to look at.
    fn machine<'m, 'h>(host: &'m Self::Host<'h>) -> &'m (dyn Machine + 'h);

    /// The machine behind the door, to touch.
    fn machine_to_touch<'m, 'h>(host: &'m mut Self::Host<'h>) -> &'m mut (dyn Machine + 'h);

    /// What this step would replace, or `None` when there is nothing to do.
    ///
    /// # Errors
    /// When the machine cannot be looked at.
    fn check(&self, host: &Self::Host<'_>) -> Result<Option<Before>>;

    /// Begins what can run beside the steps before this one.
    ///
    /// # Errors
    /// When the machine cannot be looked at.
    fn prefetch(&self, host: &mut Self::Host<'_>) -> Result<()>;

    /// Makes the change.
    ///
    /// # Errors
    /// When the change fails; the machine is then resumable, and can be undone from the receipt.
    fn apply(&self, host: &mut Self::Host<'_>, context: &Context) -> Result<()>;

    /// Puts back what was there before.
    ///
    /// # Errors
    /// When the machine refuses; calling it again is safe.
    fn undo(&self, host: &mut Self::Host<'_>, before: &Before) -> Result<Leftovers>;

    /// What the step is about: two steps with the same subject are the same step of two runs.
    fn subject(&self) -> String;

    /// What the step does, in a few words for a line of output.
    fn describe(&self) -> String;

    /// The step of a later run together with the one in the receipt, so that undo knows of both.
    #[must_use]
    fn absorb(self, earlier: &Self) -> Self;
}

impl Change for Step {
    type Host<'h> = dyn Host + 'h;
    const RECEIPT: &str = "/var/lib/landfall/receipt.json";

    fn machine<'m, 'h>(host: &'m Self::Host<'h>) -> &'m (dyn Machine + 'h) {
        host
    }

    fn machine_to_touch<'m, 'h>(host: &'m mut Self::Host<'h>) -> &'m mut (dyn Machine + 'h) {
        host
    }

    fn check(&self, host: &Self::Host<'_>) -> Result<Option<Before>> {
        match self {
            Self::Folders(step) => step.check(host),
            Self::WriteFile(step) => step.check(host),
            Self::InstallProgram(step) => step.check(host),
            Self::EnvFile(step) => step.check(host),
            Self::CopyFile(step) => step.check(host),
            Self::MergeJson(step) => step.check(host),
            Self::RepairPackages(step) => step.check(host),
            Self::ReadPackageLists(step) => step.check(host),
            Self::AddRepository(step) => step.check(host),
            Self::InstallPackages(step) => step.check(host),
            Self::ExecPrograms(step) => step.check(host),
            Self::AtBoot(step) => step.check(host),
            Self::Unit(step) => step.check(host),
            Self::Sysctl(step) => step.check(host),
            Self::FirewallRule(_) => Ok(None),
            Self::Firewall(step) => step.check(host),
            Self::FirewalldRules(step) => step.check(host),
            Self::Selinux(step) => step.check(host),
            Self::Register(step) => step.check(host),
            Self::Await(step) => step.check(host),
        }
    }

    fn prefetch(&self, host: &mut Self::Host<'_>) -> Result<()> {
        match self {
            Self::InstallPackages(step) if step.check(host)?.is_some() => step.prefetch(host),
            Self::ExecPrograms(step) if step.check(host)?.is_some() => step.prefetch(host),
            _ => Ok(()),
        }
    }

    fn apply(&self, host: &mut Self::Host<'_>, context: &Context) -> Result<()> {
        match self {
            Self::Folders(step) => step.apply(host),
            Self::WriteFile(step) => step.apply(host),
            Self::InstallProgram(step) => step.apply(host),
            Self::EnvFile(step) => step.apply(host),
            Self::CopyFile(step) => step.apply(host),
            Self::MergeJson(step) => step.apply(host),
            Self::RepairPackages(step) => step.apply(host),
            Self::ReadPackageLists(step) => step.apply(host, context),
            Self::AddRepository(step) => step.apply(host, context),
            Self::InstallPackages(step) => step.apply(host, context),
            Self::ExecPrograms(step) => step.apply(host),
            Self::AtBoot(step) => step.apply(host),
            Self::Unit(step) => step.apply(host),
            Self::Sysctl(step) => step.apply(host),
            Self::FirewallRule(_) => Ok(()),
            Self::Firewall(step) => step.apply(host),
            Self::FirewalldRules(step) => step.apply(host),
            Self::Selinux(step) => step.apply(host),
            Self::Register(step) => step.apply(host, context.activation.as_ref()),
            Self::Await(step) => step.apply(host),
        }
    }

    fn undo(&self, host: &mut Self::Host<'_>, before: &Before) -> Result<Leftovers> {
        match self {
            Self::Folders(step) => step.undo(host, before),
            Self::WriteFile(step) => step.undo(host, before),
            Self::InstallProgram(step) => step.undo(host, before),
            Self::EnvFile(step) => step.undo(host, before),
            Self::CopyFile(step) => step.undo(host, before),
            Self::MergeJson(step) => step.undo(host, before),
            Self::AddRepository(step) => step.undo(host, before),
            Self::InstallPackages(step) => step.undo(host, before),
            Self::ExecPrograms(step) => step.undo(host, before),
            Self::AtBoot(step) => step.undo(host, before),
            Self::Unit(step) => step.undo(host, before),
            Self::Sysctl(step) => step.undo(host, before),
            Self::FirewallRule(rule) => firewall_rule::undo(rule, host),
            Self::Firewall(step) => step.undo(host, before),
            Self::FirewalldRules(step) => step.undo(host, before),
            Self::Selinux(step) => step.undo(host, before),
            Self::Register(step) => step.undo(host, before),
            Self::RepairPackages(_) | Self::ReadPackageLists(_) | Self::Await(_) => Ok(Leftovers::new()),
        }
    }

    fn subject(&self) -> String {
        match self {
            Self::Folders(step) => format!("folders {}", joined(&step.paths)),
            Self::WriteFile(step) => format!("file {}", step.path.display()),
            Self::InstallProgram(step) => format!("program {}", step.path.display()),
            Self::EnvFile(step) => format!("keys in {}", step.path.display()),
            Self::CopyFile(step) => format!("file {}", step.path.display()),
            Self::MergeJson(step) => format!("keys in {}", step.path.display()),
            Self::RepairPackages(_) => "interrupted packages".into(),
            Self::ReadPackageLists(_) => "package lists".into(),
            Self::AddRepository(step) => format!("repository {}", step.name),
            Self::InstallPackages(_) => "packages".into(),
            Self::ExecPrograms(step) => step.subject(),
            Self::AtBoot(step) => format!("units at boot {}", step.units.join(" ")),
            Self::Unit(step) => format!("unit {}", step.unit),
            Self::Sysctl(step) => format!("kernel setting {}", step.key),
            Self::FirewallRule(rule) => format!("firewall rule {rule}"),
            Self::Firewall(step) => format!("firewall chains {}", step.names()),
            Self::FirewalldRules(_) => "rules that firewalld sets".into(),
            Self::Selinux(_) => "the mode of SELinux".into(),
            Self::Register(_) => "registration".into(),
            Self::Await(step) => format!("wait for {}", step.subject()),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Folders(step) => format!("make {}", joined(&step.paths)),
            Self::WriteFile(step) => format!("write {}", step.path.display()),
            Self::InstallProgram(step) => format!("install {}", step.path.display()),
            Self::EnvFile(step) => {
                let keys: Vec<_> = step.keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
                format!("set {} in {}", keys.join(" "), step.path.display())
            }
            Self::CopyFile(step) => format!("copy the system's certificates to {}", step.path.display()),
            Self::MergeJson(step) => format!("merge {} into {}", step.keys, step.path.display()),
            Self::RepairPackages(_) => "repair the interrupted package manager".into(),
            Self::ReadPackageLists(_) => "read the package lists".into(),
            Self::AddRepository(step) if step.is_fall_back() => {
                format!("add the repository {} if {} cannot be had", step.url, step.unless.join(" "))
            }
            Self::AddRepository(step) => format!("add the repository {}", step.url),
            Self::InstallPackages(step) => step.describe(),
            Self::ExecPrograms(step) => format!("put {} in {BIN}", step.subject()),
            Self::AtBoot(step) => format!("enable {}", step.units.join(" ")),
            Self::Unit(step) => format!("enable and start {}", step.unit),
            Self::Sysctl(step) => format!("set {} = {}", step.key, step.value),
            Self::FirewallRule(rule) => format!("add rule {rule}"),
            Self::Firewall(step) => {
                format!(
                    "put {} into the firewall, then set {} = {}",
                    step.names(),
                    step.opens.key,
                    step.opens.value
                )
            }
            Self::FirewalldRules(step) => {
                format!("have firewalld set {} rules whenever it loads", step.rules.len())
            }
            Self::Selinux(_) => format!("set SELinux to permissive, now and in {SELINUX_FILE}"),
            Self::Register(step) => format!("register in {}", step.region),
            Self::Await(step) => format!("wait for {}", step.subject()),
        }
    }

    fn absorb(self, earlier: &Self) -> Self {
        match (self, earlier) {
            (Self::EnvFile(now), Self::EnvFile(earlier)) => Self::EnvFile(now.absorb(earlier)),
            (Self::InstallPackages(now), Self::InstallPackages(earlier)) => {
                Self::InstallPackages(now.absorb(earlier))
            }
            (now, _) => now,
        }
    }
}

/// The receipts of the first versions name no package manager: there was one.
fn is_apt(manager: &Manager) -> bool {
    *manager == Manager::Apt
}

pub(crate) fn joined(paths: &[PathBuf]) -> String {
    let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(" ")
}

/// Landfall's own state folder.
#[must_use]
pub fn state_folder() -> PathBuf {
    PathBuf::from("/var/lib/landfall")
}

/// Removes a folder with all that is in it, on one file system.
///
/// # Errors
/// When the machine refuses.
pub fn forget_folder(host: &mut dyn Machine, folder: &std::path::Path) -> Result<()> {
    let Some(stat) = host.stat(folder)? else { return Ok(()) };
    folder::remove_tree(host, folder, stat.device, &mut Leftovers::new())
}
