//! A secret from standard input: piped in, or typed at a terminal that does not show it.

use std::io::{BufRead, IsTerminal, Read};

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use crate::error::{Error, Result};
use crate::secret::Secret;

/// Reads all of standard input; of a terminal one line, typed unseen.
///
/// # Errors
/// When it cannot be read.
pub fn standard_input() -> Result<Secret> {
    let mut stdin = std::io::stdin().lock();
    let mut text = String::new();
    let read = if stdin.is_terminal() {
        eprint!("activation code (not shown): ");
        let unseen = Unseen::begin();
        let read = stdin.read_line(&mut text);
        drop(unseen);
        eprintln!();
        read
    } else {
        stdin.read_to_string(&mut text)
    };
    let secret = Secret::new(text);
    read.map_err(|e| Error::refused(format!("standard input cannot be read: {e}")))?;
    Ok(secret)
}

/// While this lives, the terminal does not show what is typed.
struct Unseen(Option<Termios>);

impl Unseen {
    fn begin() -> Self {
        let stdin = std::io::stdin();
        let Ok(before) = tcgetattr(&stdin) else { return Self(None) };
        let mut quiet = before.clone();
        quiet.local_flags.remove(LocalFlags::ECHO);
        Self(tcsetattr(&stdin, SetArg::TCSAFLUSH, &quiet).is_ok().then_some(before))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, before);
        }
    }
}
