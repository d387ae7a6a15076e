//! Downloads, on threads of their own, verified before they get their name.
//!
//! The signature comes first, so that a wrong one costs little. The file grows in a folder that only
//! root may enter, under a temporary name that no failure leaves behind, and is verified while it
//! arrives. What came of it serves the next try of the same run; a later run asks for all of it again,
//! because nothing proves to it which file the beginning was of.

use std::collections::HashMap;
use std::fs::{self, DirBuilder};
use std::io::Read;
#[cfg(unix)]
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::blocking::Client;

use super::http::{client, leads_to_https};
use crate::durable;
use crate::error::{Error, Result, While};
use crate::host::{Fetch, Transfer};
use crate::progress::Progress;
use crate::proxy::Proxy;

mod answer;
mod arriving;
mod paced;
mod patience;
#[cfg(test)]
mod tests;

use answer::{Trouble, ask};
use arriving::{Arriving, Ending};
use paced::Paced;
use patience::{Limits, Patience};

const LARGEST_SIGNATURE: u64 = 64 * 1024;

/// What a download needs besides its address.
pub(in crate::host) struct Means {
    pub(in crate::host) proxy: Option<Proxy>,
    pub(in crate::host) progress: Arc<Progress>,
    pub(in crate::host) seed: u64,
}

/// The downloads of a run.
#[derive(Default)]
pub(in crate::host) struct Downloads {
    under_way: HashMap<PathBuf, Fetching>,
    done: HashMap<PathBuf, Transfer>,
}

impl Downloads {
    pub(in crate::host) fn begin(&mut self, fetch: Fetch, means: Means, started: Instant) {
        let destination = fetch.destination.clone();
        // An earlier try of this process may be at the same file still: two writers would spoil it.
        if let Some(earlier) = self.under_way.remove(&destination) {
            let _ = earlier.finish();
        }
        self.done.remove(&destination);
        self.under_way.insert(destination, Fetching::begin(fetch, means, started));
    }

    /// How one ended; when it ran is told to `ran`, once.
    pub(in crate::host) fn finish(&mut self, destination: &Path, ran: impl FnOnce(Span)) -> Result<Transfer> {
        if let Some(transfer) = self.done.get(destination) {
            return Ok(transfer.clone());
        }
        let fetching = self
            .under_way
            .remove(destination)
            .ok_or_else(|| Error::bug(format!("{} was never begun", destination.display())))?;
        let (span, transfer) = fetching.finish()?;
        ran(span);
        let transfer = transfer?;
        self.done.insert(destination.to_owned(), transfer.clone());
        Ok(transfer)
    }
}

/// From when to when something ran.
type Span = (Duration, Duration);

/// A download under way.
struct Fetching {
    thread: JoinHandle<(Duration, Result<Transfer>)>,
    from: Duration,
}

impl Fetching {
    fn begin(fetch: Fetch, means: Means, started: Instant) -> Self {
        let from = started.elapsed();
        let thread = thread::spawn(move || {
            let transfer = client(means.proxy.as_ref(), leads_to_https())
                .and_then(|client| fetch_verified(&client, &fetch, &means, Limits::USUAL));
            (started.elapsed(), transfer)
        });
        Self { thread, from }
    }

    /// When it ran, and how it ended.
    fn finish(self) -> Result<(Span, Result<Transfer>)> {
        let (to, transfer) = self.thread.join().map_err(|_| Error::bug("a download thread panicked"))?;
        Ok(((self.from, to), transfer))
    }
}

fn fetch_verified(client: &Client, fetch: &Fetch, means: &Means, limits: Limits) -> Result<Transfer> {
    let signature = match fetch.trust.unsigned {
        true => Vec::new(),
        false => small(client, &fetch.signature_url, LARGEST_SIGNATURE, (limits, means.seed))?,
    };
    let folder = durable::parent(&fetch.destination);
    let mut builder = DirBuilder::new();
    // Elsewhere the folder above is closed to everybody but those who may change the machine.
    #[cfg(unix)]
    builder.mode(0o700);
    builder
        .recursive(true)
        .create(folder)
        .while_doing(|| format!("making the folder {}", folder.display()))?;
    let partial = fetch.destination.with_extension("partial");
    let named = arrive(client, fetch, &signature, &partial, means, limits).and_then(|transfer| {
        fs::rename(&partial, &fetch.destination).while_doing(|| "naming the finished download".into())?;
        Ok(transfer)
    });
    if named.is_err() {
        let _ = fs::remove_file(&partial);
    }
    named.map_err(|e| e.while_doing(format!("downloading {}", fetch.url)))
}

/// Reads the file through the check of its signature, and again if another file comes in its place.
fn arrive(
    client: &Client,
    fetch: &Fetch,
    signature: &[u8],
    partial: &Path,
    means: &Means,
    limits: Limits,
) -> Result<Transfer> {
    let share = means.progress.begin();
    let mut arriving = Arriving::new(client, &fetch.url, partial, (limits, means.seed), share)
        .while_doing(|| format!("making {}", partial.display()))?;
    loop {
        let verified = fetch.trust.verify(signature, &mut arriving, Timestamp::now());
        match arriving.ending() {
            Ending::Complete(bytes) => return Ok(Transfer { bytes, signer: verified? }),
            Ending::Restarted => {}
            Ending::Failed(e) => return Err(e),
            // The signature alone was enough to say no.
            Ending::LeftOff => {
                let unread = || Error::bug("a signature counted before the file was read");
                return Err(verified.err().unwrap_or_else(unread));
            }
        }
    }
}

/// A small file, whole.
pub(in crate::host) fn whole(url: &str, most: u64, proxy: Option<&Proxy>, seed: u64) -> Result<Vec<u8>> {
    let client = client(proxy, leads_to_https())?;
    small(&client, url, most, (Limits::USUAL, seed))
}

fn small(client: &Client, url: &str, most: u64, (limits, seed): (Limits, u64)) -> Result<Vec<u8>> {
    let mut patience = Patience::new(limits, seed);
    let began = Instant::now();
    loop {
        match read_small(client, url, most, limits) {
            Ok(content) => return Ok(content),
            Err(Trouble::Final(e)) => return Err(e),
            Err(Trouble::Passing(e, asked)) => match patience.pause(false, asked, began.elapsed()) {
                Some(pause) => thread::sleep(pause),
                None => return Err(patience.given_up(e, began.elapsed())),
            },
        }
    }
}

fn read_small(
    client: &Client,
    url: &str,
    most: u64,
    limits: Limits,
) -> std::result::Result<Vec<u8>, Trouble> {
    let mut content = Vec::new();
    let mut answer = Paced::new(ask(client, url, None)?, limits).take(most + 1);
    answer.read_to_end(&mut content).map_err(|e| {
        let error = Error::unreached(format!("the connection to {url} was cut off: {e}"));
        Trouble::Passing(error.hint("see that the network is up, and run again"), None)
    })?;
    if content.len() as u64 > most {
        return Err(Trouble::Final(
            Error::failed(format!("{url} has more than {most} bytes, which is far too large"))
                .hint("see that nothing between this machine and the server answers in its place"),
        ));
    }
    Ok(content)
}
