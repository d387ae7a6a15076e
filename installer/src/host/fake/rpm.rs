//! dnf, zypper and rpm, acted out: a package is in the database or it is not, and its scripts run at the end.
//! The real rpm enters a package after its files, and of one that is cut in between nobody knows them: here both
//! come at once.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use distro_matrix::Manager;

use super::catalogue::{Package, RPM_CATALOGUE};
use super::{Fake, Halt, answer, refuse};
use crate::certificate::fingerprints;
use crate::host::{Output, Packages};
use crate::package_version::compare;

pub(super) const DATABASE: &str = "/var/lib/rpm/packages";
pub(super) const KEYRING: &str = "/var/lib/rpm/keys";
const DOCKERS_REPOSITORY: &str = "/etc/yum.repos.d/docker-ce.repo";
const DOCKERS_OWN: [&str; 3] = ["docker-ce", "docker-ce-cli", "containerd.io"];

fn package(name: &str) -> Option<&'static Package> {
    RPM_CATALOGUE.iter().find(|package| package.name == name)
}

impl Fake {
    pub(crate) fn has_rpm(&self) -> bool {
        self.disk.node(Path::new(DATABASE)).is_some()
    }

    pub(super) fn rpm_database(&self) -> String {
        self.disk.text(DATABASE).unwrap_or_default()
    }

    pub(crate) fn rpm_keyring(&self) -> String {
        self.disk.text(KEYRING).unwrap_or_default()
    }

    /// Whether a package can be had: Docker's own from its repository alone, and only with its key.
    pub(super) fn dnf_has(&self, name: &str) -> bool {
        let from_docker = self.disk.text(DOCKERS_REPOSITORY).is_some() && !self.rpm_keyring().is_empty();
        let is_agent = name.starts_with("amazon-");
        package(name).is_some()
            && !is_agent
            && (from_docker || !DOCKERS_OWN.contains(&name))
            && !self.withheld.contains(name)
    }

    pub(super) fn rpm_packages(&mut self, manager: Manager, packages: &Packages) -> Result<Output, Halt> {
        match packages {
            Packages::Update if self.silent_sources => Ok(refuse(1, "Error: Failed to download metadata")),
            Packages::Update => Ok(answer()),
            Packages::Preview { names, .. } => Ok(self.preview(manager, names)),
            Packages::Install { names, .. } => self.dnf_installs(names),
            Packages::InstallFiles { files, downgrade } => self.rpm_installs(files, *downgrade),
            Packages::Reinstall(_) | Packages::Configure | Packages::ClearBroken(_) => {
                Ok(refuse(1, "rpm has no such command"))
            }
            Packages::Remove(names) | Packages::Purge(names) => self.rpm_erases(names),
            Packages::TrustKey(file) => Ok(self.trust_key(file)),
            Packages::ForgetKey(key) => {
                let fingerprint = key.trim_start_matches("gpg-pubkey-");
                let keys = self
                    .rpm_keyring()
                    .lines()
                    .filter(|key| *key != fingerprint)
                    .collect::<Vec<_>>()
                    .join("\n");
                self.put(KEYRING, &keys, 0o644);
                Ok(answer())
            }
        }
    }

    /// Puts packages on a machine with rpm that is being built, as if installed long ago.
    pub(super) fn rpms_long_ago(&mut self, names: &[&str]) {
        let asked: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut order = Vec::new();
        asked.iter().for_each(|name| self.enqueue_rpm(name, &mut order));
        for name in &order {
            self.lay_out(name);
            self.enter(name, "1", 1);
        }
        order.iter().for_each(|name| self.run_scripts(name));
    }

    fn dnf_installs(&mut self, names: &[String]) -> Result<Output, Halt> {
        match self.resolved(names) {
            Ok(order) => self.transaction(order.into_iter().map(|name| (name, "1".to_owned())).collect()),
            Err(refused) => Ok(refused),
        }
    }

    /// What would come, in the manager's own form.
    fn preview(&self, manager: Manager, names: &[String]) -> Output {
        let order = match self.resolved(names) {
            Ok(order) => order,
            Err(refused) => return refused,
        };
        let stdout = match manager {
            Manager::Zypper => {
                let list: String = order.iter().map(|name| format!("<solvable name=\"{name}\"/>")).collect();
                format!("<install-summary><to-install>{list}</to-install></install-summary>")
            }
            _ => {
                "Installing:\n".to_owned()
                    + &order.iter().map(|name| format!(" {name}  x86_64  1\n")).collect::<String>()
            }
        };
        Output { stdout, ..answer() }
    }

    /// What is asked for by name meets what others depend on.
    fn resolved(&self, names: &[String]) -> Result<Vec<String>, Output> {
        if let Some(name) = names.iter().find(|name| !self.dnf_has(name)) {
            return Err(refuse(1, &format!("Error: Unable to find a match: {name}")));
        }
        let mut order: Vec<String> = Vec::new();
        let (free, bound): (Vec<&String>, Vec<&String>) =
            names.iter().partition(|name| package(name).is_some_and(|package| package.depends.is_empty()));
        free.into_iter().chain(bound).for_each(|name| self.enqueue_rpm(name, &mut order));
        Ok(order)
    }

