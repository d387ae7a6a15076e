//! Whether addresses answer, what time they tell, and if not, where the way ends.
//!
//! All are asked at once, within one bound. The handshake forgives a certificate's dates and nothing
//! else (see `any_time.rs`): a wrong clock must not look like a broken TLS.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConnection, StreamOwned};

use super::any_time::AnyTime;
use crate::host::{Heard, Reached, Silence, Stage};
use crate::proxy::Proxy;

/// All of them together. Windows may have to fetch an authority first.
const PATIENCE: Duration = Duration::from_secs(if cfg!(windows) { 30 } else { 10 });
const CONNECT: Duration = Duration::from_secs(5);
/// What is on this link answers at once, or is not there.
const CONNECT_LINK_LOCAL: Duration = Duration::from_millis(300);
/// An address of AWS's, as good as any other that is far away.
const ANYWHERE: SocketAddr =
    SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2600, 0x1f00, 0, 0, 0, 0, 0, 1)), 443);
/// Status line and headers are all that is read.
const LARGEST_HEAD: u64 = 16 * 1024;

/// Asks all addresses, each `http://host[:port]/path` or the same with `https`. Any HTTP answer will do.
pub(in crate::host) fn reach(addresses: &[String], proxy: Option<&Proxy>) -> Vec<Reached> {
    let encrypted = addresses.iter().any(|address| address.starts_with("https://"));
    reach_as_checked_by(encrypted.then(AnyTime::of_this_system).as_ref(), addresses, proxy)
}

fn reach_as_checked_by(
    verifier: Option<&Arc<AnyTime>>,
    addresses: &[String],
    proxy: Option<&Proxy>,
) -> Vec<Reached> {
    let (sender, answers) = mpsc::channel();
    let stages: Vec<_> = addresses.iter().map(|_| Arc::new(Mutex::new(Stage::Name))).collect();
    for (at, address) in addresses.iter().enumerate() {
        let (sender, address) = (sender.clone(), address.clone());
        let (verifier, stage, proxy) = (verifier.cloned(), stages[at].clone(), proxy.cloned());
        // Left alone when time is up: name resolution knows no bound of ours.
        thread::spawn(move || {
            let outcome = Question { address: &address, stage: &stage, proxy: proxy.as_ref() }.ask(verifier);
            let _ = sender.send((at, outcome));
        });
    }
    drop(sender);
    let deadline = Instant::now() + PATIENCE;
    let mut outcomes: Vec<_> = addresses.iter().map(|_| None).collect();
    while let Ok((at, outcome)) = answers.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        outcomes[at] = Some(outcome);
    }
    let too_late = |stage: &Mutex<Stage>| {
        let stage = stage.lock().map_or(Stage::Name, |stage| *stage);
        Err(Silence { stage, why: format!("nothing came within {} s", PATIENCE.as_secs()) })
    };
    let outcomes = outcomes.into_iter().zip(&stages).map(|(it, stage)| it.unwrap_or_else(|| too_late(stage)));
    addresses.iter().zip(outcomes).map(|(it, outcome)| Reached { address: it.clone(), outcome }).collect()
}

struct Question<'a> {
    address: &'a str,
    /// How far it got, for whoever waits.
    stage: &'a Mutex<Stage>,
    proxy: Option<&'a Proxy>,
}

