//! A real Windows machine.
//!
//! With `host/windows/*` and `host/network/*` the only place that names `std::process`, `std::fs` or `std::env` there.
#![allow(clippy::disallowed_methods, reason = "this is the door")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use super::network::local;
use super::session::{self, Session};
use super::{
    DockerDaemon, Fetch, Holder, Introspection, Machine, Output, Reached, Request, Response, Stat, Timings,
    Transfer,
};
use crate::error::{Error, Result, While};
use crate::progress::Progress;
use crate::proxy::Proxy;
use crate::secret::Secret;
use crate::terminal;
use crate::windows::door::{Definition, Feature, Program, Recovery, Service, Start, Value, Windows};
use crate::windows::programs::{Invocation, feature_state, is_of_no_feature};

mod archive;
mod children;
mod dependents;
mod domain;
mod files;
mod lock;
mod pipe;
mod privilege;
mod registry;
mod roots;
mod service;
mod services;
mod signer;

pub use service::as_service;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);

/// A real Windows machine.
pub struct RealWindows {
    session: Session,
}

impl RealWindows {
    /// Opens the door; the clock starts.
    #[must_use]
    pub fn open() -> Self {
        Self { session: Session::start() }
    }

    fn child(&self, invocation: &Invocation, proxy: Option<&Proxy>) -> Result<Output> {
        self.session.child(|| children::run(invocation, proxy))
    }
}

impl Machine for RealWindows {
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        files::content_of(path, fs::read(path))
    }

    fn read_head(&self, path: &Path, most: usize) -> Result<Option<Vec<u8>>> {
        let head = |file: File| {
            let mut content = Vec::new();
            file.take(most as u64).read_to_end(&mut content)?;
            Ok(content)
        };
        files::content_of(path, File::open(path).and_then(head))
    }

    fn stat(&self, path: &Path) -> Result<Option<Stat>> {
        files::stat_of(path, fs::symlink_metadata(path))
    }

    fn stat_followed(&self, path: &Path) -> Result<Option<Stat>> {
        files::stat_of(path, fs::metadata(path))
    }

    fn resolve(&self, path: &Path) -> Result<Option<PathBuf>> {
        if self.stat_followed(path)?.is_none() {
            return Ok(None);
        }
        std::path::absolute(path).map(Some).while_doing(|| format!("looking at {}", path.display()))
    }

    fn list(&self, folder: &Path) -> Result<Vec<String>> {
        files::names(folder)
    }

    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn is_root(&self) -> bool {
        registry::may_write()
    }

    fn memory(&self) -> u64 {
        session::memory()
    }

    fn room(&self, path: &Path) -> u64 {
        files::room(path)
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
            ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), bytes).is_ok()
        })
    }

    fn timings(&self) -> Timings {
        self.session.timings()
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
        fs::create_dir(path).while_doing(|| format!("making the folder {}", path.display()))?;
        if mode & 0o077 != 0 {
            return Ok(());
        }
        // A folder that is open to others must not be taken for one that is closed by the next run.
        self.close(path).inspect_err(|_| drop(fs::remove_dir(path)))
    }

    fn create_file(&mut self, path: &Path, content: &[u8], _: u32) -> Result<()> {
        files::fill(File::options().create_new(true), path, content)
    }

    fn write(&mut self, path: &Path, content: &[u8], _: u32) -> Result<()> {
        files::fill(File::options().create(true).truncate(true), path, content)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to).while_doing(|| format!("renaming {} to {}", from.display(), to.display()))
    }

    fn link(&mut self, path: &Path, target: &Path) -> Result<()> {
        std::os::windows::fs::symlink_file(target, path).while_doing(|| format!("linking {}", path.display()))
    }

    fn remove(&mut self, path: &Path) -> Result<()> {
        let removed =
            if files::is_like_a_folder(path) { fs::remove_dir(path) } else { fs::remove_file(path) };
        match removed {
            Err(e) if !files::is_absent(&e) => Err(e).while_doing(|| format!("removing {}", path.display())),
            _ => Ok(()),
        }
    }

    fn sync(&mut self, path: &Path) -> Result<()> {
        files::sync(path).while_doing(|| format!("syncing {}", path.display()))
    }

    fn use_proxy(&mut self, proxy: Option<Proxy>, _: bool) {
        self.session.proxy = proxy;
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

impl Windows for RealWindows {
    fn values(&self, key: &str) -> Result<Option<BTreeMap<String, Value>>> {
        registry::values(key)
    }

    fn service(&self, name: &str) -> Result<Option<Service>> {
        services::look(name)
    }

    fn feature(&self, name: &str) -> Result<Feature> {
        let output = self.child(&Invocation::feature_info(name), None)?;
        match feature_state(&output.stdout) {
            Feature::Unknown if !output.ok() && !is_of_no_feature(&output.stdout) => {
                Err(Error::refused(format!("DISM does not tell of the feature {name}: {}", output.tail()))
                    .hint("run it from an elevated prompt, and when no update is being installed"))
            }
            state => Ok(state),
        }
    }

    fn docker(&self) -> Option<DockerDaemon> {
        local::daemon(&pipe::get(pipe::DOCKER, "/version")?)
    }

    fn domain(&self) -> Result<Option<String>> {
        domain::joined()
    }

    fn connects(&self, host: &str, port: u16) -> bool {
        let addresses = (host, port).to_socket_addrs().into_iter().flatten();
        addresses.take(3).any(|address| TcpStream::connect_timeout(&address, CONNECT).is_ok())
    }

    fn signer(&self, program: &Path, publishers: &[&str]) -> Result<String> {
        signer::of(program, publishers)
    }

    fn close(&mut self, folder: &Path) -> Result<()> {
        let output = self.child(&Invocation::close_folder(folder), None)?;
        match output.ok() {
            true => Ok(()),
            false => Err(Error::failed(format!(
                "{} could not be closed to other users: {}",
                folder.display(),
                output.tail()
            ))),
        }
    }

    fn set_value(&mut self, key: &str, name: &str, value: Option<&Value>) -> Result<()> {
        registry::set(key, name, value)
    }

    fn create_service(&mut self, name: &str, definition: &Definition) -> Result<()> {
        services::create(name, definition)
    }

    fn delete_service(&mut self, name: &str) -> Result<()> {
        services::delete(name)
    }

    fn set_start(&mut self, name: &str, start: Start) -> Result<()> {
        services::set_start(name, start)
    }

    fn set_recovery(&mut self, name: &str, recovery: &Recovery) -> Result<()> {
        services::set_recovery(name, recovery)
    }

    fn start_service(&mut self, name: &str) -> Result<()> {
        services::start(name)
    }

    fn stop_service(&mut self, name: &str) -> Result<()> {
        services::stop(name)
    }

    fn unzip(&mut self, archive: &Path, members: &[(String, PathBuf)]) -> Result<()> {
        archive::unpack(archive, members).while_doing(|| format!("unpacking {}", archive.display()))
    }

    fn run(&mut self, program: &Program) -> Result<Output> {
        let proxy = self.session.proxy.clone();
        self.child(&Invocation::of(program), proxy.as_ref())
    }
}
