//! What the person in front of the machine sees, and whoever reads its serial port: the same plain lines on both.
//!
//! 80 columns of text. A terminal has one line that moves; a serial port, which somebody keeps as a log, has a line for
//! each tenth.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{FlushArg, tcflush};

use crate::error::Error;

/// The screen, and the first serial port.
const SCREENS: [(&str, bool); 2] = [("/dev/tty1", true), ("/dev/ttyS0", false)];
const COLUMNS: usize = 79;
/// How often the line that moves does.
const MOVES: Duration = Duration::from_millis(500);

/// All that there is to show something on.
pub struct Screen {
    outputs: Vec<(Box<dyn Show>, bool)>,
    work: Option<Work>,
}

/// Something that shows text, and that a person may press Enter on.
pub trait Show: Write {
    /// Where Enter comes from.
    fn keys(&self) -> Option<&File>;
}

impl Show for File {
    fn keys(&self) -> Option<&File> {
        Some(self)
    }
}

/// A work that takes a while.
struct Work {
    name: &'static str,
    began: Instant,
    moved: Instant,
    tenth: u64,
}

impl Screen {
    /// Those that this machine has.
    #[must_use]
    pub fn of_machine() -> Self {
        let open = |(path, moves): (&str, bool)| {
            let file = File::options().read(true).write(true).open(path).ok()?;
            Some((Box::new(file) as Box<dyn Show>, moves))
        };
        Self { outputs: SCREENS.into_iter().filter_map(open).collect(), work: None }
    }

    /// Begins anew, on an empty screen.
    pub fn clear(&mut self) {
        self.each(|output, moves| if moves { write!(output, "\x1b[2J\x1b[H") } else { writeln!(output) });
    }

    /// A paragraph.
    pub fn say(&mut self, text: &str) {
        self.work = None;
        let text = wrapped(text, "");
        self.each(|output, _| writeln!(output, "{text}"));
    }

    /// What went wrong, and what to do now.
    pub fn error(&mut self, error: &Error) {
        self.say("");
        for line in error.to_string().lines() {
            let indent = line.find(": ").map_or(0, |at| at + 2);
            let text = wrapped(line, &" ".repeat(indent.min(8)));
            self.each(|output, _| writeln!(output, "{text}"));
        }
    }

    /// How far a work is.
    pub fn progress(&mut self, name: &'static str, done: u64, all: u64) {
        let now = Instant::now();
        if self.work.as_ref().is_none_or(|it| it.name != name) {
            self.work = Some(Work { name, began: now, moved: now, tenth: 0 });
        }
        let Some(work) = &mut self.work else { return };
        let tenth = done.saturating_mul(10).checked_div(all).unwrap_or(10);
        let (is_new_tenth, is_done) = (tenth > work.tenth, done >= all);
        let moves_on = is_done || now.duration_since(work.moved) >= MOVES;
        if !is_new_tenth && !moves_on {
            return;
        }
        if moves_on {
            work.moved = now;
        }
        work.tenth = tenth;
        let text = progress(name, done, all, now.duration_since(work.began));
        self.each(|output, moves| match moves {
            true => write!(output, "\r{text:<COLUMNS$}{}", if is_done { "\n" } else { "" }),
            false if is_new_tenth => writeln!(output, "{text}"),
            false => Ok(()),
        });
    }

    /// Waits for Enter, for so long at most. Whether it was pressed.
    pub fn enter(&mut self, patience: Option<Duration>) -> bool {
        let files: Vec<&File> = self.outputs.iter().filter_map(|(it, _)| it.keys()).collect();
        for file in &files {
            // What was typed before there was a question is no answer.
            let _ = tcflush(file.as_fd(), FlushArg::TCIFLUSH);
        }
        let mut waited: Vec<PollFd> =
            files.iter().map(|it| PollFd::new(it.as_fd(), PollFlags::POLLIN)).collect();
        let patience = patience.and_then(|it| PollTimeout::try_from(it).ok()).unwrap_or(PollTimeout::NONE);
        let pressed = poll(&mut waited, patience).unwrap_or(0) > 0;
        let ready = waited.iter().map(|it| it.revents().is_some_and(|it| it.contains(PollFlags::POLLIN)));
        let ready: Vec<bool> = ready.collect();
        for (file, _) in files.iter().zip(ready).filter(|(_, ready)| *ready) {
            let mut keys: &File = file;
            let _ = keys.read(&mut [0; 256]);
        }
        pressed
    }

