//! dpkg and apt, acted out: one package after the other, with every state dpkg writes on the way.
//!
//! dpkg syncs its own files, so what it did is on the disk when it says so.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use distro_matrix::Manager;

use super::catalogue::{CATALOGUE, Package};
use super::{Fake, Halt, Kind, Node, answer, refuse};
use crate::durable::parent;
use crate::host::{Holder, Machine, Output, Packages};
use crate::package_database::{EXTENDED_STATES, UPDATES};
use crate::package_version::compare;

/// A package of the catalogue, or one without anything in it.
fn package(name: &str) -> &'static Package {
    const EMPTY: Package = Package { name: "", depends: &[], files: &[], configuration: &[], units: &[] };
    CATALOGUE.iter().find(|package| package.name == name).unwrap_or(&EMPTY)
}

const LISTS: &str = "/var/lib/apt/lists/packages";
const DOCKERS_OWN: [&str; 3] = ["docker-ce", "docker-ce-cli", "containerd.io"];

/// A lock that somebody holds for a while.
#[derive(Debug, Clone, Copy)]
pub struct HeldLock {
    /// The lock.
    pub path: &'static str,
    /// Until when, by the clock that never jumps.
    pub until: Duration,
}

impl Fake {
    pub(super) fn package_lock_holder(&self, path: &Path) -> Option<Holder> {
        let held = self.held_lock.filter(|held| Path::new(held.path) == path && self.elapsed() < held.until);
        held.map(|_| Holder { pid: 7, program: "unattended-upgrades".into() })
    }

    pub(super) fn packages(&mut self, manager: Manager, packages: &Packages) -> Result<Output, Halt> {
        if self.lock_refusals > 0 {
            self.lock_refusals -= 1;
            return Ok(refuse(100, "E: Could not get lock /var/lib/dpkg/lock-frontend"));
        }
        if manager != Manager::Apt {
            return self.rpm_packages(manager, packages);
        }
        match packages {
            Packages::Update => Ok(self.read_lists()),
            Packages::Install { names, files, record, downgrade, .. } => {
                self.install(names, files, record, *downgrade)
            }
            Packages::Configure => self.configure_all(),
            Packages::ClearBroken(name) => self.take_away(std::slice::from_ref(name), false, true),
            Packages::Reinstall(name) => self.install_again(name),
            Packages::Remove(names) => self.take_away(names, false, false),
            Packages::Purge(names) => self.take_away(names, true, false),
            Packages::Preview { .. }
            | Packages::InstallFiles { .. }
            | Packages::TrustKey(_)
            | Packages::ForgetKey(_) => Ok(refuse(1, "apt has no such command")),
        }
    }

    /// apt reads what its sources name; of Docker's repository nothing without the key that its source names.
    fn read_lists(&mut self) -> Output {
        if self.silent_sources {
            return refuse(100, "E: Failed to fetch the package lists");
        }
        let source = self.disk.text("/etc/apt/sources.list.d/docker.sources").unwrap_or_default();
        let keyring = source.lines().find_map(|line| line.strip_prefix("Signed-By: "));
        let docker = keyring.is_some_and(|path| self.disk.node(Path::new(path)).is_some());
        self.put(LISTS, if docker { "the distribution's, Docker's" } else { "the distribution's" }, 0o644);
        answer()
    }

    /// Whether a package can be had by the lists as they were last read.
    pub(super) fn apt_has(&self, name: &str) -> bool {
        let lists = self.disk.text(LISTS).unwrap_or_default();
        let source = if DOCKERS_OWN.contains(&name) { "Docker's" } else { "the distribution's" };
        let is_known = CATALOGUE.iter().any(|package| package.name == name);
        is_known && lists.contains(source) && !self.withheld.contains(name)
    }

