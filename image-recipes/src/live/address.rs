//! The image on a web server: asked for once, and again from where an answer broke off, for as long as it takes.
//!
//! Plain HTTP is good enough: each piece is held against the manifest, which came with the live system.

use std::io::Read;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::Response;

use super::write::Source;
use crate::base::Client;
use crate::error::{Error, Result};
use crate::payload::Piece;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// An image at an address.
pub struct Address<'a> {
    client: Client,
    url: String,
    /// An answer, and the place that it is at.
    open: Option<(Response, u64)>,
    first_pause: Duration,
    /// What is done before an answer is asked for once more.
    before_again: fn(),
    tell: &'a mut dyn FnMut(&str),
}

impl<'a> Address<'a> {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(url: &str, before_again: fn(), tell: &'a mut dyn FnMut(&str)) -> Result<Self> {
        Ok(Self {
            client: Client::of_verified()?,
            url: url.to_owned(),
            open: None,
            first_pause: FIRST_PAUSE,
            before_again,
            tell,
        })
    }

    /// The bytes, or why not now.
    fn bytes(&mut self, from: u64, length: u64) -> Result<std::result::Result<Vec<u8>, String>> {
        if self.open.as_ref().is_none_or(|(_, at)| *at != from) {
            self.open = match self.ask(from)? {
                Ok(answer) => Some((answer, from)),
                Err(why) => return Ok(Err(why)),
            };
        }
        let Some((answer, at)) = &mut self.open else { return Err(Error::bug("no answer is open")) };
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        match answer.read_exact(&mut bytes) {
            Ok(()) => {
                *at += length;
                Ok(Ok(bytes))
            }
            Err(e) => {
                self.open = None;
                Ok(Err(format!("the answer broke off: {e}")))
            }
        }
    }

    /// An answer that begins at this place.
    fn ask(&self, from: u64) -> Result<std::result::Result<Response, String>> {
        let mut answer = match self.client.ask(&self.url, from)? {
            Ok(answer) => answer,
            Err(why) => return Ok(Err(why)),
        };
        match answer.status() {
            StatusCode::PARTIAL_CONTENT if from > 0 => Ok(Ok(answer)),
            // A server that knows no ranges sends all of it.
            StatusCode::OK => match std::io::copy(&mut answer.by_ref().take(from), &mut std::io::sink()) {
                Ok(skipped) if skipped == from => Ok(Ok(answer)),
                Ok(_) => Ok(Err("the file on the server is too short".into())),
                Err(e) => Ok(Err(format!("the answer broke off: {e}"))),
            },
            status => Ok(Err(format!("it answers with {status}"))),
        }
    }
}

impl Source for Address<'_> {
    fn packed(&mut self, from: u64, piece: &Piece) -> Result<Vec<u8>> {
        let mut pause = self.first_pause;
        loop {
            match self.bytes(from, piece.packed)? {
                Ok(bytes) => return Ok(bytes),
                Err(why) => {
                    (self.tell)(&format!("{}: {why}; trying again in {} s", self.url, pause.as_secs()));
                    std::thread::sleep(pause);
                    (self.before_again)();
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    fn name(&self) -> String {
        self.url.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use super::*;
    use crate::live::samples::packed;

    /// A server that breaks off after so many bytes of each answer; with or without ranges. Gives back its address.
    fn server(file: Vec<u8>, breaks_after: usize, knows_ranges: bool) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/landfall.image", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let head: Vec<String> = lines.map_while(|it| it.ok().filter(|it| !it.is_empty())).collect();
                let range = head
                    .iter()
                    .find_map(|it| it.to_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
                let from =
                    range.filter(|_| knows_ranges).map_or(0, |it| it.trim_end_matches('-').parse().unwrap());
                let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
                let body = &file[from..];
                write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
                let _ = stream.write_all(&body[..body.len().min(breaks_after)]);
            }
        });
        address
    }

    #[test]
    fn an_answer_that_breaks_off_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let (_, manifest, file) = packed(folder.path());
        let longest = manifest.pieces.iter().map(|it| it.packed).max().unwrap() as usize;
        for (breaks_after, knows_ranges) in [(longest, true), (file.len() - 1, true), (usize::MAX, false)] {
            let mut told = Vec::new();
            let mut tell = |line: &str| told.push(line.to_owned());
            let url = server(file.clone(), breaks_after, knows_ranges);
            let mut address = Address::new(&url, || (), &mut tell).unwrap();
            address.first_pause = Duration::from_millis(1);
            for (from, piece) in manifest.placed() {
                piece.unpacked(&address.packed(from, piece).unwrap(), "the server").unwrap();
            }
            assert_eq!(told.is_empty(), breaks_after == usize::MAX, "{told:?}");
        }
    }
}
