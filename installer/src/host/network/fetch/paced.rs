//! An answer that must not only come, but come at a least rate: a server that sends a byte now and then
//! would otherwise hold a run up for ever, since it never falls silent.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::patience::Limits;

/// What is read, with a look at the clock after each span of time.
pub(super) struct Paced<R> {
    answer: R,
    span: Duration,
    least: u64,
    since: Instant,
    came: u64,
}

impl<R> Paced<R> {
    pub(super) fn new(answer: R, limits: Limits) -> Self {
        Self { answer, span: limits.span, least: limits.least_in_span, since: Instant::now(), came: 0 }
    }
}

impl<R: Read> Read for Paced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.answer.read(buffer)?;
        self.came += count as u64;
        // An end is an end, however late it comes.
        if count == 0 || self.since.elapsed() < self.span {
            return Ok(count);
        }
        if self.came < self.least {
            let seconds = self.since.elapsed().as_secs();
            return Err(io::Error::other(format!("only {} bytes came in {seconds} s", self.came)));
        }
        (self.since, self.came) = (Instant::now(), 0);
        Ok(count)
    }
}
