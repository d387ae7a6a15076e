//! A real Linux machine.
//!
//! With `host/linux/*` the only place that names `std::process`, `std::fs` or `std::env`.
#![allow(clippy::disallowed_methods, reason = "this is the door")]

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use distro_matrix::{Format, Manager};
use jiff::Timestamp;
use nix::sys::resource::{UsageWho, getrusage};

use super::network::local;
use super::session::{self, Session};
use super::{
    Board, Command, ControlData, DockerDaemon, EntryKind, Family, Fetch, Holder, Host, Introspection,
    Machine, Output, Reached, Request, Response, Rule, Stat, Timings, Transfer, UnitState, Unpack,
};
use crate::error::{Error, Result, While};
use crate::progress::Progress;
use crate::proxy::Proxy;
use crate::secret::Secret;
use crate::step::SELINUX_NOW;
use crate::terminal;

mod arguments;
mod board;
mod control_data;
mod files;
mod lock;
mod packages;
mod regions;
mod sockets;
mod systemd;
mod unpacking;

use arguments::Invocation;
use files::{content_of, is_absent, stat_of};

const AS_ROOT: &str = "run it again with sudo, or as root";

/// A real Linux machine.
pub struct Linux {
    session: Session,
    proxy_is_chosen: bool,
    /// What rpm said last, and when.
    rpms: RefCell<Option<(Duration, String)>>,
}

impl Linux {
    /// Opens the door; the clock starts. What this process holds in memory is no business of other
    /// processes from here on: no core dump, and no tracing but by root.
    #[must_use]
    pub fn open() -> Self {
        let _ = nix::sys::prctl::set_dumpable(false);
        Self { session: Session::start(), proxy_is_chosen: false, rpms: RefCell::default() }
    }

    /// Runs a program to its end, with a clean environment, and notes how long that took.
    fn child(&self, invocation: &Invocation) -> Result<Output> {
        self.session.child(|| invocation.run())
    }
}

