//! How far a download is: one line that is drawn over on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Between lines in a log.
const RARELY: Duration = Duration::from_secs(15);
/// Between drawings on a terminal.
const OFTEN: Duration = Duration::from_millis(200);

/// The display of one download.
pub struct Progress {
    terminal: bool,
    name: String,
    began: Instant,
    shown: Option<Instant>,
    before: u64,
}

impl Progress {
    /// Begins to show; `before` bytes are here from an earlier try.
    pub fn begin(name: &str, before: u64) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { terminal, name: name.to_owned(), began: Instant::now(), shown: None, before }
    }

    /// So many bytes are here, of so many where that is known.
    pub fn at(&mut self, bytes: u64, of: Option<u64>) {
        let pause = if self.terminal { OFTEN } else { RARELY };
        if self.shown.unwrap_or(self.began).elapsed() < pause {
            return;
        }
        self.shown = Some(Instant::now());
        let line = line(&self.name, bytes, of, bytes.saturating_sub(self.before), self.began.elapsed());
        match self.terminal {
            true => eprint!("\r\x1b[K{line}"),
            false => eprintln!("{line}"),
        }
        let _ = std::io::stderr().flush();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.terminal && self.shown.is_some() {
            eprint!("\r\x1b[K");
        }
    }
}

fn line(name: &str, bytes: u64, of: Option<u64>, arrived: u64, time: Duration) -> String {
    let mega = |bytes: u64| bytes as f64 / 1e6;
    let rate = mega(arrived) / time.as_secs_f64().max(0.001);
    let so_far = match of {
        Some(of) if of > 0 => format!("{:.1} of {:.1} MB, {} %", mega(bytes), mega(of), bytes * 100 / of),
        _ => format!("{:.1} MB", mega(bytes)),
    };
    format!("fetching   {name}: {so_far}, {rate:.1} MB/s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_and_how_fast() {
        let second = Duration::from_secs(10);
        let said = line("base.img", 250_000_000, Some(500_000_000), 50_000_000, second);
        assert_eq!(said, "fetching   base.img: 250.0 of 500.0 MB, 50 %, 5.0 MB/s");
        assert_eq!(line("b", 1_500_000, None, 1_500_000, second), "fetching   b: 1.5 MB, 0.1 MB/s");
    }
}
