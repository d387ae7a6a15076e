//! The fake's side of the door: every look and every touch.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use distro_matrix::{Format, Manager};
use jiff::Timestamp;

use super::{Fake, Halt, Ip6Tables, Kind, Node, firewall, refuse};
use crate::elf;
use crate::error::{Error, Result};
use crate::host::{
    Board, Command, ControlData, DockerDaemon, Family, Fetch, Heard, Holder, Host, Introspection, Machine,
    Output, Reached, Request, Response, Rule, Silence, Stage, Stat, Timings, Transfer, UnitState, Unpack,
};
use crate::progress::Progress;
use crate::proxy::Proxy;
use crate::registration::AGENT;
use crate::secret::Secret;

/// What is not there after so many sleeps in one boot never comes, and a test that waits on would not end.
const MOST_SLEEPS: u32 = 2_000;

impl Machine for Fake {
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        let node = self.shown(path).or_else(|| self.disk.node(path).cloned());
        match node {
            Some(node) if node.kind == Kind::Folder => {
                Err(Error::failed(format!("{} is a folder", path.display())))
            }
            node => Ok(node.map(|node| node.content.to_vec())),
        }
    }

    fn read_head(&self, path: &Path, most: usize) -> Result<Option<Vec<u8>>> {
        let content = self.read(path)?;
        Ok(content.map(|content| content.into_iter().take(most).collect()))
    }

    fn stat(&self, path: &Path) -> Result<Option<Stat>> {
        let Some(node) = self.shown(path).or_else(|| self.disk.node(path).cloned()) else { return Ok(None) };
        let modified = self.disk.modified(path).unwrap_or(self.time());
        let size = node.content.len() as u64;
        Ok(Some(Stat {
            kind: node.kind.entry(),
            mode: node.mode,
            size,
            device: 1,
            modified,
            changed: modified,
        }))
    }

    fn stat_followed(&self, path: &Path) -> Result<Option<Stat>> {
        match self.disk.node(path).filter(|node| node.kind == Kind::Link) {
            Some(link) => self.stat(Path::new(&*String::from_utf8_lossy(&link.content))),
            None => self.stat(path),
        }
    }

    fn resolve(&self, path: &Path) -> Result<Option<PathBuf>> {
        match self.disk.node(path) {
            Some(node) if node.kind == Kind::Link => {
                Ok(Some(String::from_utf8_lossy(&node.content).as_ref().into()))
            }
            Some(_) => Ok(Some(path.to_owned())),
            None => Ok(self.shown(path).map(|_| path.to_owned())),
        }
    }

    fn list(&self, folder: &Path) -> Result<Vec<String>> {
        Ok(self.disk.list(folder))
    }

    fn env(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn is_root(&self) -> bool {
        !self.is_nobody
    }

    fn memory(&self) -> u64 {
        2 << 30
    }

    fn room(&self, _path: &Path) -> u64 {
        if self.elapsed() < self.has_room_at { 7_000_000 } else { 10 << 30 }
    }

    fn own_program(&self) -> Result<PathBuf> {
        let replaced = self.replaced_at.is_some_and(|touch| self.touches >= touch);
        let own = if self.packaged { "/usr/bin/landfall" } else { "/root/landfall" };
        Ok(if replaced { "/root/landfall (deleted)" } else { own }.into())
    }

    fn introspection(&self) -> Option<Introspection> {
        self.ecs_introspection()
    }

    fn reach(&self, addresses: &[String], _proxy: Option<&Proxy>) -> Vec<Reached> {
        let ask = |address: &String| {
            let outcome = if address.contains("169.254.") {
                Err(Silence { stage: Stage::Connect, why: "timed out".into() })
            } else {
                Ok(Heard { time: Some(self.right_time()), ..Heard::default() })
            };
            Reached { address: address.clone(), outcome }
        };
        addresses.iter().map(ask).collect()
    }

    fn ask_person(&self, question: &str, _unseen: bool) -> Result<Option<Secret>> {
        let answer = self.answers.iter().find(|(about, _)| question.contains(about));
        Ok(answer.map(|(_, answer)| Secret::new((*answer).to_owned())))
    }

    fn lock_holder(&self, path: &Path) -> Option<Holder> {
        self.package_lock_holder(path)
    }

    fn now(&self) -> Timestamp {
        self.time()
    }

    fn elapsed(&self) -> Duration {
        self.clock.get()
    }

    fn sleep(&self, time: Duration) {
        self.clock.set(self.clock.get() + time);
        self.sleeps.set(self.sleeps.get() + 1);
        assert!(self.sleeps.get() < MOST_SLEEPS, "it waits for ever: {}", self.told());
    }

    /// The same number each time, so that tests repeat.
    fn random(&self) -> u64 {
        7
    }

    fn progress(&self) -> Arc<Progress> {
        Arc::default()
    }

    fn timings(&self) -> Timings {
        Timings::default()
    }

    fn tell(&self, sentence: &str) {
        self.told.borrow_mut().push(sentence.to_owned());
    }

    fn lock(&mut self, _path: &Path) -> Result<Option<Holder>> {
        Ok(None)
    }

    fn unlock(&mut self, _path: &Path) {}

    fn create_folder(&mut self, path: &Path, mode: u32) -> Result<()> {
        let node = Node { kind: Kind::Folder, mode, content: Arc::from(&b""[..]) };
        self.touch(|fake| fake.disk.make(path, node, fake.time()))
    }

    fn create_file(&mut self, path: &Path, content: &[u8], mode: u32) -> Result<()> {
        let node = Node { kind: Kind::File, mode, content: content.into() };
        self.touch(|fake| fake.disk.make(path, node, fake.time()))
    }

    fn write(&mut self, path: &Path, content: &[u8], mode: u32) -> Result<()> {
        let node = Node { kind: Kind::File, mode, content: content.into() };
        self.touch(|fake| fake.disk.write(path, node, fake.time()))
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        self.touch(|fake| fake.disk.rename(from, to, fake.time()))
    }

    fn link(&mut self, path: &Path, target: &Path) -> Result<()> {
        let content = target.to_string_lossy().into_owned();
        let node = Node { kind: Kind::Link, mode: 0o777, content: content.as_bytes().into() };
        self.touch(|fake| fake.disk.make(path, node, fake.time()))
    }

    fn remove(&mut self, path: &Path) -> Result<()> {
        self.touch(|fake| fake.disk.remove(path))
    }

    fn sync(&mut self, path: &Path) -> Result<()> {
        self.touch(|fake| fake.disk.sync(path))
    }

    fn use_proxy(&mut self, proxy: Option<Proxy>, _chosen: bool) {
        self.proxy = proxy;
    }

    fn download(&mut self, url: &str, most: u64) -> Result<Vec<u8>> {
        self.tick()?;
        let served = self.served_at.get(url).unwrap_or(&self.served);
        if self.is_offline() || served.len() as u64 > most {
            return Err(Error::unreached("the connection was refused"));
        }
        Ok(served.clone())
    }

    fn ask(&mut self, request: &Request) -> Result<Response> {
        self.tick()?;
        if self.is_offline() {
            return Err(Error::unreached("the connection was refused"));
        }
        Ok(self.answer_of_aws(request))
    }

    /// The file arrives at once, unsynced, as from a thread that is quick.
    fn begin_fetch(&mut self, fetch: Fetch) {
        let arrives = !self.is_offline() && (self.proxy.is_some() || !self.behind_proxy);
        if arrives {
            let name = fetch.destination.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let content = self.one_version(&fetch.url).unwrap_or_else(|| self.offered(&name));
            self.scribble_deep(&fetch.destination.display().to_string(), &content, 0o600);
        }
        self.fetching.insert(fetch.destination, arrives);
    }

    fn finish_fetch(&mut self, destination: &Path) -> Result<Transfer> {
        self.tick()?;
        match self.fetching.get(destination) {
            Some(true) => Ok(Transfer { bytes: 7, signer: "TEST".into() }),
            Some(false) => Err(Error::unreached("the connection was refused")),
            None => Err(Error::bug(format!("{} was never begun", destination.display()))),
        }
    }
}

