//! How a first boot stands: in `/run/landfall/first-boot.json`, on the console, in the message of the day and in
//! the journal.
//!
//! On the console only changes of state, one line each; each try is in the journal alone.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use serde::{Deserialize, Serialize};

use crate::apply::Event;
use crate::error::{Error, Kind};
use crate::host::{Board, Host};
use crate::step::Step;

/// Where the state is.
pub const FILE: &str = "/run/landfall/first-boot.json";
/// pam_motd shows what is in this folder at a login; it is gone with the boot.
pub const MESSAGE: &str = "/run/motd.d/50-landfall";

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// No source has a seed that counts.
    WaitingForSeed,
    /// A try failed because somebody on the network did not answer.
    WaitingForNetwork,
    /// The clock is evidently wrong, or a try failed because it is.
    WaitingForClock,
    /// A try failed at something else that may be right later.
    WaitingToTryAgain,
    /// What is missing is being installed.
    Installing,
    /// The activation is being used.
    Registering,
    /// It ended, and somebody has to do something.
    Failed,
    /// The machine has its identity.
    Done,
}

impl State {
    fn sentence(self) -> &'static str {
        match self {
            Self::WaitingForSeed => "waiting for a seed",
            Self::WaitingForNetwork => "waiting for the network",
            Self::WaitingForClock => "waiting for the clock to be set",
            Self::WaitingToTryAgain => "waiting to try again",
            Self::Installing => "installing",
            Self::Registering => "registering",
            Self::Failed => "failed",
            Self::Done => "done",
        }
    }
}

/// An error as the report keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// One sentence.
    pub what: String,
    /// While doing what, innermost first.
    #[serde(rename = "while")]
    pub doing: Vec<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl From<&Error> for Trouble {
    fn from(e: &Error) -> Self {
        Self { what: e.what.clone(), doing: e.doing.clone(), hint: e.hint.clone() }
    }
}

/// The report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Of this format.
    pub version: u32,
    /// How far it is.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// Where the seed came from.
    pub source: Option<String>,
    /// How often it was tried to register.
    pub attempts: u32,
    /// What went wrong last.
    pub last_error: Option<Trouble>,
    /// When it is tried again.
    pub next_try: Option<Timestamp>,
    /// What the machine became.
    pub instance: Option<String>,
}

impl Report {
    /// What was reported in this boot, if anything was.
    #[must_use]
    pub fn read(host: &dyn Host) -> Option<Self> {
        let text = host.read(Path::new(FILE)).ok().flatten()?;
        serde_json::from_slice(&text).ok()
    }

    /// The state in one sentence without a full stop.
    #[must_use]
    pub fn sentence(&self) -> String {
        if let (State::Done, Some(instance)) = (self.state, &self.instance) {
            return format!("registered as {instance}");
        }
        let state = self.state.sentence();
        match &self.last_error {
            // What a seed has in it is not to do anything to a terminal.
            Some(trouble) => format!("{state}: {}", trouble.what.replace(char::is_control, "?")),
            None => state.to_owned(),
        }
    }

    /// The same with times and counts, for `status`.
    #[must_use]
    pub fn row(&self) -> String {
        let mut row = format!("{} since {}", self.sentence(), self.since);
        if let Some(source) = &self.source {
            row += &format!(", with the seed from {source}");
        }
        if self.attempts > 0 {
            row += &format!(", tries: {}", self.attempts);
        }
        if let Some(next) = self.next_try {
            row += &format!(", next at {next}");
        }
        row
    }
}

/// Whoever reports.
pub struct Reporter {
    board: Arc<dyn Board>,
    report: Report,
    noted: BTreeSet<String>,
}

impl Reporter {
    /// Begins with no seed.
    #[must_use]
    pub fn begin(host: &dyn Host) -> Self {
        let reporter = Self::take_over(host);
        reporter.publish(true);
        reporter
    }

    /// The same, and nothing is shown yet: for whoever knows how it ends.
    #[must_use]
    pub fn take_over(host: &dyn Host) -> Self {
        let board = host.board();
        let report = Report {
            version: 1,
            state: State::WaitingForSeed,
            since: whole_second(board.now()),
            source: None,
            attempts: 0,
            last_error: None,
            next_try: None,
            instance: None,
        };
        Self { board, report, noted: BTreeSet::new() }
    }

