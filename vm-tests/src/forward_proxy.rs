//! A forward proxy at a world's gateway, as companies have one: the only way out for a guest that
//! knows no names and no other address.
//!
//! It tunnels what it is asked to (CONNECT) and hands plain requests on, always to the gateway itself,
//! where the AWS simulator and the packages are; and it keeps which hosts it was asked for.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result, While};
use crate::guest::cgroup::Cgroup;
use crate::guest::network::{GATEWAY, Network};
use crate::relay::both_ways;

/// The port it listens on, at the gateway.
pub const PORT: u16 = 3128;
const PATIENCE: Duration = Duration::from_secs(10);

/// A running proxy.
pub struct ForwardProxy {
    process: Child,
    log: PathBuf,
}

impl ForwardProxy {
    /// Starts it at the gateway of a network, as the program `vm-tests`.
    pub fn start(world: &str, network: &Network, program: &Path, folder: &Path) -> Result<Self> {
        let log = folder.join("proxy.log");
        File::create(&log)?;
        let cgroup = Cgroup::new(&format!("{world}.proxy"))?;
        let mut command = network.at_gateway(cgroup.command("ip"), program);
        command.arg("forward-proxy").arg(&log).stdin(Stdio::null());
        let process = command.spawn().doing(|| "starting the proxy")?;
        let mut proxy = Self { process, log };
        proxy.wait_until_ready()?;
        Ok(proxy)
    }

    /// What it was asked for, a line each: `CONNECT host:443` or `GET http://host/...`.
    pub fn asked(&self) -> Result<Vec<String>> {
        Ok(fs::read_to_string(&self.log)?.lines().skip(1).map(str::to_owned).collect())
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while fs::read(&self.log)?.is_empty() {
            let ended = self.process.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                return Err(Error::new(format!("the proxy is not ready ({ended:?})")));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for ForwardProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The program's side: serves until it is ended, and writes what it is asked for to a file.
pub fn serve(log: &Path) -> Result<()> {
    let listener = TcpListener::bind((GATEWAY, PORT)).doing(|| "listening as a proxy")?;
    note(log, "ready")?;
    for client in listener.incoming().flatten() {
        let log = log.to_owned();
        // A client that goes away is its own matter.
        thread::spawn(move || pass(client, &log));
    }
    Ok(())
}

fn pass(mut client: TcpStream, log: &Path) -> io::Result<()> {
    let mut head = Vec::new();
    let mut reader = BufReader::new(client.try_clone()?);
    while !head.ends_with(b"\r\n\r\n") && reader.read_until(b'\n', &mut head)? > 0 {}
    let text = String::from_utf8_lossy(&head).into_owned();
    let asked: Vec<&str> = text.split_whitespace().take(2).collect();
    note(log, &asked.join(" ")).map_err(io::Error::other)?;
    let mut server;
    if asked.first() == Some(&"CONNECT") {
        server = TcpStream::connect((GATEWAY, 443))?;
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    } else {
        server = TcpStream::connect((GATEWAY, 80))?;
        server.write_all(&head)?;
    }
    server.write_all(reader.buffer())?;
    both_ways(client, server)
}

fn note(log: &Path, line: &str) -> Result<()> {
    let mut file = OpenOptions::new().append(true).open(log)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    Ok(())
}
