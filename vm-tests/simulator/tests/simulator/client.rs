//! A bare HTTP client: it sends exactly the headers that it is given, in their order, and keeps what it got
//! also when the connection breaks. Certificates are verified against the simulator's own authority.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub type Stream = StreamOwned<ClientConnection, TcpStream>;

#[derive(Clone)]
pub struct Client {
    https: SocketAddr,
    http: SocketAddr,
    tls: Arc<ClientConfig>,
}

/// A request; `host` is both the Host header and the name in the TLS handshake.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub host: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub chunked: bool,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, host: &str, path: &str) -> Request {
        Request {
            method: method.to_owned(),
            host: host.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: String::new(),
            chunked: false,
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The bytes for the wire, with the connection closed after the answer if it is not upgraded.
    fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.path, self.host);
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        if !self.headers.iter().any(|(name, _)| name == "Connection") {
            text += "Connection: close\r\n";
        }
        if self.chunked {
            // Two chunks, so that a server which takes the first for the whole is found out.
            let (first, second) = self.body.split_at(self.body.len() / 2);
            text += "Transfer-Encoding: chunked\r\n\r\n";
            text += &format!("{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
        } else {
            text += &format!("Content-Length: {}\r\n\r\n{}", self.body.len(), self.body);
        }
        text.into_bytes()
    }
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// The service's name for what went wrong.
    pub fn error(&self) -> String {
        self.json()["__type"].as_str().unwrap().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        &found.unwrap_or_else(|| panic!("no header {name}")).1
    }
}

impl Client {
    pub fn new(https: SocketAddr, http: SocketAddr, authority: &Path) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Client { https, http, tls: Arc::new(builder.with_root_certificates(roots).with_no_client_auth()) }
    }

    pub fn send(&self, request: &Request) -> Answer {
        answer(&mut self.open(request))
    }

    /// The same without TLS.
    pub fn send_plain(&self, request: &Request) -> Answer {
        let mut stream = TcpStream::connect(self.http).unwrap();
        stream.write_all(&request.bytes()).unwrap();
        answer(&mut stream)
    }

    /// Sends a request and leaves the answer to be read.
    pub fn open(&self, request: &Request) -> Stream {
        let name = ServerName::try_from(request.host.clone()).unwrap();
        let connection = ClientConnection::new(Arc::clone(&self.tls), name).unwrap();
        let tcp = TcpStream::connect(self.https).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut stream = StreamOwned::new(connection, tcp);
        stream.write_all(&request.bytes()).unwrap();
        stream
    }
}

/// Status and headers, read byte by byte so that nothing of what follows is lost.
pub fn head(stream: &mut impl Read) -> (u16, Vec<(String, String)>) {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        bytes.push(byte[0]);
    }
    let text = String::from_utf8(bytes).unwrap();
    let mut lines = text.lines();
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line").parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": "));
    (status, headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn answer(stream: &mut impl Read) -> Answer {
    let (status, headers) = head(stream);
    let mut body = Vec::new();
    // A connection that is cut is some tests' subject; what came before it is kept.
    let _ = stream.read_to_end(&mut body);
    Answer { status, headers, body }
}