    /// A screen that is not there, or a port that nobody reads, is no reason to stop.
    fn each(&mut self, mut show: impl FnMut(&mut dyn Show, bool) -> std::io::Result<()>) {
        for (output, moves) in &mut self.outputs {
            let _ = show(output.as_mut(), *moves).and_then(|()| output.flush());
        }
    }
}

fn progress(name: &str, done: u64, all: u64, took: Duration) -> String {
    let percent = done.saturating_mul(100).checked_div(all).unwrap_or(100);
    let seconds = took.as_secs_f64();
    let (rate, left) = match done {
        0 => (0.0, String::new()),
        _ if done >= all => (done as f64 / seconds.max(0.001), format!(", {:.0} s", seconds)),
        _ => (done as f64 / seconds.max(0.001), left(seconds * (all - done) as f64 / done as f64)),
    };
    format!(
        "{name:<9} {percent:>3} %  {:>6} of {} MB, {:.0} MB/s{left}",
        done / 1_000_000,
        all / 1_000_000,
        rate / 1e6
    )
}

fn left(seconds: f64) -> String {
    match seconds as u64 {
        seconds @ 0..120 => format!(", {seconds} s left"),
        seconds => format!(", {} min left", seconds / 60),
    }
}

/// In lines that fit a screen; those after the first begin with `indent`.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for (index, word) in paragraph.split(' ').enumerate() {
            if !line.trim().is_empty() && line.chars().count() + 1 + word.chars().count() > COLUMNS {
                lines.push(std::mem::replace(&mut line, indent.to_owned()));
                line.push_str(word);
            } else {
                line.extend((index > 0).then_some(' '));
                line.push_str(word);
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Show for Paper {
        fn keys(&self) -> Option<&File> {
            None
        }
    }

    fn shown(show: impl FnOnce(&mut Screen)) -> (String, String) {
        let (tty, serial) = (Paper::default(), Paper::default());
        let outputs: Vec<(Box<dyn Show>, bool)> =
            vec![(Box::new(tty.clone()), true), (Box::new(serial.clone()), false)];
        show(&mut Screen { outputs, work: None });
        let text = |paper: Paper| String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        (text(tty), text(serial))
    }

    #[test]
    fn a_serial_port_has_a_line_for_each_tenth_and_a_screen_one_that_moves() {
        let (tty, serial) = shown(|screen| {
            (0..=1000).for_each(|at| screen.progress("writing", at * 1_000_000, 1_000_000_000))
        });
        assert_eq!(serial.lines().count(), 10, "{serial}");
        assert!(serial.contains("writing    50 %     500 of 1000 MB"), "{serial}");
        assert_eq!(tty.matches('\n').count(), 1, "{tty}");
    }

    #[test]
    fn no_line_is_wider_than_a_screen() {
        let error = Error::failed("a very long sentence about a disk ".repeat(6))
            .hint("do this and that ".repeat(12));
        let (tty, serial) = shown(|screen| {
            screen.error(&error);
            screen.say(&"word ".repeat(60));
            screen.progress("verifying", 123_456_789_012_345, 987_654_321_098_765);
        });
        assert!(
            serial.lines().chain(tty.lines()).all(|line| line.trim_end().chars().count() <= 80),
            "{serial}"
        );
        assert!(serial.contains("\n      "), "a hint's second line is indented: {serial}");
    }

    #[test]
    fn what_begins_with_spaces_keeps_them() {
        assert_eq!(wrapped("  a  b", ""), "  a  b");
    }
}
