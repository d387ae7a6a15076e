//! The only door to the machine.
//!
//! Looking takes `&self`, touching takes `&mut self`: whoever holds a `&dyn Host` cannot change the
//! machine, and the compiler sees to it. The door also carries clock, sleep and randomness, so that
//! waits and retries run in virtual time under the fake. Nothing outside `host/` names
//! `std::process`, `std::fs` or `std::env`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use distro_matrix::{Format, Manager};
use jiff::Timestamp;

use crate::error::Result;
use crate::progress::Progress;
use crate::proxy::Proxy;
use crate::secret::Secret;

mod command;
mod facets;
#[cfg(test)]
pub(crate) mod fake;
#[cfg(target_os = "linux")]
pub mod linux;
mod network;
mod reached;
mod session;
#[cfg(windows)]
pub mod windows;

pub use command::{Command, Firewalld, Output, Packages, SEALING, UnitVerb};
pub use facets::{
    ControlData, DockerDaemon, EntryKind, Family, Fetch, Holder, Introspection, Request, Response, Rule,
    Stat, Table, Timings, Transfer, UnitState, Unpack,
};
pub use reached::{Heard, Reached, Silence, Stage};

/// A place to show how the machine stands: on the console, and in files that are gone with the power. Whoever
/// shows something there changes nothing that anything depends on, and nothing fails where it cannot be shown.
pub trait Board {
    /// A line on the machine's console.
    fn console(&self, line: &str);
    /// A file below `/run`, whole; without content it goes.
    fn post(&self, path: &Path, content: Option<&str>);
    /// The wall clock.
    fn now(&self) -> Timestamp;
}

/// A machine of any system, as far as Landfall looks at it or touches it.
pub trait Machine {
    // Looking.

    /// A file's content; `None` where there is none.
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>>;
    /// As many bytes of a file's beginning, or all of it; `None` where there is none.
    fn read_head(&self, path: &Path, most: usize) -> Result<Option<Vec<u8>>>;
    /// What stands at a path, symbolic links not followed; `None` where nothing does.
    fn stat(&self, path: &Path) -> Result<Option<Stat>>;
    /// The same of what a symbolic link leads to.
    fn stat_followed(&self, path: &Path) -> Result<Option<Stat>>;
    /// What a path is with no symbolic link left in it; `None` where there is nothing.
    fn resolve(&self, path: &Path) -> Result<Option<PathBuf>>;
    /// The names in a folder, sorted; none where there is no folder.
    fn list(&self, folder: &Path) -> Result<Vec<String>>;
    /// A variable of our own environment.
    fn env(&self, name: &str) -> Option<String>;
    /// Whether we run as root.
    fn is_root(&self) -> bool;
    /// Total memory in bytes.
    fn memory(&self) -> u64;
    /// Free bytes of the file system that a path is in.
    fn room(&self, path: &Path) -> u64;
    /// The file that we ourselves run from.
    fn own_program(&self) -> Result<PathBuf>;
    /// What the ECS agent says of itself, if it answers.
    fn introspection(&self) -> Option<Introspection>;
    /// Asks addresses, all at once, whether anything answers; in the order asked for, within 10 seconds.
    /// Through this proxy, where one is given.
    fn reach(&self, addresses: &[String], proxy: Option<&Proxy>) -> Vec<Reached>;
    /// What the person at this process's terminal answers; `None` where nobody sits at one.
    fn ask_person(&self, question: &str, unseen: bool) -> Result<Option<Secret>>;
    /// Who holds the lock on a file, if anyone does.
    fn lock_holder(&self, path: &Path) -> Option<Holder>;
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// A clock that never jumps, from any start.
    fn elapsed(&self) -> Duration;
    /// Waits.
    fn sleep(&self, time: Duration);
    /// A number nobody foresees: for telling machines apart, not for keys.
    fn random(&self) -> u64;
    /// Where the time went so far.
    fn timings(&self) -> Timings;
    /// Tells the person at this machine something that takes effect on nobody else.
    fn tell(&self, sentence: &str);
    /// How far the downloads are.
    fn progress(&self) -> Arc<Progress>;

    // Touching.

