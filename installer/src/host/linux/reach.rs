//! Whether addresses answer, and what time they tell.

use std::thread;

use jiff::Timestamp;
use reqwest::blocking::Client;
use reqwest::header::DATE;
use reqwest::redirect::Policy;

use super::http::{client, unreachable};
use crate::error::{Error, Result};
use crate::proxy::Proxy;

/// Any HTTP answer will do: what matters is that there is one, and what time it tells.
pub(super) fn reach(addresses: &[String], proxy: Option<&Proxy>) -> Vec<Result<Option<Timestamp>>> {
    if addresses.is_empty() {
        return Vec::new();
    }
    // Where an answer would send us on to is not what was asked.
    let client = match client(proxy, Policy::none()) {
        Ok(client) => client,
        Err(e) => return vec![Err(e)],
    };
    thread::scope(|scope| {
        let asked: Vec<_> = addresses.iter().map(|address| scope.spawn(|| ask(&client, address))).collect();
        asked
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(Error::bug("a probe panicked"))))
            .collect()
    })
}

fn ask(client: &Client, address: &str) -> Result<Option<Timestamp>> {
    let answer = client.head(address).send().map_err(|e| unreachable(address, &e))?;
    let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
    Ok(date.and_then(time_of))
}

fn time_of(date: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(date).ok().map(|date| date.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_header_is_a_time() {
        let time = time_of("Sun, 22 Nov 2026 20:53:08 GMT");
        assert_eq!(time.map(|time| time.to_string()).as_deref(), Some("2026-11-22T20:53:08Z"));
    }
}
