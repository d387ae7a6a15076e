//! One face for every test machine: boot it, run commands in it, move files, stop it or cut its power.
//!
//! What a machine is made of shows in six methods that each kind writes for itself; everything
//! else is built from them here. Two kinds are there: a [`container`], which is quick, and an emulated
//! [`machine`], which has a boot.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::error::{Error, Result, While};

pub mod base_root;
pub(crate) mod cgroup;
pub mod container;
pub mod leftovers;
pub mod machine;
pub mod neighbour;
pub mod network;
pub mod package_pool;
pub mod stand_in_root;
pub mod tree;

use tree::Tree;

/// Whether guests can run here, which root alone may let them. A test that cannot run says so; where guests are
/// required, as under continuous integration, it fails.
///
/// # Panics
/// Where they are required and cannot run.
pub fn can_run() -> bool {
    let root = nix::unistd::geteuid().is_root();
    let required = ["CI", "LANDFALL_REQUIRE_GUESTS"].into_iter().any(|name| std::env::var_os(name).is_some());
    assert!(root || !required, "guests need root, and they are required here");
    if !root {
        eprintln!("skipped: guests need root");
    }
    root
}

/// What a command in a guest came to.
#[derive(Debug, Clone)]
pub struct Output {
    /// The exit status; -1 when a signal ended it, which is also what a power cut looks like.
    pub status: i32,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
    /// Wall time from start to end, as seen from outside.
    pub seconds: f64,
}

/// A machine with a disk of its own, in the network of its world.
pub trait Guest: Send {
    /// Starts the machine and returns once its init has started everything (or has given up on something).
    fn boot(&mut self) -> Result<()>;
    /// Asks init to power off, waits for a bounded time, and cuts the power if that did not do.
    fn stop(&mut self) -> Result<()>;
    /// Ends the machine at once. What a container had written stays, as if it had been synced; what an emulated
    /// machine had not written to its disk is lost.
    fn power_cut(&mut self) -> Result<()>;
    /// A command of the testing machine that runs `script` by the guest's `sh` as root, with a clean
    /// environment, in `/root`; its standard streams are the script's.
    fn shell(&self, script: &str) -> Result<Command>;
    /// Everything on the guest's disk, which says nothing of memory file systems such as `/run`.
    fn tree(&self) -> Result<Tree>;
    /// What the machine printed on its console since its last boot.
    fn console(&self) -> Result<String>;

    /// Runs a command line to its end.
    fn run(&self, script: &str) -> Result<Output> {
        self.run_with_input(script, &[])
    }

    /// Runs a command line that reads `input` on its standard input.
    fn run_with_input(&self, script: &str, input: &[u8]) -> Result<Output> {
        let started = Instant::now();
        let mut child = piped(self.shell(script)?.stdin(Stdio::piped()))?;
        let mut stdin = child.stdin.take().ok_or_else(|| Error::new("no standard input"))?;
        let output = std::thread::scope(|scope| {
            // A command that does not read all of its input breaks the pipe, which is its own affair.
            scope.spawn(move || stdin.write_all(input));
            child.wait_with_output()
        })?;
        Ok(Output {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    /// Runs a command line and hands on each line of either stream as it comes.
    fn run_streaming(&self, script: &str, on_line: &mut (dyn FnMut(&str) + Send)) -> Result<Output> {
        let started = Instant::now();
        let mut child = piped(self.shell(script)?.stdin(Stdio::null()))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let on_line = std::sync::Mutex::new(on_line);
        let on_line = &on_line;
        let (stdout, stderr) = std::thread::scope(|scope| {
            let errors = scope.spawn(move || lines(stderr, on_line));
            (lines(stdout, on_line), errors.join().unwrap_or_default())
        });
        let status = child.wait()?.code().unwrap_or(-1);
        Ok(Output { status, stdout, stderr, seconds: started.elapsed().as_secs_f64() })
    }

    /// Runs a command line that has to succeed, and returns its standard output.
    fn must(&self, script: &str) -> Result<String> {
        let output = self.run(script)?;
        if output.status == 0 {
            return Ok(output.stdout);
        }
        let Output { status, stdout, stderr, .. } = output;
        Err(Error::new(format!("`{script}` in the guest ended with {status}\n{stdout}{stderr}")))
    }

    /// The content of a file.
    fn read(&self, path: &str) -> Result<Vec<u8>> {
        let output = self.shell(&format!("cat -- {}", quoted(path)))?.stdin(Stdio::null()).output()?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(Error::new(String::from_utf8_lossy(&output.stderr).trim())),
        }
    }

    /// Makes or replaces a file with these permissions; folders on the way are made.
    fn write(&self, path: &str, content: &[u8], mode: u32) -> Result<()> {
        let path = quoted(path);
        let script = format!("mkdir -p \"$(dirname {path})\" && cat > {path} && chmod {mode:o} {path}");
        let output = self.run_with_input(&script, content)?;
        match output.status {
            0 => Ok(()),
            status => Err(Error::new(format!("writing {path} ended with {status}: {}", output.stderr))),
        }
    }

    /// Copies a file of the testing machine into the guest.
    fn copy_in(&self, from: &Path, to: &str, mode: u32) -> Result<()> {
        let content = std::fs::read(from).doing(|| format!("reading {}", from.display()))?;
        self.write(to, &content, mode)
    }

    /// Copies a file of the guest to the testing machine.
    fn copy_out(&self, from: &str, to: &Path) -> Result<()> {
        std::fs::write(to, self.read(from)?).doing(|| format!("writing {}", to.display()))
    }

    /// The journal of this boot.
    fn journal(&self) -> Result<String> {
        self.must("journalctl --boot --no-pager --output=short-monotonic")
    }
}

fn piped(command: &mut Command) -> Result<std::process::Child> {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    child.doing(|| "entering the guest".to_owned())
}

/// Reads to the end, passing on line by line.
fn lines(stream: Option<impl Read>, on_line: &std::sync::Mutex<&mut (dyn FnMut(&str) + Send)>) -> String {
    let mut all = String::new();
    let Some(stream) = stream else { return all };
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while let Ok(1..) = stream.read_until(b'\n', &mut line) {
        let text = String::from_utf8_lossy(&line);
        if let Ok(mut on_line) = on_line.lock() {
            on_line(text.trim_end_matches('\n'));
        }
        all.push_str(&text);
        line.clear();
    }
    all
}

/// `text` as one word of a shell command line.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
