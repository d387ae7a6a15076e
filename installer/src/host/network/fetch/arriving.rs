//! A file on its way: whoever reads it makes it come.
//!
//! Each byte is asked for, written to the disk and handed on in one movement, so that a
//! signature is checked while the file arrives, and memory holds a few kilobytes of it. A connection
//! that breaks is taken up where it ended, unless the file is another one by now: then the reader
//! is told to begin anew.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};

use super::answer::{Resumption, Trouble, ask, part, strong_etag};
use super::paced::Paced;
use super::patience::{Limits, Patience};
use crate::error::Error;
use crate::host::network::http::root_cause;
use crate::progress::Share;

/// A download that is read as it arrives.
pub(super) struct Arriving<'a> {
    client: &'a Client,
    url: &'a str,
    path: &'a Path,
    file: File,
    limits: Limits,
    patience: Patience,
    began: Instant,
    share: Share,
    answer: Option<Paced<Response>>,
    etag: Option<String>,
    received: u64,
    furthest: u64,
    expected: Option<u64>,
    state: State,
}

enum State {
    Arriving,
    Complete,
    Restarted,
    Failed(Error),
}

/// How a reading of it ended.
pub(super) enum Ending {
    /// All of it was read: its length.
    Complete(u64),
    /// Another file came in its place: read it again from the beginning.
    Restarted,
    /// It will not come, for this reason.
    Failed(Error),
    /// Whoever read it wanted no more.
    LeftOff,
}

impl<'a> Arriving<'a> {
    pub(super) fn new(
        client: &'a Client,
        url: &'a str,
        path: &'a Path,
        (limits, seed): (Limits, u64),
        share: Share,
    ) -> io::Result<Self> {
        Ok(Self {
            client,
            url,
            path,
            file: File::create(path)?,
            limits,
            patience: Patience::new(limits, seed),
            began: Instant::now(),
            share,
            answer: None,
            etag: None,
            received: 0,
            furthest: 0,
            expected: None,
            state: State::Arriving,
        })
    }

    /// How the last reading ended.
    pub(super) fn ending(&mut self) -> Ending {
        match std::mem::replace(&mut self.state, State::Arriving) {
            State::Complete => Ending::Complete(self.received),
            State::Restarted => Ending::Restarted,
            State::Failed(e) => Ending::Failed(e),
            State::Arriving => Ending::LeftOff,
        }
    }

    fn more(&mut self, buffer: &mut [u8]) -> Result<usize, Trouble> {
        if self.expected == Some(self.received) {
            self.state = State::Complete;
            return Ok(0);
        }
        let mut answer = match self.answer.take() {
            Some(answer) => answer,
            None => self.take_up()?,
        };
        if matches!(self.state, State::Restarted) {
            self.answer = Some(answer);
            return Ok(0);
        }
        let count = answer.read(buffer).map_err(|e| self.cut_off(&e))?;
        if count == 0 {
            return self.end();
        }
        self.keep(&buffer[..count])?;
        self.answer = Some(answer);
        Ok(count)
    }

    /// Asks for what is missing. Without a mark of the bytes that are here, all is asked for again.
    fn take_up(&mut self) -> Result<Paced<Response>, Trouble> {
        let from = self.received;
        let rest = self.etag.as_deref().filter(|_| from > 0).map(|etag| Resumption { from, etag });
        let answer = ask(self.client, self.url, rest)?;
        let etag = strong_etag(&answer);
        let goes_on = answer.status() == StatusCode::PARTIAL_CONTENT;
        if goes_on {
            let same_file = etag.is_none() || etag == self.etag;
            match part(&answer) {
                Some((begins, whole)) if begins == from && whole == self.expected && same_file => {}
                _ => {
                    self.etag = None;
                    let error =
                        Error::failed(format!("{} went on with another part than was asked", self.url));
                    return Err(Trouble::Passing(error.hint("run again later"), None));
                }
            }
        } else {
            self.expected = answer.content_length();
            self.etag = etag;
            if from > 0 {
                self.restart()?;
            }
        }
        Ok(Paced::new(answer, self.limits))
    }

    /// What came so far is of no use: a wrong byte would be in the hash of whoever reads.
    fn restart(&mut self) -> Result<(), Trouble> {
        self.file.set_len(0).and_then(|()| self.file.rewind()).map_err(|e| self.on_disk(&e))?;
        self.received = 0;
        self.state = State::Restarted;
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        self.file.write_all(bytes).map_err(|e| self.on_disk(&e))?;
        self.received += bytes.len() as u64;
        self.share.at(self.received, self.expected);
        if self.received <= self.limits.largest {
            return Ok(());
        }
        Err(Trouble::Final(
            Error::failed(format!("{} is far too large for a package", self.url))
                .hint("see that nothing between this machine and the server answers in its place"),
        ))
    }

    fn end(&mut self) -> Result<usize, Trouble> {
        match self.expected {
            Some(expected) if expected != self.received => Err(Trouble::Passing(
                Error::failed(format!("{} ended after {} of {expected} bytes", self.url, self.received))
                    .hint("the network, or a cache on the way, cuts it short: run again later"),
                None,
            )),
            _ => {
                self.state = State::Complete;
                Ok(0)
            }
        }
    }

    fn cut_off(&self, e: &io::Error) -> Trouble {
        let why = root_cause(e);
        Trouble::Passing(
            Error::failed(format!(
                "the connection to {} was cut off after {} bytes: {why}",
                self.url, self.received
            ))
            .hint("see that the network is up, and run again"),
            None,
        )
    }

    fn on_disk(&self, e: &io::Error) -> Trouble {
        let hint = match e.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room on that disk, and run again",
            _ => "see that the disk is well, and run again",
        };
        Trouble::Final(Error::failed(format!("{} cannot be written: {e}", self.path.display())).hint(hint))
    }

    /// Waits until the next try; the error, where there is none.
    fn wait(&mut self, error: Error, asked: Option<Duration>) -> Result<(), Error> {
        let brought_something = self.received > self.furthest;
        self.furthest = self.furthest.max(self.received);
        match self.patience.pause(brought_something, asked, self.began.elapsed()) {
            Some(pause) => {
                thread::sleep(pause);
                Ok(())
            }
            None => Err(self.patience.given_up(error, self.began.elapsed())),
        }
    }
}

impl Read for Arriving<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if matches!(self.state, State::Complete) || buffer.is_empty() {
            return Ok(0);
        }
        while matches!(self.state, State::Arriving) {
            let failed = match self.more(buffer) {
                Ok(_) if matches!(self.state, State::Restarted) => break,
                Ok(count) => return Ok(count),
                Err(Trouble::Final(e)) => Some(e),
                Err(Trouble::Passing(e, asked)) => self.wait(e, asked).err(),
            };
            if let Some(e) = failed {
                self.state = State::Failed(e);
            }
        }
        Err(io::Error::other("the download stopped"))
    }
}
