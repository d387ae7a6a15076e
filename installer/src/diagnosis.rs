//! Why an agent does not come up: read from its own log, and told in one sentence.
//!
//! Only what an agent said since its unit's last start counts: an earlier failure may be mended. A cause
//! is *final* where waiting cannot mend it, because the agent sleeps for long, or says the same for ever.

use std::path::Path;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

use crate::error::Result;
use crate::host::{Host, UnitState};

mod causes;
#[cfg(test)]
mod tests;

/// What IAM was told is true everywhere after that.
const A_WHILE: Duration = Duration::from_secs(25);
/// The time of a file and the time in it are not taken at once.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(5);
/// The ECS agent's own health check asks it here, and fails whenever the agent does not run: an effect, never
/// the cause.
const HEALTH_CHECK: &str = ":51678";

/// One of the two agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    /// It proves the identity, and brings credentials.
    Ssm,
    /// It takes part in a cluster.
    Ecs,
}

/// A known cause of an agent's failure.
#[derive(Debug, PartialEq, Eq)]
pub struct Cause {
    /// A stable name.
    pub code: &'static str,
    /// A line of the log that holds every one of these is of this cause.
    words: &'static [&'static str],
    /// Whether and when waiting is of no use.
    end: End,
    /// One sentence, without a full stop.
    pub sentence: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// When a cause ends a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The agent may overcome it by itself.
    Never,
    /// It cannot.
    AtOnce,
    /// Where it is the last word still after [`A_WHILE`].
    AfterAWhile,
    /// An agent that was told no cluster makes the default one when it finds none.
    WhereClusterIsNamed,
}

/// What lines count of those that were written in the very second of a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// None: they may be of the time before. For who can look again.
    After,
    /// All: the cause may be among them. For who looks for the last time.
    Within,
}

impl Cause {
    /// Whether waiting longer is of no use, for one who waited so long, of an agent that was told its
    /// cluster or not.
    #[must_use]
    pub fn is_final(&self, waited: Duration, cluster_is_named: bool) -> bool {
        match self.end {
            End::Never => false,
            End::AtOnce => true,
            End::AfterAWhile => waited >= A_WHILE,
            End::WhereClusterIsNamed => cluster_is_named,
        }
    }
}

impl Agent {
    /// Its logs, the most telling first.
    #[must_use]
    pub fn logs(self) -> &'static [&'static str] {
        match self {
            Self::Ssm => &["/var/log/amazon/ssm/amazon-ssm-agent.log", "/var/log/amazon/ssm/errors.log"],
            Self::Ecs => &["/var/log/ecs/ecs-agent.log", "/var/log/ecs/ecs-init.log"],
        }
    }
}

/// What the agent named last since its unit's start, if it is a known cause.
///
/// # Errors
/// When a log cannot be read.
pub fn cause(
    host: &dyn Host,
    agent: Agent,
    unit: &UnitState,
    moment: Moment,
) -> Result<Option<&'static Cause>> {
    for log in agent.logs() {
        let (text, modified) = read(host, log)?;
        let lines = since(&text, modified, unit.started, host.now(), moment);
        if let Some(cause) = named_in(agent, &lines) {
            return Ok(Some(cause));
        }
    }
    Ok(None)
}

/// The last line that the agent wrote.
///
/// # Errors
/// When the log cannot be read.
pub fn last_line(host: &dyn Host, agent: Agent) -> Result<Option<String>> {
    let (text, _) = read(host, agent.logs()[0])?;
    Ok(text.lines().rfind(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned()))
}

fn read(host: &dyn Host, log: &str) -> Result<(String, Timestamp)> {
    let Some(stat) = host.stat(Path::new(log))? else { return Ok((String::new(), Timestamp::MIN)) };
    let content = host.read(Path::new(log))?.unwrap_or_default();
    Ok((String::from_utf8_lossy(&content).into_owned(), stat.modified))
}

fn named_in(agent: Agent, lines: &[&str]) -> Option<&'static Cause> {
    let holds = |cause: &Cause, line: &str| cause.words.iter().all(|word| line.contains(word));
    let telling = |line: &&&str| !line.contains(HEALTH_CHECK);
    lines.iter().rev().filter(telling).find_map(|line| causes::of(agent).find(|cause| holds(cause, line)))
}

/// The lines since a start. One without a time belongs to the line before. One of a time to come was written
/// before the clock was set back.
fn since(
    text: &str,
    modified: Timestamp,
    started: Option<Timestamp>,
    now: Timestamp,
    moment: Moment,
) -> Vec<&str> {
    let Some(started) = started else { return Vec::new() };
    let newest = text.lines().rev().find_map(local_time);
    // Whole seconds are cut off, so a line of that second may be of before or of after.
    let grace = SignedDuration::from_secs(i64::from(moment == Moment::Within));
    // The SSM agent writes local time, and which zone that is need not be known: its newest line was
    // written when the file last changed.
    let when = |line: &str| match (universal_time(line), local_time(line), newest) {
        (Some(time), ..) => Some(time + grace),
        (None, Some(time), Some(newest)) => modified.checked_sub(newest.duration_since(time)).ok(),
        _ => None,
    };
    let mut counts = false;
    let line_counts = |line: &&str| {
        counts = when(line).map_or(counts, |time| time >= started && time.duration_since(now) <= TOLERANCE);
        counts
    };
    text.lines().filter(line_counts).collect()
}

/// `level=info time=2026-11-22T17:58:04Z msg=...`
fn universal_time(line: &str) -> Option<Timestamp> {
    line.split_once("time=")?.1.split_whitespace().next()?.parse().ok()
}

/// `2026-11-22 17:29:34.4012 INFO ...`
fn local_time(line: &str) -> Option<DateTime> {
    let mut words = line.split(' ');
    format!("{} {}", words.next()?, words.next()?).parse().ok()
}
