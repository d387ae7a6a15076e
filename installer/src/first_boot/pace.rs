//! How long to wait before the next look or try: longer each time, up to a bound, and never the same on two
//! machines, so that a rack that was switched on at once does not ask at once.

use std::time::Duration;

use crate::host::Host;

/// A seed may be attached at any time, and a look is cheap.
const LOOK: Duration = Duration::from_secs(15);
/// Somebody may be waiting beside a machine in its first hour.
const EARLY: Duration = Duration::from_secs(60);
const LATE: Duration = Duration::from_secs(5 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// A growing pause.
#[derive(Debug)]
pub struct Pace {
    next: Duration,
    since: Duration,
}

impl Pace {
    /// Begins with a short one.
    #[must_use]
    pub fn begin(host: &dyn Host) -> Self {
        Self { next: Duration::from_secs(2), since: host.elapsed() }
    }

    /// The pause before the next look for a seed.
    pub fn before_look(&mut self, host: &dyn Host) -> Duration {
        self.pause(host, LOOK)
    }

    /// The pause before the next try to register.
    pub fn before_try(&mut self, host: &dyn Host) -> Duration {
        let is_early = host.elapsed().saturating_sub(self.since) < HOUR;
        self.pause(host, if is_early { EARLY } else { LATE })
    }

    /// Between half of it and all of it.
    fn pause(&mut self, host: &dyn Host, most: Duration) -> Duration {
        let whole = self.next.min(most);
        self.next = (whole * 2).min(LATE);
        let half = whole / 2;
        half + half.mul_f64((host.random() % 1024) as f64 / 1023.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Machine;
    use crate::host::fake::fresh;

    #[test]
    fn pauses_grow_to_a_minute_in_the_first_hour_and_to_five_later() {
        let fake = fresh();
        let mut pace = Pace::begin(&fake);
        let mut early = Vec::new();
        while fake.elapsed() < HOUR {
            early.push(pace.before_try(&fake));
            fake.sleep(*early.last().unwrap());
        }
        assert!(early[0] >= Duration::from_secs(1) && early[0] <= Duration::from_secs(2));
        assert!(early.iter().all(|it| *it <= EARLY) && early.last().unwrap() >= &(EARLY / 2));
        fake.sleep(HOUR);
        let late: Vec<Duration> = (0..5).map(|_| pace.before_try(&fake)).collect();
        assert!(late.last().unwrap() >= &(LATE / 2) && late.iter().all(|it| *it <= LATE), "{late:?}");
    }

    #[test]
    fn a_look_for_a_seed_is_never_far_away() {
        let fake = fresh();
        let mut pace = Pace::begin(&fake);
        assert!((0..20).all(|_| pace.before_look(&fake) <= LOOK));
    }
}