    /// Something worth knowing, told once however often it is found.
    pub fn note(&mut self, note: String, host: &dyn Host) {
        if self.noted.insert(note.clone()) {
            host.tell(&note);
        }
    }

    /// A seed counts, and a try begins.
    pub fn tries(&mut self, place: &str) {
        self.report.source = Some(place.to_owned());
        self.report.attempts += 1;
        self.report.next_try = None;
        self.publish(false);
    }

    /// What a step of the try means for the state.
    pub fn watch(&mut self, event: &Event) {
        match event {
            Event::Begins(item) if matches!(item.step, Step::Register(_)) => self.turn(State::Registering),
            Event::Begins(_) if self.report.state != State::Registering => self.turn(State::Installing),
            _ => {}
        }
    }

    /// No seed counts: nothing was found, or what was found is refused.
    pub fn waits_for_seed(&mut self, refused: Option<&Error>, host: &dyn Host) {
        let trouble = refused.map(Trouble::from);
        let is_new = self.report.last_error != trouble || self.report.state != State::WaitingForSeed;
        if is_new {
            refused.into_iter().for_each(|e| host.tell(&e.to_string()));
            self.report.last_error = trouble;
            self.moved(State::WaitingForSeed);
            self.publish(true);
        }
    }

    /// The clock cannot be right, so nothing is tried yet.
    pub fn waits_for_clock(&mut self, wrong: &Error, host: &dyn Host) {
        if self.report.state != State::WaitingForClock {
            host.tell(&wrong.to_string());
            self.report.last_error = Some(Trouble::from(wrong));
            self.moved(State::WaitingForClock);
            self.publish(true);
        }
    }

    /// A try failed, and another one follows.
    pub fn waits_to_try_again(&mut self, e: &Error, pause: Duration, host: &dyn Host) {
        host.tell(&format!("{e}\nnote: trying again in {} s", pause.as_secs()));
        let state = match e.kind {
            Kind::Unreached => State::WaitingForNetwork,
            Kind::WrongClock => State::WaitingForClock,
            _ => State::WaitingToTryAgain,
        };
        let is_new = self.report.state != state;
        self.report.last_error = Some(Trouble::from(e));
        let next = SignedDuration::try_from(pause).ok().and_then(|it| host.now().checked_add(it).ok());
        self.report.next_try = next.map(whole_second);
        self.moved(state);
        self.publish(is_new);
    }

    /// It ended without an identity.
    pub fn failed(&mut self, e: &Error) {
        self.report.last_error = Some(Trouble::from(e));
        self.moved(State::Failed);
        self.publish(true);
    }

    /// The machine has its identity.
    pub fn done(&mut self, instance: Option<String>) {
        self.report.last_error = None;
        self.report.instance = instance;
        self.moved(State::Done);
        self.publish(true);
    }

    fn turn(&mut self, state: State) {
        if self.report.state != state {
            self.report.last_error = None;
            self.moved(state);
            self.publish(true);
        }
    }

    fn moved(&mut self, state: State) {
        if self.report.state != state {
            (self.report.state, self.report.since) = (state, whole_second(self.board.now()));
        }
        if !matches!(state, State::WaitingForNetwork | State::WaitingForClock | State::WaitingToTryAgain) {
            self.report.next_try = None;
        }
    }

    fn publish(&self, on_console: bool) {
        if let Ok(text) = serde_json::to_string_pretty(&self.report) {
            self.board.post(Path::new(FILE), Some(&format!("{text}\n")));
        }
        let sentence = self.report.sentence();
        let more = if self.report.state == State::Done { "" } else { " ('landfall status' tells more)" };
        self.board.post(Path::new(MESSAGE), Some(&format!("Landfall's first boot: {sentence}{more}\n")));
        if on_console {
            self.board.console(&format!("landfall: first boot: {sentence}"));
        }
    }
}

fn whole_second(time: Timestamp) -> Timestamp {
    time.round(Unit::Second).unwrap_or(time)
}
