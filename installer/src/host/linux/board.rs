//! Where it is shown how the machine stands: the console, and files below `/run`.
#![allow(clippy::disallowed_methods, reason = "this is the door")]

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use jiff::Timestamp;
use nix::libc::O_NOCTTY;

use crate::durable::{parent, temporary};
use crate::host::Board;

const CONSOLE: &str = "/dev/console";

/// A real machine's.
pub(super) struct Shown;

impl Board for Shown {
    fn console(&self, line: &str) {
        // A machine without a console has nobody in front of it either.
        let console = OpenOptions::new().write(true).custom_flags(O_NOCTTY).open(CONSOLE);
        let _ = console.and_then(|mut console| console.write_all(format!("{line}\r\n").as_bytes()));
    }

    fn post(&self, path: &Path, content: Option<&str>) {
        if !path.starts_with("/run") {
            return;
        }
        let _ = match content {
            Some(content) => replace(path, content),
            None => fs::remove_file(path),
        };
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Whoever reads it meanwhile finds the old content or the new.
fn replace(path: &Path, content: &str) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(parent(path))?;
    let temporary = temporary(path);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(&temporary)?;
    file.write_all(content.as_bytes())?;
    fs::rename(temporary, path)
}
