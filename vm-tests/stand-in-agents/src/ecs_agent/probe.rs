//! `probe HOST:PORT PATH`: one TCP connection and one GET; the status on standard output.
//!
//! Exit status 0 means that HTTP was answered, with whatever status; 1 that it was not.

use crate::wire::{self, Body, Request, Url};
use std::process::ExitCode;

/// Asks once.
pub fn run(arguments: &[String]) -> ExitCode {
    let [address, path] = arguments else {
        eprintln!("usage: probe HOST:PORT PATH");
        return ExitCode::from(2);
    };
    match asked(address, path) {
        Ok((status, body)) => {
            println!("{status} {body}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn asked(address: &str, path: &str) -> Result<(u16, String), String> {
    let url = Url::parse(&format!("http://{address}{path}")).map_err(|error| error.to_string())?;
    let (host, target) = (url.host_header(), url.target());
    let headers = [("Connection", "close")];
    let request = Request {
        method: "GET",
        host: &host,
        target: &target,
        user_agent: "probe",
        headers: &headers,
        body: Body::None,
    };
    let answer = wire::send(&url, request).map_err(|error| error.to_string())?;
    Ok((answer.status, answer.text()))
}
