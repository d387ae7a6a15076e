//! How much of a machine must be seen: all of it, or as much as whoever asks may see.

use crate::error::{Kind, Result};

/// Whether what only root may look at is an error, or is noted and passed over.
pub(super) struct Sight {
    partial: bool,
    unseen: Vec<String>,
}

impl Sight {
    /// Everything must be seen.
    pub(super) fn whole() -> Self {
        Self { partial: false, unseen: Vec::new() }
    }

    /// What may not be looked at counts as not there, and is noted.
    pub(super) fn partial() -> Self {
        Self { partial: true, unseen: Vec::new() }
    }

    /// What was looked at.
    pub(super) fn of<T: Default>(&mut self, looked: Result<T>) -> Result<T> {
        Ok(self.seen(looked)?.unwrap_or_default())
    }

    /// The same; nothing where it may not be looked at.
    pub(super) fn seen<T>(&mut self, looked: Result<T>) -> Result<Option<T>> {
        match looked {
            Err(e) if self.partial && e.kind == Kind::Refused => {
                if !self.unseen.contains(&e.what) {
                    self.unseen.push(e.what);
                }
                Ok(None)
            }
            looked => looked.map(Some),
        }
    }

    /// What was passed over, a sentence each.
    pub(super) fn unseen(self) -> Vec<String> {
        self.unseen
    }
}
