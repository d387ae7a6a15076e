//! One file over HTTP, taken up where it broke off.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use reqwest::StatusCode;
use reqwest::blocking::Response;
use reqwest::header::CONTENT_RANGE;

use super::client::{Client, innermost};
use super::progress::Progress;
use crate::error::{Error, Result, While};

/// Tries in a row that may bring nothing.
const TRIES: u32 = 5;

/// How a try ended.
enum Ended {
    /// All of it is here.
    Whole,
    /// It broke off, for this reason.
    Broken(String),
}

/// Brings what is missing of a file.
///
/// # Errors
/// When the server says no, or five tries in a row bring nothing. What came stays, for the next run.
pub fn bring(client: &Client, url: &str, path: &Path) -> Result<()> {
    let mut fruitless = 0;
    loop {
        let before = length(path);
        let reason = match attempt(client, url, path)? {
            Ended::Whole => return Ok(()),
            Ended::Broken(reason) => reason,
        };
        fruitless = if length(path) > before { 0 } else { fruitless + 1 };
        if fruitless == TRIES {
            return Err(Error::failed(format!("{url} broke off {TRIES} times without a byte: {reason}"))
                .hint("run again: it goes on where it ended"));
        }
        eprintln!("{:<10} {url} broke off ({reason}); it is taken up again", "note");
        std::thread::sleep(client.pause * (fruitless + 1));
    }
}

fn attempt(client: &Client, url: &str, path: &Path) -> Result<Ended> {
    let doing = || format!("writing {}", path.display());
    let mut file = OpenOptions::new().append(true).create(true).open(path).while_doing(doing)?;
    let answer = match client.ask(url, length(path))? {
        Ok(answer) => answer,
        Err(reason) => return Ok(Ended::Broken(reason)),
    };
    let status = answer.status();
    match status {
        StatusCode::PARTIAL_CONTENT if begins_at(&answer) == Some(length(path)) => {}
        // The server does not resume, or resumes elsewhere: from the start, then.
        StatusCode::OK => file.set_len(0).while_doing(doing)?,
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if length(path) > 0 => {
            if status == StatusCode::RANGE_NOT_SATISFIABLE && ends_at(&answer) == Some(length(path)) {
                return Ok(Ended::Whole);
            }
            file.set_len(0).while_doing(doing)?;
            return Ok(Ended::Broken("what was here is not its beginning".into()));
        }
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            return Ok(Ended::Broken(format!("it was answered with {status}")));
        }
        status => return Err(Error::failed(format!("{url} was answered with {status}"))),
    }
    received(answer, &mut file, url, path)
}

fn received(mut answer: Response, file: &mut File, url: &str, path: &Path) -> Result<Ended> {
    let mut here = file.seek(SeekFrom::End(0)).while_doing(|| format!("writing {}", path.display()))?;
    let all = answer.content_length().map(|more| here + more);
    let mut progress = Progress::begin(url.rsplit('/').next().unwrap_or(url), here);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match answer.read(&mut buffer) {
            Ok(0) if all.is_some_and(|all| here < all) => {
                return Ok(Ended::Broken("the connection ended".into()));
            }
            Ok(0) => return Ok(Ended::Whole),
            Ok(read) => {
                file.write_all(&buffer[..read]).while_doing(|| format!("writing {}", path.display()))?;
                here += read as u64;
                progress.at(here, all);
            }
            Err(e) => return Ok(Ended::Broken(innermost(&e))),
        }
    }
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |it| it.len())
}

/// `bytes 100-199/200`: 100.
fn begins_at(answer: &Response) -> Option<u64> {
    content_range(answer)?.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}

/// `bytes */200`: 200.
fn ends_at(answer: &Response) -> Option<u64> {
    content_range(answer)?.strip_prefix("bytes */")?.parse().ok()
}

fn content_range(answer: &Response) -> Option<&str> {
    answer.headers().get(CONTENT_RANGE)?.to_str().ok()
}
