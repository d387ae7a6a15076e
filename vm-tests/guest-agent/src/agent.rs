//! The guest's side: waits at a port for whoever connects, and runs what it is told.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::frame::{self, Kind};
use crate::session::Session;

/// How soon a port is looked at again that nobody is connected to: it cannot be waited for. While nobody comes, twice as
/// late each time up to the longest: an emulated machine pays for each look with what it has translated.
const PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// Serves one port for ever, from when it is there.
///
/// # Errors
/// When it is there and cannot be opened.
pub fn serve(port: &Path) -> io::Result<()> {
    while !port.exists() {
        thread::sleep(PAUSE);
    }
    let port = File::options().read(true).write(true).open(port)?;
    if somebody_is_at(&port) {
        greet(&mut port.try_clone()?)?;
    }
    let mut pause = PAUSE;
    loop {
        let somebody_came = connection(&port)?;
        pause = if somebody_came { PAUSE } else { LONGEST_PAUSE.min(pause * 2) };
        thread::sleep(pause);
    }
}

/// Whoever is at the port already asked another agent, which may have begun or not.
fn greet(port: &mut impl Write) -> io::Result<()> {
    port.write_all(&frame::GREETING)?;
    frame::write(port, Kind::Hello, &[])
}

/// Serves until the host is gone; what still runs then is ended. Whether anybody was there.
fn connection(port: &File) -> io::Result<bool> {
    let answers = Arc::new(Mutex::new(port.try_clone()?));
    let mut frames = BufReader::new(port.try_clone()?);
    let mut session = None;
    while let Some((kind, content)) = frame::read(&mut frames)? {
        match (kind, &mut session) {
            (Kind::Begin, _) => {
                drop(session.take());
                session = Some(Session::begin(answers.clone(), &content)?);
            }
            (Kind::Script, Some(session)) => session.add_script(&content),
            (Kind::Run, Some(session)) => session.run(),
            (Kind::Input, Some(session)) => session.add_input(content, || somebody_is_at(port)),
            (Kind::InputEnd, Some(session)) => session.end_input(),
            // The rest of a command whose host is gone.
            _ => {}
        }
    }
    Ok(session.is_some())
}

