//! A connection handed on: what comes on standard input goes to an address, and what that answers to standard output.
//!
//! QEMU starts one for each connection that a machine makes to the world's gateway, where the machine itself is on the
//! network of the machine that tests.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};

use crate::error::{Result, While};

/// Hands on until the address has said all.
pub fn run(address: &str) -> Result<()> {
    let there = TcpStream::connect(address).doing(|| format!("connecting to {address}"))?;
    between(io::stdin(), io::stdout(), there).doing(|| format!("relaying to {address}"))
}

fn between(mut from: impl Read + Send + 'static, mut to: impl Write, there: TcpStream) -> io::Result<()> {
    let (mut outgoing, mut incoming) = (there.try_clone()?, there);
    // It is not waited for: whoever asks may keep silent until the answer is there, and longer.
    std::thread::spawn(move || {
        copy(&mut from, &mut outgoing).and_then(|()| outgoing.shutdown(Shutdown::Write))
    });
    copy(&mut incoming, &mut to)
}

/// Each piece at once, as the other side may wait for it.
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