    /// Puts packages on a machine that is being built, as if installed long ago.
    pub(super) fn installed_long_ago(&mut self, names: &[&str]) {
        if self.has_rpm() {
            return self.rpms_long_ago(names);
        }
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let order = self.order(&names).expect("the catalogue is sound");
        for name in &order {
            self.unpack(name);
        }
        for name in &order {
            self.configure(name);
        }
        self.note_choices(&order, &names);
    }

    /// Somebody else installs packages now.
    pub fn somebody_installs(&mut self, names: &[&str]) {
        self.installed_long_ago(names);
    }

    /// Somebody puts another version of a package in its place now.
    pub fn somebody_upgrades(&mut self, name: &str, version: &str) {
        self.set_version(name, version);
    }

    /// Somebody writes a system's file now.
    pub fn somebody_writes(&mut self, path: &str, content: &str) {
        self.put(path, content, 0o644);
    }

    /// Somebody removes a package now, and keeps its configuration.
    pub(super) fn somebody_removes(&mut self, name: &str) {
        self.remove_one(name, false);
    }

    /// Leaves a package half-way, as an interrupted dpkg does.
    pub fn interrupted_at(&mut self, name: &str, flag: &str, state: &str) {
        self.unpack(name);
        self.set_state(name, Some((flag, state)));
        self.put(&format!("{UPDATES}/0001"), "", 0o644);
    }

    fn install(
        &mut self,
        names: &[String],
        files: &[PathBuf],
        record: &Path,
        downgrade: bool,
    ) -> Result<Output, Halt> {
        if !self.disk.list(Path::new(UPDATES)).is_empty() {
            return Ok(refuse(100, "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'"));
        }
        if self.states().values().any(|(flag, _)| flag == "reinstreq") {
            return Ok(refuse(100, "E: The package needs to be reinstalled, but there is no archive for it"));
        }
        if let Some(file) = files.iter().find(|file| self.disk.node(file).is_none()) {
            return Ok(refuse(100, &format!("E: Unsupported file {} given", file.display())));
        }
        let mut offered = BTreeMap::new();
        for file in files {
            match self.control_of(file) {
                Ok(control) => drop(offered.insert(control.name, control.version)),
                Err(e) => return Ok(refuse(100, &e.what)),
            }
        }
        let asked: Vec<String> = names.iter().chain(offered.keys()).cloned().collect();
        let older = |name: &String| {
            let (here, new) = (self.version(name), offered.get(name));
            // Whatever is named to apt without a file, it upgrades: Landfall must not name what is here.
            here.is_some_and(|here| new.is_none_or(|new| compare(&here, new) == Ordering::Greater))
        };
        if asked.iter().any(older) && !downgrade {
            return Ok(refuse(
                100,
                "E: Packages were downgraded and -y was used without --allow-downgrades.",
            ));
        }
        let can_be_had = names.iter().all(|name| self.apt_has(name));
        let Some(mut order) = self.order(&asked).filter(|_| can_be_had) else {
            return Ok(refuse(100, "E: Unable to locate package"));
        };
        let replaced = |name: &String| self.version(name).is_some_and(|here| here != offered[name]);
        order.extend(offered.keys().filter(|name| replaced(name)).cloned());
        self.note_choices(&order, &asked);
        self.note_archives(&order, &asked[names.len()..], record);
        self.tick()?;
        for name in &order {
            self.set_state(name, Some(("reinstreq", "half-installed")));
            self.tick()?;
            self.unpack(name);
            if let Some(version) = offered.get(name) {
                self.set_version(name, version);
            }
            self.tick()?;
        }
        for name in &order {
            self.set_state(name, Some(("ok", "half-configured")));
            self.tick()?;
            self.configure(name);
            self.tick()?;
        }
        Ok(answer())
    }

    fn install_again(&mut self, name: &str) -> Result<Output, Halt> {
        if !CATALOGUE.iter().any(|package| package.name == name) {
            let said =
                format!("E: The package {name} needs to be reinstalled, but I can't find an archive for it.");
            return Ok(refuse(100, &said));
        }
        self.unpack(name);
        self.tick()?;
        self.configure(name);
        Ok(answer())
    }

