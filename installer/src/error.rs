//! One error type: what went wrong, while doing what, and what to do now.
//!
//! The kind decides the exit code and tells "your machine" from "our bug". Messages carry no full
//! stop and no hint; the hint stands apart, so that it can be shown, tested and translated apart.

use std::fmt;
use std::io::ErrorKind;

/// A result whose error people will read.
pub type Result<T> = std::result::Result<T, Error>;

/// Whose turn it is after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command was used wrongly, or the machine is not supported: nothing was touched.
    Refused,
    /// Something failed on the way: the machine is left resumable.
    Failed,
    /// The same, because somebody on the network did not answer: it goes better once they do.
    Unreached,
    /// The same, because the clock is wrong: it goes better once that is set.
    WrongClock,
    /// A file system is full, so nothing was touched: it goes better once somebody made room.
    NoRoom,
    /// Something failed on the way, and it fails again however often it is tried, until somebody changes what was given.
    Lasting,
    /// The machine must be restarted first; the same command then goes on.
    Restart,
    /// `check` or `status` found problems.
    Problems,
    /// A mistake in Landfall itself.
    Bug,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Whose turn it is.
    pub kind: Kind,
    /// One sentence without a full stop.
    pub what: String,
    /// What was being done, innermost first.
    pub doing: Vec<String>,
    /// What to do now.
    pub hint: Option<String>,
}

impl Error {
    /// Something failed on the way.
    pub fn failed(what: impl Into<String>) -> Self {
        Self::new(Kind::Failed, what)
    }

    /// Something failed on the way, because somebody on the network did not answer.
    pub fn unreached(what: impl Into<String>) -> Self {
        Self::new(Kind::Unreached, what)
    }

    /// Something failed on the way, because the clock is wrong.
    pub fn wrong_clock(what: impl Into<String>) -> Self {
        Self::new(Kind::WrongClock, what)
    }

    /// There is no room for what would have to be written; nothing was touched.
    pub fn no_room(what: impl Into<String>) -> Self {
        Self::new(Kind::NoRoom, what)
    }

    /// Something failed on the way, and only a person can change that it does.
    pub fn lasting(what: impl Into<String>) -> Self {
        Self::new(Kind::Lasting, what)
    }

    /// The machine must be restarted before it can go on.
    #[cfg(any(windows, test))]
    pub fn restart(what: impl Into<String>) -> Self {
        Self::new(Kind::Restart, what)
    }

    /// Wrong usage or an unsupported machine; nothing was touched.
    pub fn refused(what: impl Into<String>) -> Self {
        Self::new(Kind::Refused, what)
    }

    /// A mistake in Landfall.
    pub fn bug(what: impl Into<String>) -> Self {
        Self::new(Kind::Bug, what)
            .hint("this is a bug in Landfall: please report it with the output of 'landfall plan --json'")
    }

    fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), doing: Vec::new(), hint: None }
    }

    /// Adds what to do now.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what was being done.
    #[must_use]
    pub fn while_doing(mut self, doing: impl Into<String>) -> Self {
        self.doing.push(doing.into());
        self
    }

    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Failed | Kind::Unreached | Kind::WrongClock | Kind::Lasting | Kind::Bug => 1,
            Kind::Refused | Kind::NoRoom => 2,
            Kind::Problems => 3,
            Kind::Restart => 10,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        for doing in &self.doing {
            write!(f, "\nwhile: {doing}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// Adds what was being done to any error.
pub trait While<T> {
    /// Names what was being done.
    ///
    /// # Errors
    /// The error it was called on, with the addition.
    fn while_doing(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T> While<T> for Result<T> {
    fn while_doing(self, doing: impl FnOnce() -> String) -> Self {
        self.map_err(|e| e.while_doing(doing()))
    }
}

impl<T> While<T> for std::io::Result<T> {
    fn while_doing(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|e| {
            let failed = Error::failed(e.to_string()).while_doing(doing());
            let is_full = matches!(e.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
            if is_full {
                failed.hint("make room there ('df' tells which file system is full), and run again")
            } else {
                failed
            }
        })
    }
}

impl<T> While<T> for serde_json::Result<T> {
    fn while_doing(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|e| Error::failed(format!("not the JSON that was expected: {e}")).while_doing(doing()))
    }
}
