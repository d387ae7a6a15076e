//! What a real machine's door keeps of one run, the same on every system: the clock, the account of where the time went,
//! downloads, the proxy that they go through, and locks.
#![allow(clippy::disallowed_methods, reason = "this is part of the door")]

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::network::fetch::{self, Downloads, Means};
use super::network::{ask, reach};
use super::{Fetch, Holder, Reached, Request, Response, Timings, Transfer};
use crate::error::{Result, While};
use crate::progress::Progress;
use crate::proxy::Proxy;

/// One run.
pub(super) struct Session {
    started: Instant,
    timings: RefCell<Timings>,
    downloads: Downloads,
    locks: HashMap<PathBuf, File>,
    /// How far the downloads are.
    pub(super) progress: Arc<Progress>,
    /// What everything goes through that leaves this process.
    pub(super) proxy: Option<Proxy>,
}

impl Session {
    /// The clock starts.
    pub(super) fn start() -> Self {
        Self {
            started: Instant::now(),
            timings: RefCell::default(),
            downloads: Downloads::default(),
            locks: HashMap::new(),
            progress: Arc::default(),
            proxy: None,
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn timings(&self) -> Timings {
        self.timings.borrow().clone()
    }

    /// Does what a program does, and notes how long that took.
    pub(super) fn child<T>(&self, run: impl FnOnce() -> T) -> T {
        let from = self.elapsed();
        let ended = run();
        self.timings.borrow_mut().children.push((from, self.elapsed()));
        ended
    }

    fn transfer<T>(&self, transfer: impl FnOnce() -> T) -> T {
        let from = self.elapsed();
        let came = transfer();
        self.timings.borrow_mut().transfers.push((from, self.elapsed()));
        came
    }

    pub(super) fn reach(&self, addresses: &[String], proxy: Option<&Proxy>) -> Vec<Reached> {
        self.transfer(|| reach::reach(addresses, proxy))
    }

    pub(super) fn download(&self, url: &str, most: u64, seed: u64) -> Result<Vec<u8>> {
        self.transfer(|| fetch::whole(url, most, self.proxy.as_ref(), seed))
    }

    pub(super) fn ask(&self, request: &Request) -> Result<Response> {
        self.transfer(|| ask::ask(request, self.proxy.as_ref()))
    }

    pub(super) fn begin_fetch(&mut self, fetch: Fetch, seed: u64) {
        let means = Means { proxy: self.proxy.clone(), progress: self.progress.clone(), seed };
        self.downloads.begin(fetch, means, self.started);
    }

    pub(super) fn finish_fetch(&mut self, destination: &Path) -> Result<Transfer> {
        let timings = &self.timings;
        self.downloads.finish(destination, |span| timings.borrow_mut().transfers.push(span))
    }

    /// Takes a lock by the system's way, or says by its other who holds it.
    pub(super) fn lock(
        &mut self,
        path: &Path,
        take: fn(&Path) -> io::Result<Option<File>>,
        holder: fn(&Path) -> Option<Holder>,
    ) -> Result<Option<Holder>> {
        match take(path).while_doing(|| format!("locking {}", path.display()))? {
            Some(file) => {
                self.locks.insert(path.to_owned(), file);
                Ok(None)
            }
            None => Ok(Some(
                holder(path).unwrap_or(Holder { pid: 0, program: "a process that just ended".into() }),
            )),
        }
    }

    pub(super) fn unlock(&mut self, path: &Path) {
        self.locks.remove(path);
    }
}

/// Total memory in bytes.
pub(super) fn memory() -> u64 {
    let memory = sysinfo::System::new().map(|mut system| {
        system.refresh_memory();
        system.total_memory()
    });
    memory.unwrap_or(0)
}

/// A number that a source fills; without one, at least two machines are not switched on in the same nanosecond.
pub(super) fn random(fill: impl FnOnce(&mut [u8; 8]) -> bool) -> u64 {
    let mut bytes = [0; 8];
    let is_filled = fill(&mut bytes);
    let clock = || Timestamp::now().subsec_nanosecond().unsigned_abs().into();
    if is_filled { u64::from_ne_bytes(bytes) } else { clock() }
}

/// A line for the person here, which may be on the terminal that is still being redrawn.
pub(super) fn tell(sentence: &str) {
    let start = if io::stderr().is_terminal() { "\r\x1b[K" } else { "" };
    eprintln!("{start}{sentence}");
}
