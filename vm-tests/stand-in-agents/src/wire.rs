//! How the stand-ins reach a server: HTTP/1.1 and websockets over TCP, TLS or a unix socket.
//!
//! Written out rather than taken from an HTTP library, because the requests have to look like the real
//! agents' (order and spelling of headers, chunked or not), and because one small client then serves
//! AWS, a proxy and the Docker socket. It is no general client: one request a connection, no redirects.

mod http;
mod roots;
mod stream;
mod url;
mod websocket;

pub use http::{Body, Request, Response, exchange, send};
pub use stream::Stream;
pub use url::{Url, query_value};
pub use websocket::WebSocket;

use std::io;

/// Why a server could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The host name has no address.
    #[error("dial tcp: lookup {0}: no such host")]
    Lookup(String),
    /// No connection was made.
    #[error("dial {network} {address}: connect: {}", io_reason(.source))]
    Dial {
        /// `tcp` or `unix`.
        network: &'static str,
        /// Where to.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// The proxy refused.
    #[error("proxyconnect tcp: {0}")]
    Proxy(String),
    /// The TLS handshake failed.
    #[error("tls: failed to verify certificate: {0}")]
    Tls(String),
    /// The websocket handshake failed.
    #[error("websocket: bad handshake: {0}")]
    Handshake(String),
    /// The connection broke.
    #[error("{}", io_reason(.0))]
    Io(#[from] io::Error),
    /// The answer is not HTTP.
    #[error("malformed HTTP response {0:?}")]
    Malformed(String),
    /// The address is none.
    #[error("parse {0:?}: invalid URI for request")]
    Address(String),
}

/// The words of Go for the errors an installer may look for.
fn io_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::NotFound => "no such file or directory".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::NetworkUnreachable => "network is unreachable".into(),
        io::ErrorKind::HostUnreachable => "no route to host".into(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "i/o timeout".into(),
        io::ErrorKind::UnexpectedEof => "EOF".into(),
        _ => error.to_string(),
    }
}
