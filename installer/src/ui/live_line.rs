//! The last line of a terminal while a step runs: what is being done, and how far the downloads are.
//!
//! It is drawn over itself ten times a second, and whatever is printed instead of it goes through
//! here, so that a drawing never lands in the middle of a printed line. Where there is no terminal
//! nobody makes one.

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::progress::{Progress, Sum};

const FRAME: Duration = Duration::from_millis(100);
const BAR: usize = 20;
/// Takes back what is on the line.
const CLEAR: &str = "\r\x1b[K";

/// A line that is redrawn in place until something is printed.
pub(super) struct LiveLine {
    pending: Arc<Mutex<Option<String>>>,
    stop: Option<Sender<()>>,
    drawing: Option<JoinHandle<()>>,
}

impl LiveLine {
    pub(super) fn new(progress: Arc<Progress>) -> Self {
        let pending: Arc<Mutex<Option<String>>> = Arc::default();
        let (stop, stopped) = channel();
        let shared = pending.clone();
        let drawing = thread::spawn(move || {
            while stopped.recv_timeout(FRAME) == Err(RecvTimeoutError::Timeout) {
                let pending = shared.lock().unwrap_or_else(PoisonError::into_inner);
                if let (Some(what), Some(sum)) = (pending.as_ref(), progress.running()) {
                    draw(what, Some(sum));
                }
            }
        });
        Self { pending, stop: Some(stop), drawing: Some(drawing) }
    }

    /// Shows what begins.
    pub(super) fn begin(&self, what: String) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        draw(&what, None);
        *pending = Some(what);
    }

    /// Prints a whole line in its place.
    pub(super) fn end(&self, line: &str) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let start = if pending.take().is_some() { CLEAR } else { "" };
        eprintln!("{start}{line}");
    }
}

impl Drop for LiveLine {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(drawing) = self.drawing.take() {
            let _ = drawing.join();
        }
    }
}

fn draw(what: &str, sum: Option<Sum>) {
    let width = terminal_size::terminal_size_of(std::io::stderr()).map_or(80, |(width, _)| width.0);
    let mut stderr = std::io::stderr().lock();
    let _ = write!(stderr, "{CLEAR}{}", text(what, sum, width.into()));
    let _ = stderr.flush();
}

/// One line, never as wide as the terminal: what wraps cannot be drawn over.
fn text(what: &str, sum: Option<Sum>, width: usize) -> String {
    let progress = sum.map(shown).unwrap_or_default();
    let room = width.saturating_sub(progress.chars().count() + 1);
    let mut line: String = format!("{:>9}  {what}", "...").chars().take(room).collect();
    line.push_str(&progress);
    line.chars().take(width.saturating_sub(1)).collect()
}

fn shown(sum: Sum) -> String {
    let megabytes = |bytes: u64| format!("{}.{}", bytes / 1_000_000, bytes % 1_000_000 / 100_000);
    let received = megabytes(sum.received);
    let Some(expected) = sum.expected.filter(|expected| *expected > 0) else {
        return format!("  {received} MB");
    };
    let parts = usize::try_from(sum.received.saturating_mul(BAR as u64) / expected).unwrap_or(BAR).min(BAR);
    format!("  [{}{}] {received}/{} MB", "=".repeat(parts), " ".repeat(BAR - parts), megabytes(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Option<Sum> = Some(Sum { received: 30_500_000, expected: Some(61_000_000) });

    #[test]
    fn bytes_stand_behind_what_is_being_done() {
        assert_eq!(
            text("install docker.io", HALF, 80),
            "      ...  install docker.io  [==========          ] 30.5/61.0 MB"
        );
        assert_eq!(text("install docker.io", None, 80), "      ...  install docker.io");
    }

    #[test]
    fn without_a_promised_length_there_is_no_bar_and_no_total() {
        let sum = Some(Sum { received: 1_250_000, expected: None });
        assert_eq!(text("install", sum, 80), "      ...  install  1.2 MB");
    }

    #[test]
    fn a_narrow_terminal_shortens_what_is_done_before_how_far_it_is() {
        let what = "install docker.io, iptables, procps, dmidecode, amazon-ssm-agent, amazon-ecs-init";
        let line = text(what, HALF, 60);
        assert_eq!(line.chars().count(), 59);
        assert!(line.ends_with("] 30.5/61.0 MB"), "{line}");
        for width in 0..30 {
            assert!(text(what, HALF, width).chars().count() <= width, "{width}");
        }
    }

    #[test]
    fn more_than_was_promised_does_not_overflow_the_bar() {
        let line = shown(Sum { received: 9_000_000, expected: Some(3_000_000) });
        assert_eq!(line, "  [====================] 9.0/3.0 MB");
    }
}
