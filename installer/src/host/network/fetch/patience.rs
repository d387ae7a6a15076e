//! How often, how long and at what distance a download is tried again. Pure: time and chance are told.

use std::time::Duration;

use crate::error::Error;

/// The limits of one download.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Tries in a row that bring nothing new.
    pub(super) fruitless: u32,
    /// After this time no further try is begun.
    pub(super) time: Duration,
    /// The first pause; each later one is up to twice as long.
    pub(super) first_pause: Duration,
    /// The longest pause, also when a server asks for more.
    pub(super) longest_pause: Duration,
    /// In each such span of an answer,
    pub(super) span: Duration,
    /// at least so many bytes must come, or it counts as cut off.
    pub(super) least_in_span: u64,
    /// No package is larger, in bytes.
    pub(super) largest: u64,
}

impl Limits {
    pub(super) const USUAL: Self = Self {
        fruitless: 5,
        time: Duration::from_secs(15 * 60),
        first_pause: Duration::from_millis(500),
        longest_pause: Duration::from_secs(60),
        span: Duration::from_secs(60),
        least_in_span: 60 * 1024,
        largest: 1 << 30,
    };
}

/// What is left of the patience with one download.
#[derive(Debug)]
pub(super) struct Patience {
    limits: Limits,
    tries: u32,
    fruitless: u32,
    chance: u64,
}

impl Patience {
    /// Seeded by the host's randomness, so that a thousand machines do not come back all at once.
    pub(super) fn new(limits: Limits, seed: u64) -> Self {
        Self { limits, tries: 0, fruitless: 0, chance: seed }
    }

    /// A try failed: how long to wait before the next, or `None` when it was the last.
    pub(super) fn pause(
        &mut self,
        brought_something: bool,
        asked: Option<Duration>,
        elapsed: Duration,
    ) -> Option<Duration> {
        self.tries += 1;
        self.fruitless = if brought_something { 1 } else { self.fruitless + 1 };
        let longest = self.limits.longest_pause;
        let doubled = self.limits.first_pause.saturating_mul(1 << (self.fruitless - 1).min(16)).min(longest);
        let pause = self.jittered(doubled).max(asked.unwrap_or_default().min(longest));
        let more = self.fruitless < self.limits.fruitless && elapsed + pause < self.limits.time;
        more.then_some(pause)
    }

    /// The error of the last try, with how often it was tried.
    pub(super) fn given_up(&self, mut error: Error, elapsed: Duration) -> Error {
        error.what += &format!("; given up after {} tries in {} s", self.tries, elapsed.as_secs());
        error
    }

    /// Between half of it and all of it.
    fn jittered(&mut self, pause: Duration) -> Duration {
        let half = pause / 2;
        let steps = u64::try_from(half.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        half + Duration::from_millis(self.draw() % steps)
    }

    /// SplitMix64: <https://prng.di.unimi.it/splitmix64.c>. Nothing secret hangs on it.
    fn draw(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Duration = Duration::ZERO;

    #[test]
    fn pauses_double_jitter_and_end_after_the_fifth_fruitless_try() {
        let pauses = |seed| {
            let mut patience = Patience::new(Limits::USUAL, seed);
            (0..5).map(|_| patience.pause(false, None, NOTHING)).collect::<Vec<_>>()
        };
        for seed in 0..100 {
            let pauses = pauses(seed);
            for (pause, most) in pauses.iter().zip([500, 1000, 2000, 4000]) {
                let pause = pause.unwrap().as_millis();
                assert!(pause >= most / 2 && pause <= most, "{pause} of {most}");
            }
            assert_eq!(pauses[4], None);
        }
        assert_eq!(pauses(1), pauses(1), "the same seed is the same chance");
        assert_ne!(pauses(1), pauses(2), "two machines wait differently");
    }

    #[test]
    fn a_try_that_brought_something_begins_the_counting_anew_until_the_time_is_up() {
        let mut patience = Patience::new(Limits::USUAL, 0);
        for _ in 0..50 {
            assert!(patience.pause(true, None, NOTHING).is_some());
        }
        assert_eq!(patience.pause(true, None, Limits::USUAL.time), None);
        let error = patience.given_up(Error::failed("it was cut off"), Limits::USUAL.time);
        assert_eq!(error.what, "it was cut off; given up after 51 tries in 900 s");
    }

    #[test]
    fn a_server_may_ask_for_a_longer_pause_within_bounds() {
        let mut patience = Patience::new(Limits::USUAL, 0);
        let asked = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(patience.pause(false, asked(7), NOTHING), asked(7));
        assert_eq!(patience.pause(false, asked(86_400), NOTHING), asked(60));
    }
}
