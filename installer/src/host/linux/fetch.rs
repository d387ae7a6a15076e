//! Downloads, on threads of their own, verified before they get their name.
//!
//! The file grows in a folder that only root may enter, under a temporary name; signature first, so
//! that a wrong one costs little.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::header::DATE;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};

use crate::durable;
use crate::error::{Error, Result, While};
use crate::host::{Fetch, Transfer};

const CONNECT: Duration = Duration::from_secs(15);
const SILENCE: Duration = Duration::from_secs(60);
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

/// Any HTTP answer will do: what matters is that there is one, and what time it tells.
pub(super) fn reach(addresses: &[String]) -> Vec<Result<Option<Timestamp>>> {
    if addresses.is_empty() {
        return Vec::new();
    }
    // Where an answer would send us on to is not what was asked.
    let client = match client(Policy::none()) {
        Ok(client) => client,
        Err(e) => return vec![Err(e)],
    };
    thread::scope(|scope| {
        let asked: Vec<_> = addresses.iter().map(|address| scope.spawn(|| ask(&client, address))).collect();
        asked
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(Error::bug("a probe panicked"))))
            .collect()
    })
}

fn ask(client: &Client, address: &str) -> Result<Option<Timestamp>> {
    let answer = client.head(address).send().map_err(|e| unreachable_address(address, &e))?;
    let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
    Ok(date.and_then(time_of))
}

fn time_of(date: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(date).ok().map(|date| date.timestamp())
}

fn fetch_verified(fetch: &Fetch) -> Result<Transfer> {
    let client = client(Policy::default())?;
    let signature = retried(|| small(&client, &fetch.signature_url))?;
    let folder = durable::parent(&fetch.destination);
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .while_doing(|| format!("making the folder {}", folder.display()))?;
    let partial = fetch.destination.with_extension("partial");
    let arrived = retried(|| large(&client, &fetch.url, &partial)).and_then(|bytes| {
        let file = File::open(&partial).while_doing(|| format!("reading {}", partial.display()))?;
        Ok(Transfer { bytes, signer: fetch.trust.verify(&signature, file)? })
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

fn client(redirects: Policy) -> Result<Client> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(Error::failed("this system has no certificate authorities to trust")
            .hint("install the package ca-certificates, and run again"));
    }
    Client::builder()
        .tls_backend_preconfigured(tls(roots)?)
        .redirect(redirects)
        .https_only(true)
        .connect_timeout(CONNECT)
        .timeout(SILENCE)
        .user_agent(concat!("landfall/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| Error::bug(e.to_string()))
}

/// TLS that trusts these authorities.
pub(super) fn tls(roots: RootCertStore) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|e| Error::bug(e.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
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

fn unreachable_address(url: &str, e: &reqwest::Error) -> Error {
    Error::failed(format!("{url} could not be reached: {}", root_cause(e)))
        .hint("see that DNS works, TCP 443 is open to it, and the clock is right")
}

fn cut_off(url: &str, e: &std::io::Error) -> Trouble {
    Trouble::Passing(Error::failed(format!("the connection to {url} was cut off: {e}")))
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_header_is_a_time() {
        let time = time_of("Sun, 22 Nov 2026 20:53:08 GMT");
        assert_eq!(time.map(|time| time.to_string()).as_deref(), Some("2026-11-22T20:53:08Z"));
    }
}
