//! Several of many things at a time.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What `work` makes of each, in the order of the things, where at most `jobs` of them are worked on at a time.
pub fn each<T: Send, R: Send>(things: Vec<T>, jobs: NonZeroUsize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let queue = Mutex::new(things.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || {
        while let Some((index, thing)) = next() {
            let made = work(thing);
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
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    const TWO: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

    #[test]
    fn two_are_worked_on_beside_each_other_and_come_back_in_their_order() {
        let (say, said) = mpsc::channel();
        let said = Mutex::new(said);
        // The first waits for the second, which ends before it.
        let made = each(vec![1, 2], TWO, |number| match number {
            1 => said.lock().unwrap().recv_timeout(Duration::from_secs(60)).map(|second| second - 1),
            second => {
                say.send(second).unwrap();
                Ok(second)
            }
        });
        assert_eq!(made, [Ok(1), Ok(2)]);
    }

    #[test]
    fn never_more_are_worked_on_than_was_asked() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let made = each((0..50).collect(), TWO, |_| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
        });
        assert_eq!(made.len(), 50);
        assert!(most.into_inner() <= 2);
    }
}
