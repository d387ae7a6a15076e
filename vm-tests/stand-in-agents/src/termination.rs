//! Ending on SIGTERM and SIGINT with exit status 0, as the agents do.
//!
//! The real SSM agent takes about seven seconds to stop; the stand-ins stop at once.

use nix::sys::signal::{SigSet, Signal};
use std::thread;

/// Blocks the two signals in this thread and all that it starts later, and waits for them in a thread of
/// its own, which calls `last_words` and ends the program. Call it before any other thread is started.
pub fn on_signal(last_words: impl FnOnce() + Send + 'static) {
    let signals = SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT]);
    signals.thread_block().expect("a signal mask can be set");
    thread::spawn(move || {
        let _ = signals.wait();
        last_words();
        std::process::exit(0);
    });
}
