//! Connections handed on: one to another, or a program's standard streams to an address.
//!
//! QEMU starts a program of the latter kind for each connection that a machine makes to the world's gateway, where the
//! machine itself is on the network of the machine that tests.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use crate::error::{Result, While};

/// Hands standard input on to an address, and to standard output what that answers, until it has said all.
pub fn run(address: &str) -> Result<()> {
    let there = TcpStream::connect(address).doing(|| format!("connecting to {address}"))?;
    between(io::stdin(), io::stdout(), there).doing(|| format!("relaying to {address}"))
}

/// Hands on what two connections say to each other, until both have said all.
pub(crate) fn both_ways(one: TcpStream, other: TcpStream) -> io::Result<()> {
    let (from_one, to_other) = (one.try_clone()?, other.try_clone()?);
    let there = thread::spawn(move || one_way(from_one, to_other));
    one_way(other, one)?;
    there.join().unwrap_or(Ok(()))
}

/// The end is handed on too, also where it came too early.
fn one_way(mut from: impl Read, mut to: TcpStream) -> io::Result<()> {
    let copied = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
    copied.map(drop)
}

fn between(from: impl Read + Send + 'static, mut to: impl Write, there: TcpStream) -> io::Result<()> {
    let (outgoing, mut incoming) = (there.try_clone()?, there);
    // It is not waited for: whoever asks may keep silent until the answer is there, and longer.
    thread::spawn(move || one_way(from, outgoing));
    copy(&mut incoming, &mut to)
}

/// Each piece at once, as the other side may wait for it, and standard output keeps back what ends no line.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            read => to.write_all(&buffer[..read]).and_then(|()| to.flush())?,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn an_answer_comes_back_also_where_the_asking_side_has_ended() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = String::new();
            stream.read_to_string(&mut asked).unwrap();
            stream.write_all(asked.to_uppercase().as_bytes()).unwrap();
        });
        let mut answered = Vec::new();
        between(&b"all of it"[..], &mut answered, there).unwrap();
        server.join().unwrap();
        assert_eq!(answered, b"ALL OF IT");
    }
}
