//! Several of many things at a time.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::error::Result;

/// What `work` makes of each, in the order of the things, where at most `jobs` of them are worked on at a time. After a
/// first error nothing more is begun.
pub fn each<T: Send, R: Send>(
    things: Vec<T>,
    jobs: NonZeroUsize,
    work: impl Fn(T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let queue = Mutex::new(things.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || {
        while let Some((index, thing)) = next() {
            let made = work(thing);
            if made.is_err() {
                while next().is_some() {}
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).push((index, made));
        }
    };
    thread::scope(|scope| {
        for _ in 0..jobs.get() {
            scope.spawn(worker);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::error::Error;

    const TWO: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

    #[test]
    fn two_are_worked_on_beside_each_other_and_come_back_in_their_order() {
        // Each waits for another one: one after the other they would wait for ever.
        let both = Barrier::new(2);
        let made = each(vec![3, 1, 2, 5], TWO, |number| {
            both.wait();
            Ok(number * 10)
        });
        assert_eq!(made.unwrap(), [30, 10, 20, 50]);
    }

    #[test]
    fn never_more_are_worked_on_than_was_asked() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let made = each((0..50).collect(), TWO, |_| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        });
        assert_eq!(made.unwrap().len(), 50);
        assert!(most.into_inner() <= 2);
    }

    #[test]
    fn after_an_error_nothing_more_is_begun() {
        let begun = AtomicUsize::new(0);
        let made = each(vec![1, 2, 3], NonZeroUsize::MIN, |number| {
            begun.fetch_add(1, Ordering::SeqCst);
            if number == 2 { Err(Error::new("two")) } else { Ok(()) }
        });
        assert_eq!((made.unwrap_err().to_string().as_str(), begun.into_inner()), ("two", 2));
    }
}
