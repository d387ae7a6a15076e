//! Saying in time that the pinned keys come to their end: a Landfall that knows no later key refuses
//! every package that is signed by one.

use jiff::{SignedDuration, Timestamp};

use super::{Use, pinned};

/// How long before the end it is said.
const NOTICE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What to tell whoever installs the SSM agent now, as its last known key is about to end, or has.
#[must_use]
pub fn ending(now: Timestamp) -> Option<String> {
    let of_ssm = pinned().into_iter().filter(|key| key.usage == Use::Ssm);
    let end = of_ssm.filter_map(|key| key.valid_until).max()?;
    if end.duration_since(now) > NOTICE {
        return None;
    }
    // It is the end of a day, which is the beginning of the next one.
    let day = (end - SignedDuration::from_secs(1)).strftime("%Y-%m-%d");
    let ends = if now < end { "ends" } else { "ended" };
    Some(format!(
        "the last signing key of the SSM agent that this Landfall knows {ends} on {day}: packages that AWS \
         signs after that day will be refused"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told_at(time: &str) -> Option<String> {
        ending(time.parse().unwrap())
    }

    #[test]
    fn ninety_days_before_the_last_key_ends_it_is_said_and_not_before() {
        assert_eq!(told_at("2027-08-27T23:59:59Z"), None);
        let told = told_at("2027-08-28T00:00:01Z").unwrap();
        assert!(told.contains("ends on 2027-11-25"), "{told}");
        assert!(told_at("2027-11-25T23:59:59Z").unwrap().contains("ends on 2027-11-25"));
        assert!(told_at("2027-11-26T00:00:00Z").unwrap().contains("ended on 2027-11-25"));
        assert!(told_at("2030-01-01T00:00:00Z").unwrap().contains("ended on 2027-11-25"));
    }
}