    fn rpm_installs(&mut self, files: &[PathBuf], downgrade: bool) -> Result<Output, Halt> {
        let mut offered = Vec::new();
        for file in files {
            match self.control_of(file) {
                Ok(control) => offered.push((control.name, control.version)),
                Err(e) => return Ok(refuse(1, &e.what)),
            }
        }
        for (name, version) in &offered {
            let here = self.rpms_here().remove(name);
            if !downgrade && here.is_some_and(|here| compare(&here, version) == Ordering::Greater) {
                return Ok(refuse(1, &format!("\tpackage {name} (which is newer) is already installed")));
            }
            let mut missing = Vec::new();
            self.enqueue_rpm(name, &mut missing);
            missing.retain(|needed| offered.iter().all(|(name, _)| name != needed));
            if let Some(needed) = missing.first() {
                let said = format!("error: Failed dependencies:\n\t{needed} is needed by {name}");
                return Ok(refuse(1, &said));
            }
        }
        self.transaction(offered)
    }

    fn transaction(&mut self, versions: Vec<(String, String)>) -> Result<Output, Halt> {
        self.tick()?;
        let time = self.time().as_second();
        for (name, version) in &versions {
            self.lay_out(name);
            self.enter(name, version, time);
            self.tick()?;
        }
        for (name, _) in &versions {
            self.run_scripts(name);
            self.tick()?;
        }
        Ok(answer())
    }

    /// rpm refuses the whole where one of them is still needed.
    fn rpm_erases(&mut self, names: &[String]) -> Result<Output, Halt> {
        let stay = |name: &str| !names.iter().any(|gone| gone == name);
        let here = self.rpms_here();
        for other in here.keys().filter(|other| stay(other)) {
            let depends = package(other).map(|package| package.depends).unwrap_or_default();
            if let Some(needed) =
                depends.iter().find(|any| any.iter().all(|name| !stay(name) || !here.contains_key(*name)))
            {
                let said =
                    format!("error: Failed dependencies:\n\t{} is needed by (installed) {other}", needed[0]);
                return Ok(refuse(1, &said));
            }
        }
        for name in names.iter().rev().filter(|name| here.contains_key(*name)) {
            self.tick()?;
            self.erase(name);
        }
        Ok(answer())
    }

    pub(super) fn erase(&mut self, name: &str) {
        if let Some(package) = package(name) {
            package.units.iter().for_each(|unit| self.stop(unit));
            package.files.iter().for_each(|(path, _)| self.drop_file(path));
            package.units.iter().for_each(|unit| self.drop_file(&super::units::link(unit)));
        }
        let text = self.rpm_database();
        let rest: String = text
            .lines()
            .filter(|line| line.split(' ').next() != Some(name))
            .map(|line| format!("{line}\n"))
            .collect();
        self.put(DATABASE, &rest, 0o644);
    }

    fn trust_key(&mut self, file: &Path) -> Output {
        let certificates = self.disk.text(&file.display().to_string()).unwrap_or_default();
        let keys = fingerprints(certificates.as_bytes());
        if keys.is_empty() {
            return refuse(1, "error: key 1 not an armored public key");
        }
        let text = self.rpm_keyring() + &keys.iter().map(|key| format!("{key}\n")).collect::<String>();
        self.put(KEYRING, &text, 0o644);
        answer()
    }

    fn enqueue_rpm(&self, name: &str, order: &mut Vec<String>) {
        if self.rpms_here().contains_key(name) || order.iter().any(|queued| queued == name) {
            return;
        }
        let here = self.rpms_here();
        for any in package(name).map(|package| package.depends).unwrap_or_default() {
            let met = |name: &&&str| here.contains_key(**name) || order.iter().any(|queued| queued == **name);
            if any.iter().find(met).is_none() {
                self.enqueue_rpm(any[0], order);
            }
        }
        order.push(name.to_owned());
    }

    fn lay_out(&mut self, name: &str) {
        for (path, content) in package(name).map(|package| package.files).unwrap_or_default() {
            self.put(path, content, 0o755);
        }
    }

    fn run_scripts(&mut self, name: &str) {
        for unit in package(name).map(|package| package.units).unwrap_or_default() {
            self.enable(unit);
            self.start(unit);
            self.disk_settle_link(unit);
        }
    }

    fn enter(&mut self, name: &str, version: &str, time: i64) {
        let text = self.rpm_database();
        let others = text.lines().filter(|line| line.split(' ').next() != Some(name));
        let mut lines: Vec<String> = others.map(str::to_owned).collect();
        lines.push(format!("{name} {version} {time} x86_64"));
        lines.sort();
        self.put(DATABASE, &(lines.join("\n") + "\n"), 0o644);
    }

    /// Each package that is here, with its version.
    pub fn rpms_here(&self) -> BTreeMap<String, String> {
        let pair = |line: &str| {
            let mut words = line.split(' ').map(str::to_owned);
            Some((words.next()?, words.next()?))
        };
        self.rpm_database().lines().filter_map(pair).collect()
    }
}
