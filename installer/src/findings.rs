//! What stands in the way of an external instance, or soon will: pure judgements over what was seen.
//!
//! `check` prints them; `up`, `install` and `register` make them first and touch nothing where one
//! blocks. What only the network can tell is judged in [`network`], from what was asked in
//! [`crate::probe`]. Nothing here looks at a machine.

use distro_matrix::Distro;
use serde::Serialize;

use crate::config::Config;
use crate::error::Error;
use crate::facts::{Facts, Told};
use crate::plan::{Goal, refusals};
use crate::recognition;

mod agents;
mod codes;
mod credentials;
mod docker;
mod environment;
mod gpu;
pub mod keys;
mod machine;
pub mod network;
#[cfg(test)]
mod tests;

pub use codes::Code;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// `up` would fail, and touches nothing.
    Blocks,
    /// It works, and somebody should know what will not.
    Warns,
    /// Good to know.
    Notes,
}

impl Severity {
    /// The word for people.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Blocks => "blocks",
            Self::Warns => "warns",
            Self::Notes => "notes",
        }
    }
}

/// Something found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable name.
    pub code: Code,
    /// How grave it is.
    pub severity: Severity,
    /// One sentence, without a full stop.
    pub sentence: String,
    /// What to do.
    pub remedy: String,
}

impl Finding {
    pub(crate) fn new(code: Code, sentence: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, severity: code.severity(), sentence: sentence.into(), remedy: remedy.into() }
    }

    /// What a refusal has found.
    pub(crate) fn refused(code: Code, refusal: Error) -> Self {
        Self::new(code, refusal.what, refusal.hint.unwrap_or_default())
    }
}

/// What the machine alone shows. Without a release, as much as can be said of any.
#[must_use]
pub fn findings(facts: &Facts, config: &Config, distro: Option<&Distro>, goal: Goal) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(distro) = distro {
        found.extend(
            refusals(facts, config, distro, goal).into_iter().map(|(code, e)| Finding::refused(code, e)),
        );
        found.extend(machine::release(distro));
        found.extend(gpu::findings(facts, config, distro, goal));
    }
    found.extend(environment::findings(facts, config));
    found.extend(machine::findings(facts, config, goal));
    found.extend(docker::findings(facts));
    found.extend(agents::findings(facts, config));
    found.extend(credentials::findings(facts));
    found
}

/// What an os-release shows, of any machine that has it.
#[must_use]
pub fn of_release(told: &Told) -> Vec<Finding> {
    let broken = told.broken.as_deref();
    let distro = recognition::distro(&told.os, broken);
    let refusal = distro.as_ref().map_or_else(|e| Some(e.clone()), recognition::refusal);
    let mut found: Vec<Finding> =
        refusal.map(|e| Finding::refused(release_code(broken), e)).into_iter().collect();
    found.extend(distro.iter().flat_map(machine::release));
    found.extend(told.immutable.as_deref().map(environment::immutable));
    found
}

/// Under which code a release is refused that is not known.
#[must_use]
pub fn release_code(broken: Option<&str>) -> Code {
    if broken.is_some() { Code::OsReleaseBroken } else { Code::ReleaseUnsupported }
}
