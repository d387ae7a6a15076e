//! The testing machine's side: one command in the guest, with the standard streams of a process here.

use std::fs::{File, TryLockError};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::frame::{self, Kind};
use crate::{PORTS, port};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself.
    Status(u8),
    /// A signal ended it, or the machine is not there any more.
    Gone,
}

/// A connection that nobody else has, in the folder of a machine's sockets; waits while all are taken. The lock ends
/// with the file.
///
/// # Errors
/// When no machine listens there.
pub fn free_port(folder: &Path) -> io::Result<(UnixStream, File)> {
    loop {
        for name in (0..PORTS).map(port) {
            let lock = File::create(folder.join(format!("{name}.lock")))?;
            match lock.try_lock() {
                Ok(()) => return Ok((UnixStream::connect(folder.join(format!("{name}.sock")))?, lock)),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Runs `script` to its end. The guest may be there already, or come yet.
///
/// # Errors
/// The streams' here.
pub fn run(
    machine: &UnixStream,
    script: &str,
    input: impl Read + Send + 'static,
    output: &mut impl Write,
    errors: &mut impl Write,
) -> io::Result<Ending> {
    let mut number = [0; frame::NUMBER];
    File::open("/dev/urandom")?.read_exact(&mut number)?;
    let talked = begin(machine, &number, script).and_then(|()| {
        let guest = machine.try_clone()?;
        // Nobody waits for this one: input may come that the command does not want.
        thread::spawn(move || send_input(guest, input));
        listen(machine, &number, output, errors)
    });
    match talked {
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
            Ok(Ending::Gone)
        }
        talked => talked,
    }
}

fn begin(mut guest: &UnixStream, number: &[u8; frame::NUMBER], script: &str) -> io::Result<()> {
    guest.write_all(&frame::CLEAN)?;
    frame::write(&mut guest, Kind::Begin, number)?;
    frame::write_all(&mut guest, Kind::Script, script.as_bytes())?;
    frame::write(&mut guest, Kind::Run, &[])
}

fn send_input(mut guest: UnixStream, mut input: impl Read) {
    let mut piece = [0; frame::LONGEST];
    while let Ok(length @ 1..) = input.read(&mut piece) {
        if frame::write(&mut guest, Kind::Input, &piece[..length]).is_err() {
            return;
        }
    }
    let _ = frame::write(&mut guest, Kind::InputEnd, &[]);
}

fn listen(
    guest: &UnixStream,
    number: &[u8; frame::NUMBER],
    output: &mut impl Write,
    errors: &mut impl Write,
) -> io::Result<Ending> {
    let mut guest = BufReader::new(guest);
    if !frame::skip_to(&mut guest, number)? {
        return Ok(Ending::Gone);
    }
    while let Some((kind, content)) = frame::read(&mut guest)? {
        match (kind, content.as_slice()) {
            (Kind::Output, piece) => output.write_all(piece).and_then(|()| output.flush())?,
            (Kind::Errors, piece) => errors.write_all(piece).and_then(|()| errors.flush())?,
            (Kind::Exit, [status]) => return Ok(Ending::Status(*status)),
            (Kind::Exit | Kind::Hello, _) => break,
            (Kind::Begin | Kind::Script | Kind::Run | Kind::Input | Kind::InputEnd, _) => {}
        }
    }
    Ok(Ending::Gone)
}