impl Machine for Linux {
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        content_of(path, fs::read(path))
    }

    fn read_head(&self, path: &Path, most: usize) -> Result<Option<Vec<u8>>> {
        let head = |file: File| {
            let mut content = Vec::new();
            file.take(most as u64).read_to_end(&mut content)?;
            Ok(content)
        };
        content_of(path, File::open(path).and_then(head))
    }

    fn stat(&self, path: &Path) -> Result<Option<Stat>> {
        stat_of(path, fs::symlink_metadata(path))
    }

    fn stat_followed(&self, path: &Path) -> Result<Option<Stat>> {
        stat_of(path, fs::metadata(path))
    }

    fn resolve(&self, path: &Path) -> Result<Option<PathBuf>> {
        match fs::canonicalize(path) {
            Ok(path) => Ok(Some(path)),
            Err(e) if is_absent(&e) => Ok(None),
            Err(e) => Err(e).while_doing(|| format!("looking at {}", path.display())),
        }
    }

    fn list(&self, folder: &Path) -> Result<Vec<String>> {
        files::names(folder)
    }

    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn is_root(&self) -> bool {
        nix::unistd::geteuid().is_root()
    }

    fn memory(&self) -> u64 {
        session::memory()
    }

    fn room(&self, path: &Path) -> u64 {
        nix::sys::statvfs::statvfs(path).map_or(0, |it| it.blocks_available() * it.fragment_size())
    }

    fn own_program(&self) -> Result<PathBuf> {
        std::env::current_exe().while_doing(|| "finding our own program".into())
    }

    fn introspection(&self) -> Option<Introspection> {
        local::introspection()
    }

    fn reach(&self, addresses: &[String], proxy: Option<&Proxy>) -> Vec<Reached> {
        self.session.reach(addresses, proxy)
    }

    fn ask_person(&self, question: &str, unseen: bool) -> Result<Option<Secret>> {
        terminal::answer(question, unseen)
    }

    fn lock_holder(&self, path: &Path) -> Option<Holder> {
        lock::holder(path)
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.session.elapsed()
    }

    fn sleep(&self, time: Duration) {
        thread::sleep(time);
    }

    fn random(&self) -> u64 {
        session::random(|bytes| {
            File::open("/dev/urandom").and_then(|mut source| source.read_exact(bytes)).is_ok()
        })
    }

    fn timings(&self) -> Timings {
        let mut timings = self.session.timings();
        if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
            let time = |it: nix::sys::time::TimeVal| {
                Duration::from_micros(u64::try_from(it.tv_sec() * 1_000_000 + it.tv_usec()).unwrap_or(0))
            };
            timings.own_cpu = time(usage.user_time()) + time(usage.system_time());
            timings.peak_memory = u64::try_from(usage.max_rss()).unwrap_or(0) * 1024;
        }
        timings
    }

    fn tell(&self, sentence: &str) {
        session::tell(sentence);
    }

    fn progress(&self) -> Arc<Progress> {
        self.session.progress.clone()
    }

    fn lock(&mut self, path: &Path) -> Result<Option<Holder>> {
        self.session.lock(path, lock::take, lock::holder)
    }

    fn unlock(&mut self, path: &Path) {
        self.session.unlock(path);
    }

    fn create_folder(&mut self, path: &Path, mode: u32) -> Result<()> {
        let doing = || format!("making the folder {}", path.display());
        fs::create_dir(path).while_doing(doing)?;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).while_doing(doing)
    }

    fn create_file(&mut self, path: &Path, content: &[u8], mode: u32) -> Result<()> {
        files::fill(OpenOptions::new().create_new(true), path, content, mode)
    }

    fn write(&mut self, path: &Path, content: &[u8], mode: u32) -> Result<()> {
        files::fill(OpenOptions::new().create(true).truncate(true), path, content, mode)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to).while_doing(|| format!("renaming {} to {}", from.display(), to.display()))
    }

    fn link(&mut self, path: &Path, target: &Path) -> Result<()> {
        std::os::unix::fs::symlink(target, path).while_doing(|| format!("linking {}", path.display()))
    }

    fn remove(&mut self, path: &Path) -> Result<()> {
        let is_folder = self.stat(path)?.is_some_and(|stat| stat.kind == EntryKind::Folder);
        let removed = if is_folder { fs::remove_dir(path) } else { fs::remove_file(path) };
        match removed {
            Err(e) if !is_absent(&e) => Err(e).while_doing(|| format!("removing {}", path.display())),
            _ => Ok(()),
        }
    }

    fn sync(&mut self, path: &Path) -> Result<()> {
        let synced = File::open(path).and_then(|file| file.sync_all());
        synced.while_doing(|| format!("syncing {}", path.display()))
    }

    fn use_proxy(&mut self, proxy: Option<Proxy>, chosen: bool) {
        self.session.proxy = proxy;
        self.proxy_is_chosen = chosen;
    }

    fn download(&mut self, url: &str, most: u64) -> Result<Vec<u8>> {
        self.session.download(url, most, self.random())
    }

    fn ask(&mut self, request: &Request) -> Result<Response> {
        self.session.ask(request)
    }

    fn begin_fetch(&mut self, fetch: Fetch) {
        let seed = self.random();
        self.session.begin_fetch(fetch, seed);
    }

    fn finish_fetch(&mut self, destination: &Path) -> Result<Transfer> {
        self.session.finish_fetch(destination)
    }
}

impl Host for Linux {
    fn read_at(&self, path: &Path, at: u64, length: usize) -> Result<Option<Vec<u8>>> {
        content_of(path, regions::read_at(path, at, length))
    }