impl Host for Fake {
    fn read_at(&self, path: &Path, at: u64, length: usize) -> Result<Option<Vec<u8>>> {
        self.opened.borrow_mut().insert(path.to_owned());
        let from = |node: &Node| {
            let rest = usize::try_from(at).ok().and_then(|at| node.content.get(at..)).unwrap_or_default();
            rest[..rest.len().min(length)].to_vec()
        };
        Ok(self.disk.node(path).map(from))
    }

    fn machine(&self) -> String {
        "x86_64".into()
    }

    fn which(&self, program: &str) -> Option<PathBuf> {
        let path = PathBuf::from("/usr/sbin").join(program);
        self.disk.node(&path).map(|_| path.clone())
    }

    fn control_data(&self, package: &Path, _: Format) -> Result<ControlData> {
        self.control_of(package)
    }

    fn units(&self, names: &[&str]) -> Result<Vec<UnitState>> {
        Ok(names.iter().map(|name| self.unit_state(name)).collect())
    }

    fn firewall(&self, family: Family) -> Result<Option<String>> {
        if family == Family::Ipv6 && self.ipv6_fails == Some(Ip6Tables::Save) {
            return Err(Error::failed("can't initialize ip6tables table `filter'"));
        }
        let tool = self.which("iptables");
        Ok(tool.map(|_| self.volatile.firewall.save(family)))
    }