    /// What is missing, each after what it depends on.
    fn order(&self, asked: &[String]) -> Option<Vec<String>> {
        let mut order = Vec::new();
        for name in asked {
            self.enqueue(name, &mut order)?;
        }
        Some(order)
    }

    fn enqueue(&self, name: &str, order: &mut Vec<String>) -> Option<()> {
        let states = self.states();
        let is_there = |name: &str| states.get(name).is_some_and(|(_, state)| state == "installed");
        if is_there(name) || order.iter().any(|queued| queued == name) {
            return Some(());
        }
        let package = CATALOGUE.iter().find(|package| package.name == name)?;
        for alternatives in package.depends {
            let met = |name: &&&str| is_there(name) || order.iter().any(|queued| queued == **name);
            if alternatives.iter().find(met).is_none() {
                self.enqueue(alternatives.last()?, order)?;
            }
        }
        order.push(name.to_owned());
        Some(())
    }

    /// apt's notes on what it chose by itself, before dpkg begins.
    fn note_choices(&mut self, order: &[String], asked: &[String]) {
        let mut text = self.disk.text(EXTENDED_STATES).unwrap_or_default();
        for name in order.iter().filter(|name| !asked.contains(name)) {
            let _ = write!(text, "Package: {name}\nArchitecture: amd64\nAuto-Installed: 1\n\n");
        }
        self.put(EXTENDED_STATES, &text, 0o644);
    }

    /// What apt tells those who ask it to before dpkg begins: files by their paths.
    fn note_archives(&mut self, order: &[String], by_file: &[String], record: &Path) {
        let record = record.display().to_string();
        let mut text = self.disk.text(&record).unwrap_or_default();
        for name in order {
            let file =
                if by_file.contains(name) { format!("{name}.deb") } else { format!("{name}_1_amd64.deb") };
            let _ = writeln!(text, "/somewhere/{file}");
        }
        self.put(&record, &text, 0o600);
    }

    fn unpack(&mut self, name: &str) {
        for (path, content) in package(name).files {
            self.put(path, content, 0o755);
        }
        for path in package(name).configuration {
            self.put(path, "default", 0o644);
        }
        self.set_state(name, Some(("ok", "unpacked")));
    }

    fn configure(&mut self, name: &str) {
        for unit in package(name).units {
            self.enable(unit);
            self.start(unit);
            self.disk_settle_link(unit);
        }
        self.set_state(name, Some(("ok", "installed")));
    }

    fn configure_all(&mut self) -> Result<Output, Halt> {
        for name in self.disk.list(Path::new(UPDATES)) {
            self.drop_file(&format!("{UPDATES}/{name}"));
        }
        for (name, (flag, state)) in self.states() {
            if flag == "ok" && matches!(state.as_str(), "unpacked" | "half-configured") {
                self.tick()?;
                self.configure(&name);
            }
        }
        let stuck = self.states().values().any(|(flag, _)| flag == "reinstreq");
        Ok(if stuck { refuse(1, "dpkg: error: a package must be reinstalled") } else { answer() })
    }

    fn take_away(&mut self, names: &[String], purge: bool, force: bool) -> Result<Output, Halt> {
        for name in self.disk.list(Path::new(UPDATES)) {
            self.drop_file(&format!("{UPDATES}/{name}"));
        }
        let mut said = String::new();
        for name in self.dependents_first(names) {
            let states = self.states();
            let Some((flag, state)) = states.get(&name) else { continue };
            if flag == "reinstreq" && !force {
                let _ = writeln!(said, "dpkg: error: {name} is in a very bad inconsistent state");
                continue;
            }
            if state != "config-files" && self.is_needed(&name) {
                let _ = writeln!(said, "dpkg: error: dependency problems prevent removal of {name}");
                continue;
            }
            self.tick()?;
            self.remove_one(&name, purge);
        }
        Ok(if said.is_empty() { answer() } else { refuse(1, &said) })
    }

