//! What can go wrong with a test machine: a sentence, and what was being done.
//!
//! A test reads these and fails, so there is nothing to match on and one type is enough.

use std::fmt::Display;

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A sentence about what went wrong, with the things that were being done around it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

impl Error {
    /// An error with this sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<image_recipes::error::Error> for Error {
    fn from(error: image_recipes::error::Error) -> Self {
        Self(error.to_string())
    }
}

/// Adds what was being done to an error on its way up.
pub trait While<T> {
    /// Appends `while: ...`; the closure runs only when there is an error.
    fn doing<S: Display>(self, what: impl FnOnce() -> S) -> Result<T>;
}

impl<T, E: Display> While<T> for std::result::Result<T, E> {
    fn doing<S: Display>(self, what: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|error| Error(format!("{error}\n  while: {}", what())))
    }
}
