//! How far the downloads are, for whoever shows it.
//!
//! Downloads run on threads of their own and write here; the line on the terminal is drawn from here.
//! It knows sums alone: which file is how far is nothing that one line could show.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The downloads of this run.
#[derive(Debug, Default)]
pub struct Progress(Mutex<Vec<Part>>);

#[derive(Debug, Clone, Copy, Default)]
struct Part {
    received: u64,
    expected: Option<u64>,
    ended: bool,
}

/// Bytes of all downloads together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// What has arrived.
    pub received: u64,
    /// What there is in all; `None` while a server has not said so.
    pub expected: Option<u64>,
}

/// One download's place in the sum.
#[derive(Debug)]
pub struct Share {
    progress: Arc<Progress>,
    index: usize,
}

impl Progress {
    /// A further download begins.
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> Share {
        let mut parts = self.parts();
        parts.push(Part::default());
        Share { progress: self.clone(), index: parts.len() - 1 }
    }

    /// The sum, while a download runs.
    #[must_use]
    pub fn running(&self) -> Option<Sum> {
        let parts = self.parts();
        if parts.iter().all(|part| part.ended) {
            return None;
        }
        Some(Sum {
            received: parts.iter().map(|part| part.received).sum(),
            expected: parts.iter().map(|part| part.expected).sum(),
        })
    }

    fn parts(&self) -> MutexGuard<'_, Vec<Part>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Says how far this download is; after a new beginning that is less than before.
    pub fn at(&self, received: u64, expected: Option<u64>) {
        let mut parts = self.progress.parts();
        parts[self.index] = Part { received, expected, ended: false };
    }
}

impl Drop for Share {
    /// What has come counts on, so that the sum does not jump back when one of two ends.
    fn drop(&mut self) {
        let part = &mut self.progress.parts()[self.index];
        *part = Part { received: part.received, expected: Some(part.received), ended: true };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_of_all_downloads_and_ends_with_the_last() {
        let progress = Arc::new(Progress::default());
        assert_eq!(progress.running(), None);
        let (one, other) = (progress.begin(), progress.begin());
        one.at(10, Some(100));
        assert_eq!(progress.running(), Some(Sum { received: 10, expected: None }));
        other.at(5, Some(50));
        assert_eq!(progress.running(), Some(Sum { received: 15, expected: Some(150) }));
        one.at(100, Some(100));
        drop(one);
        assert_eq!(progress.running(), Some(Sum { received: 105, expected: Some(150) }));
        drop(other);
        assert_eq!(progress.running(), None);
    }
}