    fn remove_one(&mut self, name: &str, purge: bool) {
        let package = package(name);
        for unit in package.units {
            self.stop(unit);
        }
        for (path, _) in package.files {
            self.drop_file(path);
        }
        if !purge && !package.configuration.is_empty() {
            self.set_state(name, Some(("ok", "config-files")));
            return;
        }
        for path in package.configuration {
            self.drop_file(path);
        }
        for unit in package.units {
            self.drop_file(&super::units::link(unit));
        }
        self.set_state(name, None);
    }

    /// Whether a package that is there depends on this one alone.
    fn is_needed(&self, name: &str) -> bool {
        let states = self.states();
        let is_there = |name: &str| {
            states.get(name).is_some_and(|(_, state)| {
                matches!(state.as_str(), "installed" | "unpacked" | "half-configured")
            })
        };
        CATALOGUE.iter().filter(|package| is_there(package.name)).any(|package| {
            package.depends.iter().any(|alternatives| {
                alternatives.contains(&name)
                    && !alternatives.iter().any(|other| *other != name && is_there(other))
            })
        })
    }

    fn dependents_first(&self, names: &[String]) -> Vec<String> {
        let needs = |dependent: &str, name: &str| {
            package(dependent).depends.iter().any(|alternatives| alternatives.contains(&name))
        };
        let mut waiting: BTreeSet<String> = names.iter().cloned().collect();
        let mut ordered = Vec::new();
        while let Some(next) =
            waiting.iter().find(|name| !waiting.iter().any(|other| needs(other, name))).cloned()
        {
            waiting.remove(&next);
            ordered.push(next);
        }
        ordered
    }

    /// Writes a file as dpkg does: with the folders above it, and on the disk when it returns.
    /// A file that is no text.
    pub(crate) fn put_bytes(&mut self, path: &str, content: &[u8], mode: u32) {
        self.put(path, "", mode);
        let node = Node { kind: Kind::File, mode, content: content.into() };
        let _ = self.disk.write(Path::new(path), node, self.time());
        let _ = self.disk.sync(Path::new(path));
    }

    /// A symbolic link.
    pub(crate) fn link(&mut self, path: &str, to: &str) {
        self.put(path, "", 0o777);
        let path = Path::new(path);
        let _ = self.disk.remove(path);
        let node = Node { kind: Kind::Link, mode: 0o777, content: to.as_bytes().into() };
        let _ = self.disk.make(path, node, self.time());
        self.settle_name(path);
    }

    pub(crate) fn put(&mut self, path: &str, content: &str, mode: u32) {
        let path = Path::new(path);
        let mut missing: Vec<&Path> = Vec::new();
        for folder in path.ancestors().skip(1).take_while(|folder| self.disk.node(folder).is_none()) {
            missing.push(folder);
        }
        for folder in missing.into_iter().rev() {
            self.make_folder(folder, 0o755);
            self.settle_name(folder);
        }
        self.scribble(path, content, mode);
        let _ = self.disk.sync(path);
        self.settle_name(path);
    }

    /// Removes a file as dpkg does, with the folders above it that are empty then and no system's own.
    pub(super) fn drop_file(&mut self, path: &str) {
        let path = Path::new(path);
        let _ = self.disk.remove(path);
        self.settle_name(path);
        for folder in path.ancestors().skip(1) {
            let own = super::machines::FOLDERS.iter().any(|own| Path::new(own) == folder);
            if own || self.disk.node(folder).is_none() || !self.disk.list(folder).is_empty() {
                break;
            }
            let _ = self.disk.remove(folder);
            self.settle_name(folder);
        }
    }

    pub(super) fn disk_settle_link(&mut self, unit: &str) {
        self.settle_name(Path::new(&super::units::link(unit)));
    }

    fn settle_name(&mut self, path: &Path) {
        let _ = self.disk.sync(parent(path));
    }
}
