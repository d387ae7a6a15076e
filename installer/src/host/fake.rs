//! A machine in memory, behind the same door as a real one.
//!
//! It acts out what Landfall runs (apt, dpkg, systemd, the agents), remembers what has reached the
//! disk, fails at the n-th touch, and keeps what it was before each touch, which is where a power cut
//! may hit. Its clock moves only when it is touched or slept on. It knows nothing of plans: what should hold on it is said in `laws.rs`.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Command, ControlData, Family, Host, Output};
use crate::error::{Error, Result};
use crate::proxy::Proxy;
use crate::step::{SELINUX_FILE, SELINUX_NOW, mode_at_boot};

mod agents;
mod board;
mod catalogue;
mod disk;
mod door;
mod dpkg_status;
mod firewall;
mod machines;
mod offers;

mod packages;
mod rpm;

mod units;

pub use agents::{ACCOUNT, ACTIVATION_CODE, ACTIVATION_ID, Service};
pub use disk::{Disk, Kind, Node, Survivors};
pub use machines::{
    MACHINES, TRUST_FINGERPRINT, TRUST_KEY, blank_vault, enforcing, fresh, fresh_dnf, fresh_stream,
    registered_elsewhere, with_firewalld,
};
pub use packages::HeldLock;

/// 2026-11-22, noon.
const BEGINNING: i64 = 1_795_348_800;
const CLOUD_INIT: &str = "/var/lib/cloud";
const CONTAINERS: &str = "/var/lib/docker/containers";
const ROUTE_LOCALNET: &str = "net.ipv4.conf.all.route_localnet";

/// What a power cut takes.
#[derive(Debug, Clone, Default)]
struct Volatile {
    units: BTreeMap<String, units::Running>,
    failed: BTreeSet<String>,
    restarting: BTreeSet<String>,
    firewall: firewall::Firewall,
    kernel: BTreeMap<String, String>,
    /// Whether SELinux enforces, where it is on.
    enforces: Option<bool>,
    docker0: bool,
}

/// An operation was made to fail.
struct Halt;

impl From<Halt> for Error {
    fn from(_: Halt) -> Self {
        Self::failed("this was made to fail")
    }
}

/// A machine in memory.
#[derive(Debug, Clone, Default)]
pub struct Fake {
    /// Its files.
    pub disk: Disk,
    volatile: Volatile,
    /// What AWS knows.
    pub service: Service,
    /// Variables of our own environment.
    pub variables: BTreeMap<String, String>,
    /// How often an agent was started that has no identity.
    pub strays: u32,
    /// How often the machine was touched since the counting began.
    pub touches: u32,
    /// The touch that fails.
    pub fails_at: Option<u32>,
    /// Whether our own program is a package's.
    pub packaged: bool,
    /// The touch after which somebody has put another program in the place of our own.
    pub replaced_at: Option<u32>,
    /// A lock of the package manager that somebody holds.
    pub held_lock: Option<HeldLock>,
    /// How often the package manager still finds that somebody took its lock just before.
    pub lock_refusals: u32,
    /// The proxy that our own requests and commands go through.
    pub proxy: Option<Proxy>,
    /// Whether AWS is out of reach for whoever knows no proxy.
    pub behind_proxy: bool,
    /// Whether the programs in packages are linked dynamically.
    pub dynamic_programs: bool,
    /// Whether it is somebody else than root who looks.
    pub is_nobody: bool,
    /// Whether downloads fail.
    pub offline: bool,
    /// What of iptables' tools for IPv6 fails.
    pub ipv6_fails: Option<Ip6Tables>,
    /// What nftables' own tool prints, where it is there.
    pub nftables: Option<String>,
    /// Who made it.
    pub vendor: &'static str,
    offers: BTreeMap<String, ControlData>,
    /// What small files have in them, whatever their address.
    pub served: Vec<u8>,
    /// What they have at some addresses.
    pub served_at: BTreeMap<String, Vec<u8>>,
    /// Packages that the distribution does not have.
    pub withheld: BTreeSet<&'static str>,
    /// Whether reading the package lists fails.
    pub silent_sources: bool,
    /// What VMware's hypervisor has for the machine, by name.
    pub guestinfo: BTreeMap<String, String>,
    /// What OpenStack's metadata service says.
    pub metadata: Option<String>,
    /// What the person at the terminal answers to a question with this word in it.
    pub answers: Vec<(&'static str, &'static str)>,
    /// What appears on the disk by itself, and when: somebody attaches a medium, or mends a thing.
    pub appears: Vec<(Duration, PathBuf, Vec<u8>)>,
    /// Until when downloads and requests fail.
    pub offline_until: Duration,
    /// Until when its disk is full.
    pub has_room_at: Duration,
    /// Until when the wall clock is in the year 1970.
    pub clock_is_set_at: Duration,
    /// Devices that were read, and services that were asked.
    pub opened: RefCell<BTreeSet<PathBuf>>,
    posts: board::Posts,
    keeps_moments: bool,
    moments: Vec<Fake>,
    clock: Cell<Duration>,
    sleeps: Cell<u32>,
    told: RefCell<Vec<String>>,
    fetching: BTreeMap<PathBuf, bool>,
}