impl Question<'_> {
    fn ask(&self, verifier: Option<Arc<AnyTime>>) -> Result<Heard, Silence> {
        let (scheme, rest) = self.address.split_once("://").unwrap_or(("https", self.address));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = host_and_port(authority, if scheme == "http" { 80 } else { 443 });
        let stream = match self.proxy.filter(|proxy| scheme == "https" && proxy.serves(host, port)) {
            Some(proxy) => self.tunnelled(proxy, host, port)?,
            None => self.connected(host, port, Stage::Connect)?,
        };
        let Some(verifier) = verifier.filter(|_| scheme == "https") else {
            return self.answer(stream, authority, path, false);
        };
        let (stream, out_of_date) = self.encrypted(stream, host, &verifier)?;
        self.answer(stream, authority, path, out_of_date)
    }

    fn connected(&self, host: &str, port: u16, then: Stage) -> Result<TcpStream, Silence> {
        let addresses: Vec<SocketAddr> =
            (host, port).to_socket_addrs().map_err(|e| self.silent(&e))?.collect();
        self.reaches(then);
        if !addresses.is_empty() && addresses.iter().all(|it| it.is_ipv4() && has_no_way_but_by_ipv6(it)) {
            self.reaches(Stage::Ipv4);
            return Err(self.silent(&"it has addresses of IPv4 alone"));
        }
        let mut failure = None;
        for address in addresses {
            let link_local = matches!(address, SocketAddr::V4(it) if it.ip().is_link_local());
            let patience = if link_local { CONNECT_LINK_LOCAL } else { CONNECT };
            match TcpStream::connect_timeout(&address, patience) {
                Ok(stream) => {
                    let _ = stream.set_read_timeout(Some(PATIENCE));
                    return Ok(stream);
                }
                Err(e) => failure = Some(e),
            }
        }
        Err(failure.map_or_else(|| self.silent(&"the name has no address"), |e| self.silent(&e)))
    }

    /// Through the proxy, which resolves the name: what fails before it answers is about the proxy.
    fn tunnelled(&self, proxy: &Proxy, host: &str, port: u16) -> Result<TcpStream, Silence> {
        let about = |silence: Silence| Silence {
            stage: Stage::Proxy,
            why: format!("{}: {}", proxy.url, silence.why),
        };
        self.reaches(Stage::Proxy);
        let authority = proxy.url.split_once("://").map_or(proxy.url.as_str(), |(_, rest)| rest);
        let (its_host, its_port) = host_and_port(authority, 80);
        let mut stream = self.connected(its_host, its_port, Stage::Proxy).map_err(about)?;
        let request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
        let answer = stream.write_all(request.as_bytes()).and_then(|()| head(&stream));
        let answer = answer.map_err(|e| about(self.silent(&e)))?;
        let status = answer.lines().next().unwrap_or_default();
        match status.split(' ').nth(1) {
            Some("200") => Ok(stream),
            _ => Err(about(self.silent(&format!("it answered '{status}'")))),
        }
    }

    fn encrypted(
        &self,
        mut tcp: TcpStream,
        host: &str,
        verifier: &Arc<AnyTime>,
    ) -> Result<(impl Read + Write + use<>, bool), Silence> {
        self.reaches(Stage::Handshake);
        let name = ServerName::try_from(host.to_owned()).map_err(|e| self.silent(&e))?;
        let (config, dates) = verifier.client().map_err(|e| {
            self.reaches(Stage::Authority);
            self.silent(&e)
        })?;
        let mut session = ClientConnection::new(config, name).map_err(|e| self.silent(&e))?;
        while session.is_handshaking() {
            if let Err(e) = session.complete_io(&mut tcp) {
                let cause = e.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
                if let Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) = cause {
                    self.reaches(Stage::Authority);
                    return Err(
                        self.silent(&"its certificate comes from an authority that is not known here")
                    );
                }
                return Err(self.silent(&e));
            }
        }
        Ok((StreamOwned::new(session, tcp), dates.were_forgiven()))
    }

    fn answer(
        &self,
        mut stream: impl Read + Write,
        authority: &str,
        path: &str,
        out_of_date: bool,
    ) -> Result<Heard, Silence> {
        self.reaches(Stage::Answer);
        let request = format!(
            "HEAD /{path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: landfall/{}\r\nConnection: close\r\n\r\n",
            env!("CARGO_PKG_VERSION")
        );
        stream.write_all(request.as_bytes()).map_err(|e| self.silent(&e))?;
        let head = head(stream).map_err(|e| self.silent(&e))?;
        if !head.starts_with("HTTP/") {
            return Err(self.silent(&"what answers does not speak HTTP"));
        }
        Ok(Heard { time: time_in(&head), out_of_date, server: header(&head, "server").map(str::to_owned) })
    }

    fn reaches(&self, stage: Stage) {
        if let Ok(mut reached) = self.stage.lock() {
            *reached = stage;
        }
    }

    fn silent(&self, why: &dyn std::fmt::Display) -> Silence {
        let stage = self.stage.lock().map_or(Stage::Name, |stage| *stage);
        Silence { stage, why: why.to_string() }
    }
}

