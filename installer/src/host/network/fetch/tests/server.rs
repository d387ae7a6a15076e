//! An HTTPS server on loopback that behaves as badly as it is told, and keeps what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// A request, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub path: String,
    /// Where the wanted range begins.
    pub from: Option<usize>,
    pub if_range: Option<String>,
}

/// What goes out: a head, then a body that may break off, stall, or drip.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub head: String,
    pub body: Vec<u8>,
    /// Silence before the body's last byte.
    pub stall: Duration,
    /// Pieces that the body goes out in, with a pause before each.
    pub drip: Option<(usize, Duration)>,
    /// Zeros after the body, made as they are sent.
    pub endless: usize,
    /// Whether TLS says goodbye, which tells an end from a cut.
    pub farewell: bool,
}

pub struct Server {
    address: SocketAddr,
    roots: RootCertStore,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers with what `reply` makes of a request and of how many came before it.
    pub fn start(reply: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["localhost".into()]).unwrap().self_signed(&key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (kept, config, reply) = (asked.clone(), Arc::new(config), Arc::new(reply));
        // It ends with the process: a test has no use for its end.
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (kept, config, reply) = (kept.clone(), config.clone(), reply.clone());
                thread::spawn(move || serve(socket, config, &kept, &*reply));
            }
        });
        Self { address, roots, asked }
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    pub fn roots(&self) -> RootCertStore {
        self.roots.clone()
    }

    /// What was asked for this path so far.
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.path == path).cloned().collect()
    }
}

/// One request a connection; then the connection ends without a farewell, as when a cable is pulled.
fn serve(
    socket: TcpStream,
    config: Arc<ServerConfig>,
    kept: &Mutex<Vec<Asked>>,
    reply: &dyn Fn(&Asked, usize) -> Reply,
) {
    socket.set_nodelay(true).unwrap();
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), socket);
    let Some(asked) = read(&mut stream) else { return };
    let before = {
        let mut kept = kept.lock().unwrap();
        kept.push(asked.clone());
        kept.iter().filter(|earlier| earlier.path == asked.path).count() - 1
    };
    // A client that went away is what some tests are about.
    let reply = reply(&asked, before);
    if send(&mut stream, &reply).is_ok() && reply.farewell {
        stream.conn.send_close_notify();
        let _ = stream.flush();
    }
}

fn read(stream: &mut impl Read) -> Option<Asked> {
    let mut asked = Asked { path: String::new(), from: None, if_range: None };
    for (number, line) in BufReader::new(stream).lines().enumerate() {
        let line = line.ok()?;
        if line.is_empty() {
            return Some(asked);
        }
        if number == 0 {
            asked.path = line.split(' ').nth(1)?.to_owned();
        }
        let Some((name, value)) = line.split_once(": ") else { continue };
        match name.to_ascii_lowercase().as_str() {
            "range" => asked.from = value.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok(),
            "if-range" => asked.if_range = Some(value.to_owned()),
            _ => {}
        }
    }
    None
}

fn send(stream: &mut impl Write, reply: &Reply) -> std::io::Result<()> {
    stream.write_all(reply.head.as_bytes())?;
    stream.flush()?;
    let (piece, pause) = reply.drip.unwrap_or((usize::MAX, Duration::ZERO));
    let last = reply.body.len().saturating_sub(1);
    let (most, rest) =
        if reply.stall.is_zero() { (&reply.body[..], &[][..]) } else { reply.body.split_at(last) };
    for piece in most.chunks(piece) {
        thread::sleep(pause);
        stream.write_all(piece)?;
        stream.flush()?;
    }
    let zeros = vec![0; reply.endless.min(1 << 16)];
    for _ in 0..reply.endless.checked_div(zeros.len()).unwrap_or(0) {
        stream.write_all(&zeros)?;
    }
    thread::sleep(reply.stall);
    stream.write_all(rest)?;
    stream.flush()
}
