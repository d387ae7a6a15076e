//! `bench-start`: how long the program takes to start, which is what each call of it costs whoever scripts it.
//!
//! Wall time depends on what else this machine does, so this is a benchmark and no test, and what counts is the median.

use std::process::{Command, Stdio};
use std::time::Instant;

use crate::error::{Error, Result, While};
use crate::programs;

/// Milliseconds; the kernel and this program's own waiting for it are within.
const FAST_ENOUGH: f64 = 5.0;

/// Starts it so many times and prints the least, the median and the most.
pub fn run(starts: usize) -> Result<()> {
    let program = programs::landfall()?;
    // Read from the disk before it counts.
    let mut took = Vec::with_capacity(starts);
    for _ in 0..=starts {
        let started = Instant::now();
        let mut command = Command::new(&program);
        let ended = command.arg("--version").stdout(Stdio::null()).status().doing(|| "starting landfall")?;
        took.push(started.elapsed().as_secs_f64() * 1_000.0);
        if !ended.success() {
            return Err(Error::new(format!("landfall --version ended with {ended}")));
        }
    }
    took.remove(0);
    took.sort_by(f64::total_cmp);
    let (least, median, most) = (took[0], took[took.len() / 2], took[took.len() - 1]);
    println!(
        "landfall --version, {starts} starts: {least:.2} ms at least, {median:.2} median, {most:.2} at most"
    );
    match median <= FAST_ENOUGH {
        true => Ok(()),
        false => Err(Error::new(format!("slower than {FAST_ENOUGH} ms"))),
    }
}
