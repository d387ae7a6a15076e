//! What is typed at a console of Windows, unseen where that is asked for: a line, which is enough for a code alone.

use std::io;

use super::unreadable;
use crate::error::Result;
use crate::secret::Secret;

/// What is typed without being shown.
pub(super) fn unseen(wanted: &str) -> Result<Secret> {
    eprint!("{wanted} (not shown): ");
    rpassword::read_password().map(Secret::new).map_err(|e| unreadable(&e))
}

/// What is typed in plain sight.
pub(super) fn seen() -> Result<Secret> {
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(|e| unreadable(&e))?;
    Ok(Secret::new(line))
}
