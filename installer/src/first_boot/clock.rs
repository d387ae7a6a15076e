//! A clock that is evidently wrong: TLS and signatures fail with it, and a machine without a battery wakes up in
//! the past.
//!
//! It is waited for, not set: that is the business of the system's time service. What a clock that is wrong by
//! less does is said by the probe that compares it with AWS's.

use std::time::Duration;

use jiff::Timestamp;

use crate::error::Error;
use crate::findings::network::SET_THE_CLOCK;
use crate::host::Host;

/// This program was written after 2026-11-01.
const WRITTEN: i64 = 1_793_491_200;
const PATIENCE: Duration = Duration::from_secs(60);

/// A time service that keeps a clock right moves it by less.
const STEP: Duration = Duration::from_secs(60);

/// Waits, bounded, until the clock is past the day this program was written.
pub fn wait(host: &dyn Host) {
    let since = host.elapsed();
    while !is_plausible(host) && host.elapsed().saturating_sub(since) < PATIENCE {
        host.sleep(Duration::from_secs(1));
    }
}

/// Sleeps, but no longer than until somebody sets the clock.
pub fn sleep_until_it_is_set(host: &dyn Host, pause: Duration) {
    let (since, began) = (host.elapsed(), host.now());
    let slept = || host.elapsed().saturating_sub(since);
    let moved = || host.now().duration_since(began).unsigned_abs().abs_diff(slept());
    while slept() < pause && moved() < STEP {
        host.sleep(Duration::from_secs(1).min(pause.saturating_sub(slept())));
    }
}

/// What is wrong with a clock that cannot be right.
#[must_use]
pub fn trouble(host: &dyn Host) -> Option<Error> {
    let shown = host.now().strftime("%Y-%m-%d");
    let what = format!("this machine's clock shows {shown}, which was before this program was written");
    (!is_plausible(host)).then(|| Error::wrong_clock(what).hint(SET_THE_CLOCK))
}

fn is_plausible(host: &dyn Host) -> bool {
    Timestamp::from_second(WRITTEN).is_ok_and(|written| host.now() >= written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Machine;
    use crate::host::fake::fresh;

    #[test]
    fn a_clock_in_the_past_is_waited_for_a_minute_at_most() {
        for (seconds, comes_right, waited) in [(0, true, 0), (20, true, 20), (3600, false, 60)] {
            let mut fake = fresh();
            let since = fake.elapsed();
            fake.clock_is_set_at = since + Duration::from_secs(seconds);
            wait(&fake);
            assert_eq!(is_plausible(&fake), comes_right);
            assert_eq!((fake.elapsed() - since).as_secs(), waited);
        }
    }

    #[test]
    fn a_pause_ends_when_somebody_sets_the_clock() {
        for (seconds, waited) in [(0, 45), (20, 20), (3600, 45)] {
            let mut fake = fresh();
            let since = fake.elapsed();
            fake.clock_is_set_at = since + Duration::from_secs(seconds);
            sleep_until_it_is_set(&fake, Duration::from_secs(45));
            assert_eq!((fake.elapsed() - since).as_secs(), waited);
        }
    }
}
