//! The fake's side of the door that every system has.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::Fake;
use crate::error::{Error, Result};
use crate::host::fake::{Kind, Node};
use crate::host::{
    Fetch, Heard, Holder, Introspection, Machine, Reached, Request, Response, Stat, Timings, Transfer,
};
use crate::progress::Progress;
use crate::proxy::Proxy;
use crate::secret::Secret;

/// What every download is; what is downloaded beside one is the sum of this.
const DOWNLOADED: &str = "downloaded";

impl Machine for Fake {
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        match self.disk.node(path) {
            Some(node) if node.kind == Kind::Folder => {
                Err(Error::failed(format!("{} is a folder", path.display())))
            }
            node => Ok(node.map(|node| node.content.to_vec())),
        }
    }

    fn read_head(&self, path: &Path, most: usize) -> Result<Option<Vec<u8>>> {
        Ok(self.read(path)?.map(|content| content.into_iter().take(most).collect()))
    }

    fn stat(&self, path: &Path) -> Result<Option<Stat>> {
        let Some(node) = self.disk.node(path) else { return Ok(None) };
        let modified = self.disk.modified(path).unwrap_or(self.time());
        let (kind, size) = (node.kind.entry(), node.content.len() as u64);
        Ok(Some(Stat { kind, mode: node.mode, size, device: 1, modified, changed: modified }))
    }

    fn stat_followed(&self, path: &Path) -> Result<Option<Stat>> {
        self.stat(path)
    }

    fn resolve(&self, path: &Path) -> Result<Option<PathBuf>> {
        Ok(self.disk.node(path).map(|_| path.to_owned()))
    }

    fn list(&self, folder: &Path) -> Result<Vec<String>> {
        Ok(self.disk.list(folder))
    }

    fn env(&self, name: &str) -> Option<String> {
        (name == "SystemDrive").then(|| "C:".into())
    }

    fn is_root(&self) -> bool {
        true
    }

    fn memory(&self) -> u64 {
        8 << 30
    }

    fn room(&self, _: &Path) -> u64 {
        100 << 30
    }

    fn own_program(&self) -> Result<PathBuf> {
        Ok("C:/Users/admin/landfall.exe".into())
    }

    fn introspection(&self) -> Option<Introspection> {
        self.ecs_introspection()
    }

    fn reach(&self, addresses: &[String], _: Option<&Proxy>) -> Vec<Reached> {
        let heard = || Ok(Heard { time: Some(self.time()), ..Heard::default() });
        addresses.iter().map(|it| Reached { address: it.clone(), outcome: heard() }).collect()
    }

    fn ask_person(&self, _: &str, _: bool) -> Result<Option<Secret>> {
        Ok(None)
    }

    fn lock_holder(&self, _: &Path) -> Option<Holder> {
        None
    }

    fn now(&self) -> Timestamp {
        self.time()
    }

    fn elapsed(&self) -> Duration {
        self.clock.get()
    }

    fn sleep(&self, time: Duration) {
        self.clock.set(self.clock.get() + time);
    }

    fn random(&self) -> u64 {
        7
    }

    fn timings(&self) -> Timings {
        Timings::default()
    }

    fn tell(&self, sentence: &str) {
        self.told.borrow_mut().push(sentence.to_owned());
    }

    fn progress(&self) -> Arc<Progress> {
        Arc::default()
    }

    fn lock(&mut self, _: &Path) -> Result<Option<Holder>> {
        Ok(None)
    }

    fn unlock(&mut self, _: &Path) {}

    fn create_folder(&mut self, path: &Path, mode: u32) -> Result<()> {
        self.tick()?;
        let node = Node { kind: Kind::Folder, mode, content: Arc::from(&b""[..]) };
        self.disk.make(path, node, self.time()).map_err(Error::failed)
    }

    fn create_file(&mut self, path: &Path, content: &[u8], _: u32) -> Result<()> {
        self.tick()?;
        let node = Node { kind: Kind::File, mode: 0o600, content: content.into() };
        self.disk.make(path, node, self.time()).map_err(Error::failed)
    }

    fn write(&mut self, path: &Path, content: &[u8], _: u32) -> Result<()> {
        self.tick()?;
        let node = Node { kind: Kind::File, mode: 0o600, content: content.into() };
        self.disk.write(path, node, self.time()).map_err(Error::failed)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        self.tick()?;
        self.disk.rename(from, to, self.time()).map_err(Error::failed)
    }

    fn link(&mut self, path: &Path, target: &Path) -> Result<()> {
        self.tick()?;
        let content = target.to_string_lossy().into_owned();
        let node = Node { kind: Kind::Link, mode: 0o777, content: content.as_bytes().into() };
        self.disk.make(path, node, self.time()).map_err(Error::failed)
    }

    fn remove(&mut self, path: &Path) -> Result<()> {
        self.tick()?;
        self.disk.remove(path).map_err(Error::failed)
    }

    fn sync(&mut self, path: &Path) -> Result<()> {
        self.tick()?;
        self.disk.sync(path).map_err(Error::failed)
    }

    fn use_proxy(&mut self, _: Option<Proxy>, _: bool) {}

    fn download(&mut self, _: &str, _: u64) -> Result<Vec<u8>> {
        self.tick()?;
        match self.offline {
            true => Err(Error::unreached("the connection was refused")),
            false if self.wrong_sum => Ok("0".repeat(64).into_bytes()),
            false => Ok(hex::encode(Sha256::digest(DOWNLOADED)).into_bytes()),
        }
    }

    fn ask(&mut self, _: &Request) -> Result<Response> {
        Err(Error::unreached("nobody answers here"))
    }

    fn begin_fetch(&mut self, fetch: Fetch) {
        self.fetches += 1;
        if !self.offline {
            self.scribble(&fetch.destination, DOWNLOADED);
        }
        self.fetched.insert(fetch.destination, !self.offline);
    }

    fn finish_fetch(&mut self, destination: &Path) -> Result<Transfer> {
        self.tick()?;
        match self.fetched.get(destination) {
            Some(true) => Ok(Transfer { bytes: 10, signer: "TEST".into() }),
            Some(false) => Err(Error::unreached("the connection was refused")),
            None => Err(Error::bug(format!("{} was never begun", destination.display()))),
        }
    }
}
