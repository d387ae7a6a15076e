//! Commands on the machine that runs the tests: run one, and say all it said when it fails.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use crate::error::{Error, Result, While};

/// Runs `program` with `arguments` and returns its standard output.
pub fn run<A: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = A>) -> Result<String> {
    let mut command = Command::new(program);
    command.args(arguments);
    finish(&mut command)
}

/// Runs a prepared command without input and returns its standard output; a status other than 0
/// is an error that carries everything it printed.
pub fn finish(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().doing(|| format!("starting {command:?}"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format!("{command:?} ended with {}\n{stdout}{stderr}", output.status)))
}

/// The same for a person: what it prints goes where ours goes, and nothing of it is returned.
pub fn finish_aloud(command: &mut Command) -> Result<String> {
    let status = command.stdin(Stdio::null()).status().doing(|| format!("starting {command:?}"))?;
    match status.success() {
        true => Ok(String::new()),
        false => Err(Error::new(format!("{command:?} ended with {status}"))),
    }
}
