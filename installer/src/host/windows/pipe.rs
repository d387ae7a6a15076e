//! One question to a named pipe that speaks HTTP, as Docker's does.

use std::fs::File;
use std::io::{Read, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Docker's.
pub(super) const DOCKER: &str = r"\\.\pipe\docker_engine";

const PATIENCE: Duration = Duration::from_secs(2);
const MOST: u64 = 1 << 20;
/// Whoever has made the pipe may know who asks, and not act as them.
const IDENTIFICATION: u32 = 0x0001_0000;

/// The body of the answer; nothing where nobody answers in time.
pub(super) fn get(pipe: &'static str, path: &'static str) -> Option<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    // A pipe has no patience of its own: where nobody answers, the thread is left to itself.
    thread::spawn(move || send.send(ask(pipe, path)));
    receive.recv_timeout(PATIENCE).ok().flatten()
}

fn ask(pipe: &str, path: &str) -> Option<Vec<u8>> {
    let mut pipe =
        File::options().read(true).write(true).security_qos_flags(IDENTIFICATION).open(pipe).ok()?;
    write!(pipe, "GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    // The end of a pipe is an error on Windows, after all that was written to it.
    let _ = pipe.take(MOST).read_to_end(&mut answer);
    let head = answer.windows(4).position(|it| it == b"\r\n\r\n")?;
    let is_fine = answer.starts_with(b"HTTP/1.0 200") || answer.starts_with(b"HTTP/1.1 200");
    is_fine.then(|| answer.split_off(head + 4))
}
