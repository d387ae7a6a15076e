//! A secret from standard input: piped in, or typed at a terminal that does not show it.
//!
//! What `aws ssm create-activation` prints may be pasted as it is: it is read up to its end, and whatever was
//! pasted behind it is thrown away with the prompt, so that no shell gets to see it.

use std::io::{self, IsTerminal, Read};

use crate::error::{Error, Result};
use crate::secret::Secret;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix::{seen, unseen};
#[cfg(windows)]
use windows::{seen, unseen};

/// Reads all of standard input; of a terminal what is asked for there, and typed unseen.
///
/// # Errors
/// When it cannot be read.
pub fn standard_input(wanted: &str) -> Result<Secret> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return self::unseen(wanted);
    }
    let mut text = String::new();
    let read = stdin.lock().read_to_string(&mut text);
    let secret = Secret::new(text);
    read.map_err(|e| unreadable(&e))?;
    Ok(secret)
}

/// A person's answer to a question, shown or not while it is typed; `None` where no person sits at a terminal.
///
/// # Errors
/// When it cannot be read, or was broken off.
pub fn answer(question: &str, unseen: bool) -> Result<Option<Secret>> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Ok(None);
    }
    if unseen {
        return self::unseen(question).map(Some);
    }
    eprint!("{question}: ");
    seen().map(Some)
}

fn unreadable(e: &io::Error) -> Error {
    Error::refused(format!("standard input cannot be read: {e}")).hint("give --activation-file FILE")
}