/// Whether the kernel knows no way to an address of IPv4, and one by IPv6 to anywhere. Nothing is sent: connecting a
/// socket for datagrams only looks for the way.
fn has_no_way_but_by_ipv6(address: &SocketAddr) -> bool {
    let way = |from: &str, to: SocketAddr| UdpSocket::bind(from).and_then(|socket| socket.connect(to));
    let no_way = |e: std::io::Error| e.kind() == ErrorKind::NetworkUnreachable;
    way("0.0.0.0:0", *address).is_err_and(no_way) && way("[::]:0", ANYWHERE).is_ok()
}

fn host_and_port(authority: &str, usual: u16) -> (&str, u16) {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(usual)),
        _ => (authority, usual),
    };
    (host.trim_start_matches('[').trim_end_matches(']'), port)
}

/// Up to the empty line, or as far as it came.
fn head(stream: impl Read) -> std::io::Result<String> {
    let mut stream = stream.take(LARGEST_HEAD);
    let (mut head, mut buffer) = (Vec::new(), [0; 2048]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => head.extend_from_slice(&buffer[..count]),
            // TLS that ends without a farewell has said all the same what it said.
            Err(_) if !head.is_empty() => break,
            Err(e) => return Err(e),
        }
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn time_in(head: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(header(head, "date")?).ok().map(|date| date.timestamp())
}

fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.trim())
    })
}

#[cfg(test)]
mod handshakes;

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_date_header_is_a_time() {
        let head = "HTTP/1.1 403 Forbidden\r\nDATE: Sun, 22 Nov 2026 20:53:08 GMT\r\n\r\n";
        let time = time_in(head);
        assert_eq!(time.map(|time| time.to_string()).as_deref(), Some("2026-11-22T20:53:08Z"));
    }

    #[test]
    fn each_address_says_where_its_way_ended() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let plain = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = plain.local_addr().unwrap();
        let server = thread::spawn(move || {
            for answer in ["220 mail ready\r\n", "HTTP/1.1 401 Unauthorized\r\nServer: EC2ws\r\n\r\n"] {
                let (mut stream, _) = plain.accept().unwrap();
                let _ = stream.read(&mut [0; 512]);
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let stage =
            |address: String| reach(&[address], None).remove(0).outcome.map_err(|silence| silence.stage);
        assert_eq!(stage("https://nowhere.invalid/".into()), Err(Stage::Name));
        assert_eq!(stage(format!("https://{closed}/")), Err(Stage::Connect));
        assert_eq!(stage(format!("https://{open}/")), Err(Stage::Handshake));
        assert_eq!(
            stage(format!("http://{open}/")),
            Ok(Heard { server: Some("EC2ws".into()), ..Heard::default() })
        );
        server.join().unwrap();
    }

    #[test]
    fn a_proxy_is_asked_for_a_tunnel_and_its_refusal_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 512];
            let count = stream.read(&mut asked).unwrap();
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").unwrap();
            String::from_utf8_lossy(&asked[..count]).into_owned()
        });
        let proxy = Proxy { url, no_proxy: vec![".internal".into()] };
        let reached = reach(&["https://ssm.example/".into()], Some(&proxy)).remove(0);
        let silence = reached.outcome.unwrap_err();
        assert!(silence.stage == Stage::Proxy && silence.why.contains("403 Forbidden"), "{silence:?}");
        assert!(server.join().unwrap().starts_with("CONNECT ssm.example:443 HTTP/1.1\r\n"));
        let unknown = Proxy { url: "http://proxy.invalid:3128".into(), no_proxy: Vec::new() };
        let silence = reach(&["https://ssm.example/".into()], Some(&unknown)).remove(0).outcome.unwrap_err();
        assert!(silence.stage == Stage::Proxy && silence.why.contains("proxy.invalid"), "{silence:?}");
        assert!(!proxy.serves("mirror.internal", 443) && !proxy.serves("169.254.169.254", 443));
    }
}