    /// Takes a lock of Landfall's own until it is given up or this value ends, or says who holds it.
    fn lock(&mut self, path: &Path) -> Result<Option<Holder>>;
    /// Gives a lock up.
    fn unlock(&mut self, path: &Path);
    /// Makes one folder with this mode. The folder above must be there.
    fn create_folder(&mut self, path: &Path, mode: u32) -> Result<()>;
    /// Makes a file where nothing is, not even a link, without any promise of reaching the disk: see
    /// [`crate::durable`].
    fn create_file(&mut self, path: &Path, content: &[u8], mode: u32) -> Result<()>;
    /// Writes a file in place and through no link, with as little promise.
    fn write(&mut self, path: &Path, content: &[u8], mode: u32) -> Result<()>;
    /// Renames a file over another.
    fn rename(&mut self, from: &Path, to: &Path) -> Result<()>;
    /// Makes a symbolic link, where nothing is.
    fn link(&mut self, path: &Path, target: &Path) -> Result<()>;
    /// Removes a file or an empty folder; fine where there is none.
    fn remove(&mut self, path: &Path) -> Result<()>;
    /// Makes a file's content, or a folder's list of names, reach the disk.
    fn sync(&mut self, path: &Path) -> Result<()>;
    /// Lets everything that leaves this process, or a command that asks the network, go through this
    /// proxy; without one, directly. Unless that was chosen, the package manager may have another one of
    /// our own environment for plain HTTP.
    fn use_proxy(&mut self, proxy: Option<Proxy>, chosen: bool);
    /// Fetches a small file over HTTPS, whole; one of more than so many bytes is an error.
    fn download(&mut self, url: &str, most: u64) -> Result<Vec<u8>>;
    /// Asks a service over HTTPS; an error is a service that was not reached, never its answer.
    fn ask(&mut self, request: &Request) -> Result<Response>;
    /// Begins a download beside everything else.
    fn begin_fetch(&mut self, fetch: Fetch);
    /// Waits for a download that was begun, verified and complete at its destination; asked again, it
    /// says the same again.
    fn finish_fetch(&mut self, destination: &Path) -> Result<Transfer>;
}

/// A machine with Linux: what no other system has.
pub trait Host: Machine {
    // Looking.

    /// So many bytes of a file or device from this place on, fewer where it ends; `None` where there is none. It
    /// waits for no medium, and follows no link to one.
    fn read_at(&self, path: &Path, at: u64, length: usize) -> Result<Option<Vec<u8>>>;
    /// The kernel's machine name, as `uname -m` prints it.
    fn machine(&self) -> String;
    /// Where a program of the search path is.
    fn which(&self, program: &str) -> Option<PathBuf>;
    /// What a package file says of itself.
    fn control_data(&self, package: &Path, format: Format) -> Result<ControlData>;
    /// Every package that rpm has, a line each: see [`crate::package_database::rpm::QUERY`].
    fn rpms(&self) -> Result<String>;
    /// The package by whose name rpm keeps the certificate with this fingerprint, where it trusts that.
    fn rpm_key(&self, fingerprint: &str) -> Result<Option<String>>;
    /// The state of systemd units, in the order asked for.
    fn units(&self, names: &[&str]) -> Result<Vec<UnitState>>;
    /// A family's whole firewall as `iptables-save` prints it; `None` where there is no such tool or no such family.
    fn firewall(&self, family: Family) -> Result<Option<String>>;
    /// The rules that firewalld sets when it loads, as its tool prints them; `None` where it is not installed.
    fn firewalld_rules(&self) -> Result<Option<Vec<String>>>;
    /// All of nftables as `nft -j list ruleset` prints it; `None` where there is no such tool.
    fn nft_ruleset(&self) -> Result<Option<String>>;
    /// Whether a firewall rule stands, exactly. False where iptables is missing.
    fn has_rule(&self, rule: &Rule) -> Result<bool>;
    /// The Docker daemon that answers on its socket, if one does.
    fn docker(&self) -> Option<DockerDaemon>;
    /// Those of these packages that the package manager has, by its lists as they were last read.
    fn offered(&self, manager: Manager, names: &[String]) -> Result<Vec<String>>;
    /// What VMware's hypervisor has under this name of guestinfo; `None` also where there is no VMware.
    fn guestinfo(&self, key: &str) -> Result<Option<Secret>>;
    /// What OpenStack's metadata service at its link-local address says of this machine; `None` where nothing
    /// answers. Over plain HTTP, because it speaks nothing else, and never through a proxy.
    fn openstack_metadata(&self) -> Option<Secret>;
    /// Where it is shown how this machine stands, also while it is being touched.
    fn board(&self) -> Arc<dyn Board>;

    // Touching.

    /// Overwrites a file in place with zeros, and makes that reach the disk; fine where there is none.
    fn blot_out(&mut self, path: &Path) -> Result<()>;
    /// Makes all that any program wrote reach the disk.
    fn sync_all(&mut self) -> Result<()>;
    /// Sets a kernel setting by its dotted name.
    fn set_kernel(&mut self, key: &str, value: &str) -> Result<()>;
    /// Lets SELinux enforce, or only tell, until the next boot.
    fn set_enforcing(&mut self, enforcing: bool) -> Result<()>;
    /// Runs a command to its end.
    fn run(&mut self, command: &Command) -> Result<Output>;
    /// Unpacks files of a package, each to a new file, synced; returns the first bytes of each, as many
    /// as [`crate::elf::HEAD`].
    fn unpack(&mut self, unpack: &Unpack) -> Result<Vec<Vec<u8>>>;
}
