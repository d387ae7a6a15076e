//! A clock that is evidently wrong: TLS and signatures fail with it, and a machine without a battery wakes up in
//! the past.
//!
//! It is waited for, not set: that is the business of the system's time service. What a clock that is wrong by
//! less does is said by the probe that compares it with AWS's.

use std::time::Duration;

use jiff::Timestamp;

use crate::host::Host;

/// This program was written after 2026-11-01.
const WRITTEN: i64 = 1_793_491_200;
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits, bounded, until the clock is past the day this program was written; says whether it is.
pub fn wait(host: &dyn Host) -> bool {
    let since = host.elapsed();
    while !is_plausible(host) && host.elapsed().saturating_sub(since) < PATIENCE {
        host.sleep(Duration::from_secs(1));
    }
    is_plausible(host)
}

/// Whether the clock can be right.
#[must_use]
pub fn is_plausible(host: &dyn Host) -> bool {
    Timestamp::from_second(WRITTEN).is_ok_and(|written| host.now() >= written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::fresh;

    #[test]
    fn a_clock_in_the_past_is_waited_for_a_minute_at_most() {
        for (seconds, comes_right, waited) in [(0, true, 0), (20, true, 20), (3600, false, 60)] {
            let mut fake = fresh();
            let since = fake.elapsed();
            fake.clock_is_set_at = since + Duration::from_secs(seconds);
            assert_eq!(wait(&fake), comes_right);
            assert_eq!((fake.elapsed() - since).as_secs(), waited);
        }
    }
}
