//! What is typed at a terminal of Unix, unseen where that is asked for.

use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::unreadable;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// Ctrl-C.
const INTERRUPT: u8 = 3;
/// Room for what is read, so that it never moves and leaves a copy behind.
const MOST: usize = 16 * 1024;

/// What is typed without being shown.
pub(super) fn unseen(wanted: &str) -> Result<Secret> {
    typed(&io::stdin(), wanted)
}

/// What is typed in plain sight.
pub(super) fn seen() -> Result<Secret> {
    lines(&io::stdin())
}

fn typed(terminal: &impl AsFd, wanted: &str) -> Result<Secret> {
    let unseen = Unseen::begin(terminal);
    eprint!("{wanted}{}: ", if unseen.is_some() { " (not shown)" } else { "" });
    let read = lines(terminal);
    drop(unseen);
    eprintln!();
    read
}

/// One line, or as many as the JSON that begins on it.
fn lines(terminal: &impl AsFd) -> Result<Secret> {
    let mut text = Zeroizing::new(Vec::with_capacity(MOST));
    let mut line = Zeroizing::new([0; 4096]);
    while !is_whole(&text) && text.len() + line.len() <= MOST {
        let count = match nix::unistd::read(terminal, &mut *line) {
            Err(Errno::EINTR) => continue,
            read => read.map_err(|e| unreadable(&e.into()))?,
        };
        if count == 0 {
            break;
        }
        text.extend_from_slice(&line[..count]);
        if text.contains(&INTERRUPT) {
            return Err(Error::refused("it was broken off before an activation was given")
                .hint("nothing was touched: run again"));
        }
    }
    let text = std::str::from_utf8(&text).map_err(|_| {
        Error::refused("what was typed is not text").hint("type the code, or paste the JSON that has it")
    })?;
    Ok(Secret::new(text.to_owned()))
}

fn is_whole(text: &[u8]) -> bool {
    text.ends_with(b"\n") && (!text.trim_ascii().starts_with(b"{") || text.trim_ascii().ends_with(b"}"))
}

/// While this lives, the terminal does not show what is typed. Ctrl-C ends a line and no process, so that
/// nobody is left with a terminal that shows nothing.
struct Unseen<'a, T: AsFd> {
    terminal: &'a T,
    before: Termios,
}

impl<'a, T: AsFd> Unseen<'a, T> {
    /// `None` where it goes on showing everything.
    fn begin(terminal: &'a T) -> Option<Self> {
        let before = tcgetattr(terminal).ok()?;
        let mut quiet = before.clone();
        quiet.local_flags.remove(LocalFlags::ECHO | LocalFlags::ECHONL | LocalFlags::ISIG);
        quiet.control_chars[SpecialCharacterIndices::VEOL as usize] = INTERRUPT;
        tcsetattr(terminal, SetArg::TCSAFLUSH, &quiet).ok()?;
        // It reports success where any part of it succeeded.
        let unseen = Self { terminal, before };
        tcgetattr(terminal).is_ok_and(|now| !now.local_flags.contains(LocalFlags::ECHO)).then_some(unseen)
    }
}

impl<T: AsFd> Drop for Unseen<'_, T> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use nix::pty::openpty;

    use super::*;

    /// What comes of typing this at a terminal, and whether anything of it is left for who reads next.
    fn typing(text: &[u8]) -> (Result<Secret>, bool) {
        let pty = openpty(None, None).unwrap();
        let before = tcgetattr(&pty.slave).unwrap();
        let unseen = Unseen::begin(&pty.slave).unwrap();
        nix::unistd::write(&pty.master, text).unwrap();
        let read = lines(&pty.slave);
        drop(unseen);
        assert_eq!(tcgetattr(&pty.slave).unwrap(), before);
        (read, has_input(&pty.slave))
    }

    fn has_input(terminal: &OwnedFd) -> bool {
        use nix::fcntl::{FcntlArg, OFlag, fcntl};
        fcntl(terminal, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        nix::unistd::read(terminal, &mut [0; 8]).is_ok()
    }

    #[test]
    fn a_code_or_pasted_json_is_read_to_its_end_and_nothing_behind_it_reaches_a_shell() {
        let json = "{\n  \"ActivationId\": \"i\",\n  \"ActivationCode\": \"c\"\n}\n";
        for wanted in ["a-code\n", json, "{\"ActivationCode\": \"c\"}\n", "\n"] {
            let (read, left) = typing(format!("{wanted}rm the-rest\n").as_bytes());
            assert_eq!((read.unwrap().expose(), left), (wanted, false));
        }
    }

    #[test]
    fn ctrl_c_breaks_off_and_the_terminal_shows_again_what_is_typed() {
        for text in [&b"\x03"[..], b"half a code\x03", b"{\n\x03"] {
            let (read, _) = typing(text);
            let error = read.unwrap_err();
            assert!(error.exit_code() == 2 && error.hint.is_some(), "{error}");
        }
    }

    #[test]
    fn what_is_no_terminal_is_not_said_to_hide_anything() {
        let (reader, _writer) = nix::unistd::pipe().unwrap();
        assert!(Unseen::begin(&reader).is_none());
    }
}
