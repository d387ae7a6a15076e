//! The programs of others that are run here, each with the package that brings it.
//!
//! Never a shell: arguments are lists. What they print is kept, so that an error can say it.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::error::{Error, Result};

/// A program to run once.
#[derive(Debug, Clone)]
pub struct Program {
    name: &'static str,
    package: &'static str,
    starter: Vec<OsString>,
    args: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
}

impl Program {
    /// `name`, which Debian's `package` brings.
    #[must_use]
    pub fn new(name: &'static str, package: &'static str) -> Self {
        Self { name, package, starter: Vec::new(), args: Vec::new(), env: Vec::new() }
    }

    /// `qemu-img`.
    #[must_use]
    pub fn qemu_img() -> Self {
        Self::new("qemu-img", "qemu-utils")
    }

    /// Has it started by another program, such as one that makes a namespace: with its command line as its arguments.
    /// Nobody is told of that.
    #[must_use]
    pub fn started_by<A: AsRef<OsStr>>(mut self, starter: impl IntoIterator<Item = A>) -> Self {
        self.starter = starter.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        self
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// A variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name, value.as_ref().to_owned()));
        self
    }

    /// Runs it, and gives back what it printed, whatever its exit code.
    ///
    /// # Errors
    /// When it is not there or cannot be started.
    pub fn output(&self) -> Result<Output> {
        self.output_with(&[])
    }

    /// Runs it with this on its standard input.
    ///
    /// # Errors
    /// When it is not there or cannot be started.
    pub fn output_with(&self, input: &[u8]) -> Result<Output> {
        let mut child = self
            .command()?
            // What is read out of the answers is English.
            .env("LC_ALL", "C")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| self.not_started(&e))?;
        let mut stdin = child.stdin.take();
        std::thread::scope(|scope| {
            // Beside the reading: neither side waits for the other's pipe. One that reads no input closes it.
            scope.spawn(move || stdin.take().map(|mut pipe| pipe.write_all(input)));
            child.wait_with_output()
        })
        .map_err(|e| self.not_started(&e))
    }

    /// A starter would tell in words of its own that the program is missing.
    fn command(&self) -> Result<Command> {
        let Some((starter, options)) = self.starter.split_first() else {
            let mut command = Command::new(self.name);
            command.args(&self.args);
            return Ok(command);
        };
        if which::which(self.name).is_err() {
            return Err(self.missing());
        }
        let mut command = Command::new(starter);
        command.args(options).arg(self.name).args(&self.args);
        Ok(command)
    }

    /// Runs it, and gives back its standard output.
    ///
    /// # Errors
    /// When it is not there, or ends with another exit code than 0: with what it said.
    pub fn run(&self) -> Result<String> {
        let output = self.output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(self.failure(&output))
    }

    /// The error for an answer that says no.
    #[must_use]
    pub fn failure(&self, output: &Output) -> Error {
        let said = String::from_utf8_lossy(&output.stderr);
        self.failure_for(
            output,
            said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim(),
        )
    }

    /// The same, where the reason does not stand in the last line.
    #[must_use]
    pub fn failure_for(&self, output: &Output, reason: &str) -> Error {
        Error::failed(format!("{} failed ({}): {reason}", self.name, output.status))
            .while_doing(format!("running {self}"))
    }

    fn not_started(&self, error: &std::io::Error) -> Error {
        match error.kind() {
            std::io::ErrorKind::NotFound if self.starter.is_empty() => self.missing(),
            _ => Error::failed(format!("{} cannot be started: {error}", self.name)),
        }
    }

    fn missing(&self) -> Error {
        Error::refused(format!("the program {} is not on this machine", self.name))
            .hint(format!("install it: apt-get install {}", self.package))
    }
}

impl std::fmt::Display for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.name)?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", arg.to_string_lossy()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn a_program_that_is_missing_is_named_with_its_package() {
        let missing = Program::new("landfall-no-such-program", "some-package");
        for program in [missing.clone(), missing.started_by(["sh", "-c", "exec \"$@\"", "sh"])] {
            let error = program.run().unwrap_err();
            assert_eq!(error.kind, Kind::Refused);
            assert!(error.hint.unwrap().contains("apt-get install some-package"));
        }
    }

    #[test]
    fn a_program_that_another_starts_is_told_of_alone() {
        let program = Program::new("ls", "coreutils").started_by(["sh", "-c", "exec \"$@\"", "sh"]);
        assert_eq!(program.clone().arg("/").to_string(), "ls /");
        let error = program.arg("/no/such/folder").run().unwrap_err();
        assert!(error.what.starts_with("ls failed") && error.what.contains("No such file"), "{error}");
        assert_eq!(error.doing, ["running ls /no/such/folder"]);
    }

    #[test]
    fn a_failure_says_what_the_program_said() {
        let error = Program::new("ls", "coreutils").arg("/no/such/folder").run().unwrap_err();
        assert!(error.what.contains("No such file"), "{error}");
        assert!(error.doing[0].contains("ls /no/such/folder"), "{error}");
    }

    #[test]
    fn much_input_and_much_output_do_not_wait_for_each_other() {
        let input = vec![b'x'; 1 << 20];
        assert_eq!(Program::new("cat", "coreutils").output_with(&input).unwrap().stdout, input);
    }
}
