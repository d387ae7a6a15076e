//! Downloads, on threads of their own, verified before they get their name.
//!
//! The file grows in a folder that only root may enter, under a temporary name; signature first, so
//! that a wrong one costs little.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::redirect::Policy;

use super::http::{client, root_cause};
use crate::durable;
use crate::error::{Error, Result, While};
use crate::host::{Fetch, Transfer};

const TRIES: u32 = 4;
const CHUNK: usize = 256 * 1024;
const LARGEST_SIGNATURE: u64 = 64 * 1024;

/// A download under way.
pub(super) struct Fetching {
    thread: JoinHandle<(Duration, Result<Transfer>)>,
    from: Duration,
}

impl Fetching {
    pub(super) fn begin(fetch: Fetch, started: Instant) -> Self {
        let from = started.elapsed();
        let thread = thread::spawn(move || {
            let transfer = fetch_verified(&fetch);
            (started.elapsed(), transfer)
        });
        Self { thread, from }
    }

    /// When it ran, and how it ended.
    pub(super) fn finish(self) -> Result<((Duration, Duration), Result<Transfer>)> {
        let (to, transfer) = self.thread.join().map_err(|_| Error::bug("a download thread panicked"))?;
        Ok(((self.from, to), transfer))
    }
}

fn fetch_verified(fetch: &Fetch) -> Result<Transfer> {
    let client = client(Policy::default())?;
    let signature = match fetch.trust.unsigned {
        true => Vec::new(),
        false => retried(|| small(&client, &fetch.signature_url))?,
    };
    let folder = durable::parent(&fetch.destination);
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .while_doing(|| format!("making the folder {}", folder.display()))?;
    let partial = fetch.destination.with_extension("partial");
    let arrived = retried(|| large(&client, &fetch.url, &partial)).and_then(|bytes| {
        let file = File::open(&partial).while_doing(|| format!("reading {}", partial.display()))?;
        Ok(Transfer { bytes, signer: fetch.trust.verify(&signature, file, Timestamp::now())? })
    });
    let named = arrived.and_then(|transfer| {
        fs::rename(&partial, &fetch.destination).while_doing(|| "naming the finished download".into())?;
        Ok(transfer)
    });
    if named.is_err() {
        let _ = fs::remove_file(&partial);
    }
    named.map_err(|e| e.while_doing(format!("downloading {}", fetch.url)))
}

/// A failure that a further try may mend, or one that it cannot.
enum Trouble {
    Passing(Error),
    Final(Error),
}

fn retried<T>(mut attempt: impl FnMut() -> std::result::Result<T, Trouble>) -> Result<T> {
    let mut pause = Duration::from_millis(500);
    for _ in 1..TRIES {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(Trouble::Final(e)) => return Err(e),
            Err(Trouble::Passing(_)) => thread::sleep(pause),
        }
        pause *= 2;
    }
    attempt().map_err(|(Trouble::Passing(e) | Trouble::Final(e))| e)
}

fn small(client: &Client, url: &str) -> std::result::Result<Vec<u8>, Trouble> {
    let mut content = Vec::new();
    let mut answer = get(client, url)?.take(LARGEST_SIGNATURE + 1);
    answer.read_to_end(&mut content).map_err(|e| cut_off(url, &e))?;
    if content.len() as u64 > LARGEST_SIGNATURE {
        return Err(Trouble::Final(Error::failed(format!("{url} is far too large for a signature"))));
    }
    Ok(content)
}

fn large(client: &Client, url: &str, partial: &Path) -> std::result::Result<u64, Trouble> {
    let mut answer = get(client, url)?;
    let promised = answer.content_length();
    let on_disk = |e: std::io::Error| {
        Trouble::Final(
            Error::failed(format!("{}: {e}", partial.display()))
                .hint("see that the disk has room, and run again"),
        )
    };
    let mut file = File::create(partial).map_err(on_disk)?;
    let mut buffer = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        let count = answer.read(&mut buffer).map_err(|e| cut_off(url, &e))?;
        if count == 0 {
            break;
        }
        file.write_all(&buffer[..count]).map_err(on_disk)?;
        bytes += count as u64;
    }
    match promised {
        Some(promised) if promised != bytes => {
            Err(Trouble::Passing(Error::failed(format!("{url} ended after {bytes} of {promised} bytes"))))
        }
        _ => Ok(bytes),
    }
}

fn get(client: &Client, url: &str) -> std::result::Result<Response, Trouble> {
    let answer = client.get(url).send().map_err(|e| {
        Trouble::Passing(
            Error::failed(format!("{url} could not be reached: {}", root_cause(&e)))
                .hint("see that DNS works, TCP 443 is open to it, and the clock is right"),
        )
    })?;
    match answer.status() {
        StatusCode::OK => Ok(answer),
        StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => Err(Trouble::Final(
            Error::failed(format!("{url} is not there (HTTP {})", answer.status().as_u16()))
                .hint("see that the region and the version exist"),
        )),
        other => Err(Trouble::Passing(Error::failed(format!("{url} answered with HTTP {}", other.as_u16())))),
    }
}

fn cut_off(url: &str, e: &std::io::Error) -> Trouble {
    Trouble::Passing(Error::failed(format!("the connection to {url} was cut off: {e}")))
}
