//! Dates as HTTP headers write them (RFC 9110, section 5.6.7).

use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};

/// `Sun, 22 Nov 2026 18:04:28 GMT`
pub fn text(time: Timestamp) -> String {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&time).expect("a time between years 0 and 9999")
}

/// The time that a header names, if it is a date at all.
pub fn parse(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}