/// A tool of iptables for IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ip6Tables {
    /// The one that reads.
    Save,
    /// The one that changes.
    Restore,
}

impl Fake {
    /// Begins to keep what the machine was just before each touch: the moments of a power cut.
    pub fn keep_moments(&mut self) {
        self.keeps_moments = true;
    }

    /// What was kept.
    pub fn take_moments(&mut self) -> Vec<Self> {
        self.keeps_moments = false;
        std::mem::take(&mut self.moments)
    }

    /// The power goes now, and comes back.
    pub fn lose_power(&mut self, survivors: Survivors) {
        self.disk.cut(survivors);
        self.boot();
    }

    /// Starts as after a power cut or a reboot.
    pub fn boot(&mut self) {
        self.volatile = Volatile::default();
        self.volatile.kernel.insert(ROUTE_LOCALNET.into(), "0".into());
        self.fetching.clear();
        self.posts = board::Posts::default();
        self.fails_at = None;
        self.sleeps.set(0);
        self.pass(30_000);
        // systemd, before all else.
        if self.disk.text("/etc/machine-id").is_some_and(|id| id.is_empty()) {
            self.put("/etc/machine-id", &format!("{:032x}\n", self.clock.get().as_nanos()), 0o444);
        }
        for name in self.disk.list(Path::new("/etc/sysctl.d")) {
            let text = self.disk.text(&format!("/etc/sysctl.d/{name}")).unwrap_or_default();
            for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
                self.volatile.kernel.insert(key.trim().to_owned(), value.trim().to_owned());
            }
        }
        let mode = self.disk.text(SELINUX_FILE).as_deref().and_then(mode_at_boot);
        self.volatile.enforces = mode.filter(|mode| *mode != "disabled").map(|mode| mode == "enforcing");
        self.start_what_is_enabled();
        self.touches = 0;
    }

    /// Everything that undo is to restore and a second run is to leave alone: files, units, rules,
    /// kernel settings, each as a line.
    pub fn state(&self) -> BTreeMap<String, String> {
        let mut state = BTreeMap::new();
        for (path, node) in self.disk.all() {
            let content = String::from_utf8_lossy(&node.content);
            state.insert(path.display().to_string(), format!("{:?} {:o} {content}", node.kind, node.mode));
        }
        for unit in self.volatile.units.keys() {
            state.insert(format!("running {unit}"), format!("{:?}", self.unit_state(unit).stale));
        }
        for unit in &self.volatile.failed {
            state.insert(format!("failed {unit}"), String::new());
        }
        for unit in &self.volatile.restarting {
            state.insert(format!("restarting {unit}"), String::new());
        }
        if let Some(enforces) = self.volatile.enforces {
            state.insert("SELinux enforces".into(), enforces.to_string());
        }
        for line in self.volatile.firewall.lines() {
            *state.entry(line).or_default() += "+";
        }
        for (key, value) in &self.volatile.kernel {
            state.insert(format!("setting {key}"), value.clone());
        }
        state
    }

    /// The names of the files that were downloaded since the last boot.
    pub fn fetched(&self) -> Vec<String> {
        let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.fetching.keys().map(name).collect()
    }

    /// What was told to the person at the machine.
    pub fn told(&self) -> String {
        self.told.borrow().join("\n")
    }

    fn time(&self) -> Timestamp {
        self.time_after(if self.clock.get() >= self.clock_is_set_at { BEGINNING } else { 0 })
    }

    /// What AWS's clock shows.
    fn right_time(&self) -> Timestamp {
        self.time_after(BEGINNING)
    }

    fn time_after(&self, start: i64) -> Timestamp {
        let start = Timestamp::from_second(start).expect("a time");
        start + SignedDuration::try_from(self.clock.get()).expect("a short time")
    }

    fn pass(&self, milliseconds: u64) {
        self.clock.set(self.clock.get() + Duration::from_millis(milliseconds));
    }

    /// One touch: it may fail, or find the power gone.
    fn tick(&mut self) -> std::result::Result<(), Halt> {
        self.pass(1);
        self.touches += 1;
        if self.keeps_moments {
            let kept = std::mem::take(&mut self.moments);
            self.keeps_moments = false;
            let moment = self.clone();
            (self.moments, self.keeps_moments) = (kept, true);
            self.moments.push(moment);
        }
        if self.fails_at == Some(self.touches) { Err(Halt) } else { Ok(()) }
    }

    fn touch(&mut self, change: impl FnOnce(&mut Self) -> std::result::Result<(), String>) -> Result<()> {
        self.tick()?;
        change(self).map_err(Error::failed)
    }

    fn make_folder(&mut self, path: &Path, mode: u32) {
        let node = Node { kind: Kind::Folder, mode, content: Arc::from(&b""[..]) };
        let _ = self.disk.make(path, node, self.time());
    }

    /// Writes without any sync, as programs do that do not care.
    fn scribble(&mut self, path: &Path, content: &str, mode: u32) {
        let node = Node { kind: Kind::File, mode, content: content.as_bytes().into() };
        let _ = self.disk.write(path, node, self.time());
    }

    /// The same, with the folders above.
    fn scribble_deep(&mut self, path: &str, content: &str, mode: u32) {
        let path = Path::new(path);
        let mut above: Vec<&Path> = path.ancestors().skip(1).collect();
        above.reverse();
        for folder in above {
            self.make_folder(folder, 0o700);
        }
        self.scribble(path, content, mode);
    }

    fn act(&mut self, command: &Command) -> std::result::Result<Output, Halt> {
        self.tick()?;
        match command {
            Command::Packages(manager, packages) => return self.packages(*manager, packages),
            Command::Unit(verb, units) => return self.systemctl(*verb, units),
            Command::ReloadUnits => self.reload_units(),
            Command::RestoreRules { .. } if self.which("iptables").is_none() => {
                return Ok(refuse(127, "iptables-restore: not found"));
            }
            Command::RestoreRules { family: Family::Ipv6, .. } if self.ipv6_fails.is_some() => {
                return Ok(refuse(3, "can't initialize ip6tables table `filter'"));
            }
            Command::RestoreRules { family, rules } => match self.volatile.firewall.restore(*family, rules) {
                Ok(()) => {}
                Err(why) => return Ok(refuse(1, &why)),
            },
            Command::FirewalldRule { add, place, rule } => return Ok(self.firewalld_rule(*add, *place, rule)),
            Command::DeleteRule(rule) if self.volatile.firewall.delete(rule) => {}
            Command::DeleteRule(_) => {
                return Ok(refuse(1, "iptables: Bad rule (does a matching rule exist?)"));
            }
            Command::RegisterAgent { id, code, region, replace } => {
                return self.register_agent(id, code, region, *replace);
            }
            Command::ClearAgent => self.clear_agent(),
            Command::RelinquishJournal => {}
            Command::CleanCloudInit { seed } => self.clean_cloud_init(*seed),
            Command::Containers => {
                let stdout = self.disk.list(Path::new(CONTAINERS)).join("\n");
                return Ok(Output { stdout, ..answer() });
            }
            Command::RemoveContainers(ids) => {
                ids.iter().for_each(|id| self.sweep(&Path::new(CONTAINERS).join(id)));
            }
            Command::LoadModule(_) => {}
            Command::ClearGuestinfo(key) => drop(self.guestinfo.remove(key)),
        }
        Ok(answer())
    }

    /// Forgets its instance, and neither its folder nor anything of anybody else's.
    fn clean_cloud_init(&mut self, seed: bool) {
        for name in self.disk.list(Path::new(CLOUD_INIT)) {
            if seed || name != "seed" {
                self.sweep(&Path::new(CLOUD_INIT).join(name));
            }
        }
    }

    /// Removes a path with all that is below it, as a program does that syncs nothing.
    fn sweep(&mut self, path: &Path) {
        for name in self.disk.list(path) {
            self.sweep(&path.join(name));
        }
        let _ = self.disk.remove(path);
    }

    /// Whether this machine reaches nobody now.
    fn is_offline(&self) -> bool {
        self.offline || self.clock.get() < self.offline_until
    }

    fn appeared(&self, path: &Path) -> Option<Node> {
        let there =
            |(when, where_, _): &&(Duration, PathBuf, Vec<u8>)| where_ == path && *when <= self.clock.get();
        let (.., content) = self.appears.iter().rfind(there)?;
        Some(Node { kind: Kind::File, mode: 0o600, content: content.as_slice().into() })
    }

    /// The lines that were on the console since the last boot.
    pub fn console(&self) -> Vec<String> {
        self.posts.console()
    }

    /// What is posted now in a file below `/run`.
    pub fn posted(&self, path: &str) -> Option<String> {
        self.posts.file(path)
    }

    /// What the kernel and systemd show as files.
    fn shown(&self, path: &Path) -> Option<Node> {
        let file =
            |content: &str| Some(Node { kind: Kind::File, mode: 0o444, content: content.as_bytes().into() });
        let folder = Some(Node { kind: Kind::Folder, mode: 0o755, content: Arc::from(&b""[..]) });
        match path.to_str()? {
            "/proc/self" | "/run/systemd/system" => folder,
            "/proc/net/dev" if self.volatile.docker0 => file("  eth0: 0 0\ndocker0: 0 0\n"),
            "/proc/net/dev" => file("  eth0: 0 0\n"),
            SELINUX_NOW => file(if self.volatile.enforces? { "1" } else { "0" }),
            "/sys/fs/cgroup/cgroup.controllers" => file("cpu io memory\n"),
            "/sys/class/dmi/id/sys_vendor" if self.disk.node(path).is_none() => {
                file(&format!("{}\n", self.vendor))
            }
            "/sys/module/apparmor/parameters/enabled"
                if self.disk.node(Path::new(crate::package_database::STATUS)).is_some() =>
            {
                file("Y\n")
            }
            "/proc/net/route" => file("Iface Destination Gateway\neth0 00000000 0101A8C0\n"),
            other => {
                if let Some(node) = self.appeared(path) {
                    return Some(node);
                }
                if let Some(text) = self.posted(other) {
                    return file(&text);
                }
                let key = other.strip_prefix("/proc/sys/")?.replace('/', ".");
                self.volatile.kernel.get(&key).and_then(|value| file(&format!("{value}\n")))
            }
        }
    }
}

fn answer() -> Output {
    Output::default()
}

fn refuse(code: i32, why: &str) -> Output {
    Output { code, stdout: String::new(), stderr: why.to_owned() }
}