fn somebody_is_at(port: &File) -> bool {
    let mut asked = [PollFd::new(port.as_fd(), PollFlags::empty())];
    let answered = poll(&mut asked, PollTimeout::ZERO);
    answered.is_ok() && !asked[0].revents().is_some_and(|events| events.contains(PollFlags::POLLHUP))
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::time::Instant;

    use super::*;
    use crate::bridge::{self, Ending};

    /// A socket in a port's place, with an agent behind it.
    fn machine() -> UnixStream {
        let (host, guest) = UnixStream::pair().unwrap();
        let guest = File::from(OwnedFd::from(guest));
        thread::spawn(move || connection(&guest));
        host
    }

    fn ran(script: &str, input: &[u8]) -> (Ending, Vec<u8>, Vec<u8>) {
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let ending =
            bridge::run(&machine(), script, io::Cursor::new(input.to_vec()), &mut output, &mut errors)
                .unwrap();
        (ending, output, errors)
    }

    #[test]
    fn a_command_gets_its_input_and_a_clean_environment_and_gives_both_streams_and_its_status() {
        let (ending, output, errors) = ran("cat; env | sort; pwd; echo oh >&2; exit 7", b"in\n");
        let output = String::from_utf8(output).unwrap();
        assert!(
            output.starts_with("in\nHOME=/root\nLANG=C.UTF-8\n") && output.ends_with("\n/root\n"),
            "{output}"
        );
        assert_eq!((ending, errors.as_slice()), (Ending::Status(7), b"oh\n".as_slice()));
    }

    #[test]
    fn a_hundred_megabytes_each_way_do_not_hang() {
        let input: Vec<u8> = (0..100_000_000_u32).map(|it| (it / 7) as u8).collect();
        let (ending, output, _) = ran("cat", &input);
        assert!(ending == Ending::Status(0) && output == input);
    }

    #[test]
    fn input_that_nobody_reads_hinders_nothing() {
        assert_eq!(ran("exec <&-; sleep 0.2; echo done", &vec![1; 10_000_000]).1, b"done\n");
        assert_eq!(ran("true", &vec![1; 10_000_000]).0, Ending::Status(0));
    }

    #[test]
    fn a_script_of_any_length_is_run_and_one_that_a_signal_ends_has_no_status() {
        let long = format!("{}exit 3", "true # and so on\n".repeat(5000));
        assert_eq!(ran(&long, b"").0, Ending::Status(3));
        assert_eq!(ran("kill -9 $$", b"").0, Ending::Gone);
    }

    #[test]
    fn what_a_command_leaves_silent_in_the_background_lives_on() {
        let (ending, output, _) = ran("sleep 5 >/dev/null 2>&1 </dev/null & echo $!", b"");
        let process = String::from_utf8(output).unwrap();
        assert_eq!(ending, Ending::Status(0));
        thread::sleep(2 * PAUSE);
        assert!(Path::new("/proc").join(process.trim()).exists());
    }

    #[test]
    fn a_host_that_goes_away_ends_the_command_and_all_that_it_started() {
        let mut host = machine();
        let script = b"sleep 100 & echo $!; cat >/dev/null; wait";
        host.write_all(&frame::CLEAN).unwrap();
        for (kind, content) in
            [(Kind::Begin, &[5; frame::NUMBER][..]), (Kind::Script, script), (Kind::Run, b"")]
        {
            frame::write(&mut host, kind, content).unwrap();
        }
        assert!(frame::skip_to(&mut host, &[5; frame::NUMBER]).unwrap());
        let (kind, said) = frame::read(&mut host).unwrap().unwrap();
        let process = Path::new("/proc").join(String::from_utf8(said).unwrap().trim());
        assert!(kind == Kind::Output && process.exists());
        drop(host);
        let deadline = Instant::now() + Duration::from_secs(5);
        while process.join("exe").exists() {
            assert!(Instant::now() < deadline, "it still runs");
            thread::sleep(PAUSE);
        }
    }

    #[test]
    fn a_command_that_was_cut_off_on_its_way_is_not_run_and_the_next_one_is() {
        let mut host = machine();
        frame::write(&mut host, Kind::Begin, &[6; frame::NUMBER]).unwrap();
        let mut cut = Vec::new();
        frame::write(&mut cut, Kind::Script, b"echo never").unwrap();
        host.write_all(&cut[..8]).unwrap();
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let ending = bridge::run(&host, "echo next", &b""[..], &mut output, &mut errors).unwrap();
        assert_eq!((ending, output.as_slice()), (Ending::Status(0), b"next\n".as_slice()));
    }

    #[test]
    fn a_machine_that_starts_anew_or_loses_power_leaves_no_status() {
        for (has_begun, starts_anew) in [(false, true), (true, true), (true, false)] {
            let (host, mut guest) = UnixStream::pair().unwrap();
            let guest = thread::spawn(move || {
                let begun = frame::read(&mut guest).unwrap();
                if has_begun {
                    guest.write_all(&begun.unwrap().1).unwrap();
                }
                if starts_anew {
                    // The host may be gone before all of it.
                    let _ = greet(&mut guest);
                    let _ = guest.read(&mut [0]);
                }
            });
            let ending = bridge::run(&host, "true", io::empty(), &mut Vec::new(), &mut Vec::new()).unwrap();
            assert_eq!(ending, Ending::Gone);
            drop(host);
            guest.join().unwrap();
        }
    }

    #[test]
    fn each_port_has_a_lock_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let sockets: Vec<_> = (0..crate::PORTS)
            .map(|it| UnixListener::bind(folder.path().join(format!("{}.sock", crate::port(it)))).unwrap())
            .collect();
        let taken: Vec<_> = sockets.iter().map(|_| bridge::free_port(folder.path()).unwrap()).collect();
        assert_eq!(taken.len(), crate::PORTS);
    }
}