    fn firewalld_rules(&self) -> Result<Option<Vec<String>>> {
        let kept = self.disk.text(firewall::KEPT).unwrap_or_default();
        let rules = || kept.lines().map(str::to_owned).collect();
        Ok(self.which("firewall-offline-cmd").map(|_| rules()))
    }

    fn nft_ruleset(&self) -> Result<Option<String>> {
        Ok(self.nftables.clone())
    }

    fn has_rule(&self, rule: &Rule) -> Result<bool> {
        Ok(self.volatile.firewall.has(rule))
    }

    fn docker(&self) -> Option<DockerDaemon> {
        let daemon = DockerDaemon { version: "20.10.24".into(), engine: true };
        Some(daemon).filter(|_| self.is_running("docker.service"))
    }

    fn rpms(&self) -> Result<String> {
        Ok(self.rpm_database())
    }

    fn rpm_key(&self, fingerprint: &str) -> Result<Option<String>> {
        Ok(self.rpm_keyring().contains(fingerprint).then(|| format!("gpg-pubkey-{fingerprint}")))
    }

    fn offered(&self, manager: Manager, names: &[String]) -> Result<Vec<String>> {
        let has =
            |name: &&String| if manager == Manager::Apt { self.apt_has(name) } else { self.dnf_has(name) };
        Ok(names.iter().filter(has).cloned().collect())
    }

    fn guestinfo(&self, key: &str) -> Result<Option<Secret>> {
        Ok(self.guestinfo.get(key).cloned().map(Secret::new))
    }

    fn openstack_metadata(&self) -> Option<Secret> {
        self.opened.borrow_mut().insert("openstack".into());
        self.metadata.clone().map(Secret::new)
    }

    fn board(&self) -> Arc<dyn Board> {
        Arc::new(super::board::Posted { now: self.time(), posts: self.posts.clone() })
    }

    fn blot_out(&mut self, path: &Path) -> Result<()> {
        self.touch(|fake| {
            let Some(node) = fake.disk.node(path).cloned() else { return Ok(()) };
            let zeros = vec![0; node.content.len()];
            fake.disk.write(path, Node { content: zeros.into(), ..node }, fake.time())?;
            fake.disk.sync(path)
        })
    }

    fn sync_all(&mut self) -> Result<()> {
        self.touch(|fake| {
            fake.disk.settle();
            Ok(())
        })
    }

    fn set_kernel(&mut self, key: &str, value: &str) -> Result<()> {
        self.touch(|fake| {
            fake.volatile.kernel.insert(key.to_owned(), value.to_owned());
            Ok(())
        })
    }

    fn set_enforcing(&mut self, enforcing: bool) -> Result<()> {
        self.touch(|fake| {
            fake.volatile.enforces = Some(enforcing);
            Ok(())
        })
    }

    fn run(&mut self, command: &Command) -> Result<Output> {
        let asks_agent = matches!(command, Command::RegisterAgent { .. } | Command::ClearAgent);
        if asks_agent && self.disk.node(Path::new(AGENT)).is_none() {
            return Err(Error::failed(format!("the program {AGENT} is missing")));
        }
        Ok(self.act(command).unwrap_or_else(|Halt| refuse(1, "this was made to fail")))
    }

    /// Each file arrives as the real ones do: written, then synced.
    fn unpack(&mut self, unpack: &Unpack) -> Result<Vec<Vec<u8>>> {
        if self.disk.node(&unpack.package).is_none() {
            return Err(Error::failed(format!("{} is not there", unpack.package.display())));
        }
        let program = elf::program(if self.dynamic_programs { &[1, 3] } else { &[1] });
        for (_, path) in &unpack.members {
            self.write(path, &program, unpack.mode)?;
            self.sync(path)?;
        }
        Ok(vec![program; unpack.members.len()])
    }
}