    fn machine(&self) -> String {
        nix::sys::utsname::uname().map(|it| it.machine().to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn which(&self, program: &str) -> Option<PathBuf> {
        which::which_in(program, Some(arguments::SEARCH_PATH), "/").ok()
    }

    fn control_data(&self, package: &Path, format: Format) -> Result<ControlData> {
        self.control_data_of(package, format)
    }

    fn units(&self, names: &[&str]) -> Result<Vec<UnitState>> {
        let output = self.child(&Invocation::show_units(names))?;
        if !output.ok() {
            return Err(Error::failed(format!("systemd does not answer: {}", output.tail())));
        }
        Ok(systemd::parse_units(&output.stdout, names))
    }

    fn firewall(&self, family: Family) -> Result<Option<String>> {
        let is_there = |verb: &str| self.which(&format!("{family}-{verb}")).is_some();
        if !is_there("save") || !is_there("restore") || (family == Family::Ipv6 && !has_ipv6()) {
            return Ok(None);
        }
        let output = self.child(&Invocation::save_rules(family))?;
        if output.ok() {
            return Ok(Some(output.stdout));
        }
        Err(Error::failed(format!("the firewall cannot be read: {}", output.tail()))
            .hint(format!("see '{family}-save'")))
    }

    fn firewalld_rules(&self) -> Result<Option<Vec<String>>> {
        if self.which("firewall-offline-cmd").is_none() {
            return Ok(None);
        }
        let output = self.child(&Invocation::firewalld_rules())?;
        if output.ok() {
            return Ok(Some(output.stdout.lines().map(arguments::as_given_to_firewalld).collect()));
        }
        Err(Error::failed(format!("firewalld's own rules cannot be read: {}", output.tail()))
            .hint("see 'firewall-offline-cmd --direct --get-all-rules'"))
    }

    fn nft_ruleset(&self) -> Result<Option<String>> {
        if self.which("nft").is_none() {
            return Ok(None);
        }
        let output = self.child(&Invocation::list_nft())?;
        if output.ok() {
            return Ok(Some(output.stdout));
        }
        Err(Error::failed(format!("nftables cannot be read: {}", output.tail()))
            .hint("see 'nft list ruleset'"))
    }

    fn has_rule(&self, rule: &Rule) -> Result<bool> {
        if self.which("iptables").is_none() {
            return Ok(false);
        }
        Ok(self.child(&Invocation::check_rule(rule))?.ok())
    }

    fn docker(&self) -> Option<DockerDaemon> {
        sockets::docker()
    }

    fn rpms(&self) -> Result<String> {
        self.all_rpms()
    }

    fn rpm_key(&self, fingerprint: &str) -> Result<Option<String>> {
        self.key_of_rpm(fingerprint)
    }

    fn offered(&self, manager: Manager, names: &[String]) -> Result<Vec<String>> {
        self.offered_by(manager, names)
    }

    fn guestinfo(&self, key: &str) -> Result<Option<Secret>> {
        if self.which("vmware-rpctool").is_none() {
            return Ok(None);
        }
        let output = self.child(&Invocation::guestinfo(key))?;
        let there = output.ok() && !output.stdout.trim().is_empty();
        Ok(Some(Secret::new(output.stdout)).filter(|_| there))
    }

    fn openstack_metadata(&self) -> Option<Secret> {
        sockets::openstack_metadata()
    }

    fn board(&self) -> Arc<dyn Board> {
        Arc::new(board::Shown)
    }

    fn blot_out(&mut self, path: &Path) -> Result<()> {
        regions::blot_out(path).while_doing(|| format!("overwriting {}", path.display()))
    }

    fn sync_all(&mut self) -> Result<()> {
        nix::unistd::sync();
        Ok(())
    }

    fn set_kernel(&mut self, key: &str, value: &str) -> Result<()> {
        let path = PathBuf::from("/proc/sys").join(key.replace('.', "/"));
        fs::write(&path, value).while_doing(|| format!("setting {key} to {value}"))
    }

    fn set_enforcing(&mut self, enforcing: bool) -> Result<()> {
        fs::write(SELINUX_NOW, if enforcing { "1" } else { "0" })
            .while_doing(|| format!("setting the mode of SELinux in {SELINUX_NOW}"))
    }

    fn run(&mut self, command: &Command) -> Result<Output> {
        let mut invocation = Invocation::of(command);
        if let Some(proxy) = self.session.proxy.as_ref().filter(|_| command.asks_network()) {
            invocation = invocation.through(proxy);
        }
        if command.asks_network() && matches!(command, Command::Packages(..)) && !self.proxy_is_chosen {
            invocation = invocation.with_plain_proxy(|name| self.env(name));
        }
        if matches!(command, Command::Packages(..)) {
            self.rpms.take();
        }
        self.child(&invocation)
    }

    fn unpack(&mut self, unpack: &Unpack) -> Result<Vec<Vec<u8>>> {
        let heads = self.session.child(|| unpacking::unpack(unpack));
        heads.while_doing(|| format!("unpacking {}", unpack.package.display()))
    }
}

/// The kernel lists no address where IPv6 is turned off.
fn has_ipv6() -> bool {
    fs::read("/proc/net/if_inet6").is_ok_and(|addresses| !addresses.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_opened_the_door_cannot_be_dumped() {
        let _door = Linux::open();
        assert!(!nix::sys::prctl::get_dumpable().unwrap());
    }
}
