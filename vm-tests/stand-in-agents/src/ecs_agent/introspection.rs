//! What the agent answers on this machine: introspection on 51678, the credentials endpoint on 51679.
//!
//! Both listen only after the registration. No task of the stand-in has credentials, so every id is
//! unknown; what counts is that a TCP connection is made and answered.

use super::{HASH, VERSION};
use crate::log::Log;
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::thread;
use std::time::Duration;

/// Starts both listeners in threads of their own.
pub fn serve(cluster: &str, arn: &str, log: &Log) {
    let metadata = json!({
        "Cluster": cluster,
        "ContainerInstanceArn": arn,
        "Version": format!("Amazon ECS Agent - v{VERSION} (*{HASH})"),
    });
    let all: [(&str, u16); 2] = [("::", 51678), ("0.0.0.0", 51678)];
    listen(all.to_vec(), log, move |path| introspection(path, &metadata));
    listen(vec![("127.0.0.1", 51679)], log, credentials);
}

fn introspection(path: &str, metadata: &Value) -> (u16, Value) {
    match path.trim_end_matches('/') {
        "/v1/metadata" => (200, metadata.clone()),
        "/v1/tasks" => (200, json!({"Tasks": []})),
        "/license" => (200, json!("Stand-in for tests, Apache License 2.0")),
        _ => (200, json!({"AvailableCommands": ["/v1/metadata", "/v1/tasks", "/license"]})),
    }
}

fn credentials(path: &str) -> (u16, Value) {
    let versions = [("/v1/credentials", "V1"), ("/v2/credentials", "V2")];
    for (prefix, version) in versions {
        let Some(rest) = path.strip_prefix(prefix) else { continue };
        let id = rest.trim_start_matches(['/', '?']).trim_start_matches("id=");
        let (code, why) = match id {
            "" => ("NoIdInRequest", "No Credential ID in the request"),
            _ => ("InvalidIdInRequest", "Credentials not found"),
        };
        let message = format!("Credentials{version}Request: {why}");
        return (400, json!({"code": code, "message": message, "HTTPErrorCode": 400}));
    }
    (404, json!("404 page not found"))
}

fn listen(
    addresses: Vec<(&'static str, u16)>,
    log: &Log,
    answer: impl Fn(&str) -> (u16, Value) + Send + 'static,
) {
    let log = log.clone();
    thread::spawn(move || {
        let listener = loop {
            match bound(&addresses) {
                Ok(listener) => break listener,
                Err(error) => log.error(&format!("could not listen on {addresses:?}: {error}")),
            }
            thread::sleep(Duration::from_secs(1));
        };
        for connection in listener.incoming().flatten() {
            if let Err(error) = serve_one(connection, &answer) {
                log.warn(&format!("a client of {addresses:?} went away: {error}"));
            }
        }
    });
}

/// The first address that can be had: the IPv6 one serves both families where there are two.
fn bound(addresses: &[(&str, u16)]) -> io::Result<TcpListener> {
    let mut outcome = Err(io::ErrorKind::AddrNotAvailable.into());
    for address in addresses {
        let address = address.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
        outcome = TcpListener::bind(address);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn serve_one(connection: TcpStream, answer: impl Fn(&str) -> (u16, Value)) -> io::Result<()> {
    connection.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(connection).take(16 * 1024);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::from("-");
    while !line.trim().is_empty() {
        line.clear();
        reader.read_line(&mut line)?;
    }
    let (status, body) = answer(first.split_whitespace().nth(1).unwrap_or("/"));
    let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        _ => "Not Found",
    };
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    reader.into_inner().get_mut().write_all((head + &body).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_credentials_id_gets_the_agents_refusal() {
        let (status, body) = credentials("/v2/credentials/00000000-0000-4000-8000-000000000000");
        assert_eq!((status, body["code"].as_str()), (400, Some("InvalidIdInRequest")));
        assert_eq!(credentials("/v2/credentials/").1["code"], "NoIdInRequest");
        assert_eq!(credentials("/").0, 404);
    }

    #[test]
    fn a_connection_is_answered_with_the_metadata() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let metadata = json!({"Cluster": "c", "ContainerInstanceArn": "arn"});
        let served = thread::spawn(move || {
            serve_one(listener.accept().unwrap().0, |path| introspection(path, &metadata)).unwrap();
        });
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(b"GET /v1/metadata HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        served.join().unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(answer.ends_with(r#"{"Cluster":"c","ContainerInstanceArn":"arn"}"#), "{answer}");
    }
}
