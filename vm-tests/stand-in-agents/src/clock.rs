//! The notations of time that the agents use. UTC only; it refuses to know time zones.

use jiff::Timestamp;

/// `20261122T175804Z`, as in `X-Amz-Date`.
pub fn amz_date(now: Timestamp) -> String {
    now.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// `2026-11-22 17:29:34.4 +0000 UTC`: how Go prints a time, with trailing zeros left out.
pub fn go_notation(now: Timestamp) -> String {
    let seconds = now.strftime("%Y-%m-%d %H:%M:%S");
    let fraction = format!("{:09}", now.subsec_nanosecond());
    match fraction.trim_end_matches('0') {
        "" => format!("{seconds} +0000 UTC"),
        digits => format!("{seconds}.{digits} +0000 UTC"),
    }
}

/// `2026-11-22 17:29:34.4012`, as at the start of the SSM agent's log lines.
pub fn ssm_log_notation(now: Timestamp) -> String {
    format!("{}.{:04}", now.strftime("%Y-%m-%d %H:%M:%S"), now.subsec_nanosecond() / 100_000)
}

/// `2026-11-22T17:58:04Z`, as in the ECS agent's log lines and the identity file.
pub fn rfc3339(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_go_time_has_no_trailing_zeros() {
        let now: Timestamp = "2026-11-22T17:29:34.4Z".parse().unwrap();
        assert_eq!(go_notation(now), "2026-11-22 17:29:34.4 +0000 UTC");
        let whole: Timestamp = "2026-11-22T17:29:34Z".parse().unwrap();
        assert_eq!(go_notation(whole), "2026-11-22 17:29:34 +0000 UTC");
    }

    #[test]
    fn the_signing_date_has_no_punctuation() {
        let now: Timestamp = "2026-11-22T17:58:04.272Z".parse().unwrap();
        assert_eq!(amz_date(now), "20261122T175804Z");
        assert_eq!(ssm_log_notation(now), "2026-11-22 17:58:04.2720");
    }
}
