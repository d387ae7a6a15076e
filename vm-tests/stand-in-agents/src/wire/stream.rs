//! Connections: TCP, TLS over TCP (through `HTTPS_PROXY` where one is set), and unix sockets.

use super::{Url, WireError, roots};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// The SSM agent's limit for one try against a server that says nothing.
const READ_LIMIT: Duration = Duration::from_secs(60);

/// An open connection.
pub enum Stream {
    /// Unencrypted.
    Plain(TcpStream),
    /// Encrypted.
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    /// On this machine.
    Unix(UnixStream),
}

impl Stream {
    /// Connects to the server of an address.
    pub fn open(url: &Url) -> Result<Self, WireError> {
        if !url.tls {
            return Ok(Stream::Plain(dial(&url.host, url.port)?));
        }
        let tcp = match proxy_for(&url.host)? {
            Some(proxy) => through_proxy(&proxy, url)?,
            None => dial(&url.host, url.port)?,
        };
        encrypted(&url.host, tcp)
    }

    /// Connects to a unix socket.
    pub fn open_unix(path: &str) -> Result<Self, WireError> {
        let socket = UnixStream::connect(path);
        let failed = |source| WireError::Dial { network: "unix", address: path.into(), source };
        Ok(Stream::Unix(socket.map_err(failed)?))
    }

    /// Lets reads wait for ever, or for a time.
    pub fn read_limit(&self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Plain(tcp) => tcp.set_read_timeout(limit),
            Stream::Tls(tls) => tls.sock.set_read_timeout(limit),
            Stream::Unix(unix) => unix.set_read_timeout(limit),
        }
    }
}

fn dial(host: &str, port: u16) -> Result<TcpStream, WireError> {
    let lookup = |_| WireError::Lookup(host.into());
    let addresses: Vec<_> = (host, port).to_socket_addrs().map_err(lookup)?.collect();
    let mut failure = WireError::Lookup(host.into());
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT_LIMIT) {
            Ok(tcp) => {
                tcp.set_nodelay(true)?;
                tcp.set_read_timeout(Some(READ_LIMIT))?;
                return Ok(tcp);
            }
            Err(source) => {
                failure = WireError::Dial { network: "tcp", address: address.to_string(), source };
            }
        }
    }
    Err(failure)
}

fn encrypted(host: &str, mut tcp: TcpStream) -> Result<Stream, WireError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| WireError::Address(host.into()))?;
    let tls = |error: rustls::Error| WireError::Tls(go_words(&error));
    let mut session = ClientConnection::new(roots::client_config(), name).map_err(tls)?;
    while session.is_handshaking() {
        session.complete_io(&mut tcp).map_err(|error| {
            match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(inner) => WireError::Tls(go_words(inner)),
                None => WireError::Io(error),
            }
        })?;
    }
    Ok(Stream::Tls(Box::new(StreamOwned::new(session, tcp))))
}

fn go_words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => {
            "x509: certificate signed by unknown authority".into()
        }
        other => other.to_string(),
    }
}

/// `HTTPS_PROXY` or `https_proxy`, unless `NO_PROXY` names the host; loopback never goes through one.
fn proxy_for(host: &str) -> Result<Option<Url>, WireError> {
    let variable = |upper: &str| {
        std::env::var(upper).or_else(|_| std::env::var(upper.to_lowercase())).unwrap_or_default()
    };
    let proxy = variable("HTTPS_PROXY");
    if proxy.is_empty() || host == "localhost" || host.starts_with("127.") {
        return Ok(None);
    }
    let spared = variable("NO_PROXY").split(',').map(str::trim).any(|entry| {
        let entry = entry.trim_start_matches('.');
        entry == "*" || (!entry.is_empty() && (host == entry || host.ends_with(&format!(".{entry}"))))
    });
    if spared {
        return Ok(None);
    }
    let text = if proxy.contains("://") { proxy } else { format!("http://{proxy}") };
    Url::parse(&text).map(Some)
}

fn through_proxy(proxy: &Url, url: &Url) -> Result<TcpStream, WireError> {
    let mut tcp = dial(&proxy.host, proxy.port).map_err(|error| WireError::Proxy(error.to_string()))?;
    let target = format!("{}:{}", url.host, url.port);
    write!(tcp, "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")?;
    // The answer to CONNECT ends at an empty line, and the server speaks only after the client: what the
    // reader buffers cannot hold anything of the tunnel yet.
    let mut lines = BufReader::new(&tcp);
    let mut status = String::new();
    lines.read_line(&mut status)?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
    }
    match status.split_whitespace().nth(1) {
        Some("200") => Ok(tcp),
        _ => Err(WireError::Proxy(status.trim().split_once(' ').map_or("EOF", |(_, rest)| rest).into())),
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => tcp.read(buffer),
            Stream::Tls(tls) => tls.read(buffer),
            Stream::Unix(unix) => unix.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => tcp.write(data),
            Stream::Tls(tls) => tls.write(data),
            Stream::Unix(unix) => unix.write(data),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(tcp) => tcp.flush(),
            Stream::Tls(tls) => tls.flush(),
            Stream::Unix(unix) => unix.flush(),
        }
    }
}
