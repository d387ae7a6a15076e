//! What is shown of a machine in memory. Copies of a machine share it until they boot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::host::Board;

/// The lines of the console, and files.
type Shown = (Vec<String>, BTreeMap<PathBuf, String>);

/// What was shown since the last boot.
#[derive(Debug, Clone, Default)]
pub(super) struct Posts(Arc<Mutex<Shown>>);

impl Posts {
    pub(super) fn console(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    pub(super) fn file(&self, path: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.get(Path::new(path)).cloned()
    }
}

/// The board of a moment.
pub(super) struct Posted {
    pub(super) now: Timestamp,
    pub(super) posts: Posts,
}

impl Board for Posted {
    fn console(&self, line: &str) {
        self.posts.0.lock().unwrap_or_else(PoisonError::into_inner).0.push(line.to_owned());
    }

    fn post(&self, path: &Path, content: Option<&str>) {
        let files = &mut self.posts.0.lock().unwrap_or_else(PoisonError::into_inner).1;
        match content {
            Some(content) => drop(files.insert(path.to_owned(), content.to_owned())),
            None => drop(files.remove(path)),
        }
    }

    fn now(&self) -> Timestamp {
        self.now
    }
}
