//! What people see: one line per step on standard error, data on standard output.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use crate::apply::{Event, Outcome};
use crate::host::Timings;
use crate::progress::Progress;
use crate::step::Change;

mod live_line;

use live_line::LiveLine;

/// Shows events as lines.
pub struct Ui {
    colour: bool,
    /// On a terminal only: a log has no use for lines that are drawn over.
    live: Option<LiveLine>,
}

impl Ui {
    /// Looks at where standard error goes; `NO_COLOR` turns colour off, and nothing else.
    #[must_use]
    pub fn new(no_colour: bool, progress: Arc<Progress>) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { colour: terminal && !no_colour, live: terminal.then(|| LiveLine::new(progress)) }
    }

    /// Shows an event.
    pub fn show<S: Change>(&self, event: &Event<S>) {
        match event {
            Event::Begins(item) => {
                if let Some(live) = &self.live {
                    live.begin(item.step.describe());
                }
            }
            Event::Ends { item, outcome, time } => {
                let time = if *outcome == Outcome::AlreadySo { String::new() } else { seconds(*time) };
                self.line(*outcome, &time, &item.step.describe());
            }
            Event::Undone { entry } => {
                self.line(Outcome::Done, "", &format!("taken back: {}", entry.change.describe()))
            }
        }
    }

    /// Shows how something ended.
    pub(crate) fn line(&self, outcome: Outcome, time: &str, what: &str) {
        let (word, code) = match outcome {
            Outcome::Done => ("done", 32),
            Outcome::AlreadySo => ("already so", 2),
            Outcome::Failed => ("failed", 31),
        };
        let word = format!("{word:<10}");
        let word = if self.colour { format!("\x1b[{code}m{word}\x1b[0m") } else { word };
        let line = format!("{word} {time:>7}  {what}");
        match &self.live {
            Some(live) => live.end(&line),
            None => eprintln!("{line}"),
        }
    }

    /// Where the time went, in one line.
    pub fn account(&self, wall: Duration, timings: &Timings) {
        eprintln!(
            "took {}: {} of it Landfall's own (processor time {}), the rest child processes and downloads; peak memory {} MB",
            seconds(wall),
            seconds(timings.own(wall)),
            seconds(timings.own_cpu),
            timings.peak_memory.div_ceil(1_000_000),
        );
    }
}

/// Seconds for people.
#[must_use]
pub fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
