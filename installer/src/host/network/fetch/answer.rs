//! One request and what its answer means: go on, try again, or never again.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, ETAG, HeaderName, IF_RANGE, RANGE, RETRY_AFTER};

use crate::error::Error;
use crate::host::network::http::unreachable;

/// A failure that a further try may mend, or one that it cannot.
#[derive(Debug)]
pub(super) enum Trouble {
    /// With the pause that the server asked for.
    Passing(Error, Option<Duration>),
    Final(Error),
}

/// Where to go on, and the mark of the very bytes that are here already.
pub(super) struct Resumption<'a> {
    pub(super) from: u64,
    pub(super) etag: &'a str,
}

/// Asks for a file, or for the rest of it if it is still the same file.
pub(super) fn ask(client: &Client, url: &str, rest: Option<Resumption>) -> Result<Response, Trouble> {
    let mut request = client.get(url).header(ACCEPT_ENCODING, "identity");
    if let Some(rest) = rest {
        request = request.header(RANGE, format!("bytes={}-", rest.from)).header(IF_RANGE, rest.etag);
    }
    let answer = request.send().map_err(|e| {
        // Where a server leads us, or a certificate that does not count, is the same next time.
        let lasting = e.is_redirect() || e.is_builder();
        let error = unreachable(url, &e);
        if lasting || error.what.contains("certificate") {
            Trouble::Final(error)
        } else {
            Trouble::Passing(error, None)
        }
    })?;
    match answer.status() {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(answer),
        status => Err(refusal(url, status, asked_pause(&answer))),
    }
}

fn refusal(url: &str, status: StatusCode, pause: Option<Duration>) -> Trouble {
    let code = status.as_u16();
    match status {
        StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::GONE => Trouble::Final(
            Error::failed(format!("{url} is not there (HTTP {code})"))
                .hint("see that the region and the version exist"),
        ),
        StatusCode::RANGE_NOT_SATISFIABLE => Trouble::Final(
            Error::failed(format!("{url} promised more bytes than it has"))
                .hint("the server, or a cache on the way, is broken: run again later, or without it"),
        ),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Trouble::Passing(busy(url, code), pause)
        }
        status if status.is_server_error() => Trouble::Passing(busy(url, code), pause),
        _ => Trouble::Final(
            Error::failed(format!("{url} answered with HTTP {code}"))
                .hint("see that nothing between this machine and the server answers in its place"),
        ),
    }
}

fn busy(url: &str, code: u16) -> Error {
    Error::failed(format!("{url} answered with HTTP {code}"))
        .hint("the server cannot serve it now: run again later")
}

/// A pause in seconds, or until a date: RFC 9110, section 10.2.3.
fn asked_pause(answer: &Response) -> Option<Duration> {
    pause_of(text(answer, RETRY_AFTER)?, Timestamp::now())
}

fn pause_of(value: &str, now: Timestamp) -> Option<Duration> {
    let seconds = value.trim().parse().map(Duration::from_secs).ok();
    seconds.or_else(|| {
        let until = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
        Duration::try_from(until.duration_since(now)).ok()
    })
}

/// The mark of these very bytes, where there is one: a weak one says less than that.
pub(super) fn strong_etag(answer: &Response) -> Option<String> {
    text(answer, ETAG).filter(|tag| tag.starts_with('"')).map(str::to_owned)
}

/// Where a partial answer begins and what the whole has: RFC 9110, section 14.4.
pub(super) fn part(answer: &Response) -> Option<(u64, Option<u64>)> {
    part_of(text(answer, CONTENT_RANGE)?)
}

fn part_of(value: &str) -> Option<(u64, Option<u64>)> {
    let (span, whole) = value.strip_prefix("bytes ")?.split_once('/')?;
    let from = span.split_once('-')?.0.parse().ok()?;
    Some((from, whole.parse().ok()))
}

fn text(answer: &Response, name: HeaderName) -> Option<&str> {
    answer.headers().get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_by_a_date() {
        let now = "2026-11-22T20:53:00Z".parse().unwrap();
        assert_eq!(pause_of("7", now), Some(Duration::from_secs(7)));
        assert_eq!(pause_of("Sun, 22 Nov 2026 20:53:08 GMT", now), Some(Duration::from_secs(8)));
        assert_eq!(pause_of("Sun, 22 Nov 2026 20:52:00 GMT", now), None);
        assert_eq!(pause_of("soon", now), None);
    }

    #[test]
    fn a_part_says_where_it_begins_and_what_the_whole_has() {
        assert_eq!(part_of("bytes 10-19/20"), Some((10, Some(20))));
        assert_eq!(part_of("bytes 10-19/*"), Some((10, None)));
        assert_eq!(part_of("bytes */20"), None);
        assert_eq!(part_of("lines 1-2/3"), None);
    }
}
