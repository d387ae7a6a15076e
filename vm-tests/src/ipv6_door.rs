//! A way to what listens at a world's gateway for whoever has IPv6 alone: connections to the gateway's own `::1` are
//! handed on.
//!
//! QEMU's network shows that address to its guests as [`ADDRESS`].

use std::io;
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::error::Result;
use crate::guest::network::{GATEWAY, Network};
use crate::relay::both_ways;

/// Where guests of emulated machines find it.
pub const ADDRESS: &str = "fec0::2";

const PORTS: [u16; 2] = [80, 443];
const LOOK: Duration = Duration::from_millis(20);

/// A door that is open until it is dropped.
pub struct Ipv6Door {
    ends: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Ipv6Door {
    pub(crate) fn open(network: &Network) -> Result<Self> {
        let ends = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for port in PORTS {
            let ended = ends.clone();
            // A thread is where the one is that made it, and so are its connections.
            threads.push(network.at_its_place(move || {
                let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, port))?;
                listener.set_nonblocking(true)?;
                Ok(thread::spawn(move || listen(&listener, port, &ended)))
            })?);
        }
        Ok(Self { ends, threads })
    }
}

impl Drop for Ipv6Door {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn listen(listener: &TcpListener, port: u16, ended: &AtomicBool) {
    while !ended.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((client, _)) => {
                thread::spawn(move || hand_on(client, port));
            }
            Err(_) => thread::sleep(LOOK),
        }
    }
}

fn hand_on(client: TcpStream, port: u16) -> io::Result<()> {
    client.set_nonblocking(false)?;
    let server = TcpStream::connect((GATEWAY, port))?;
    both_ways(client, server)
}
