//! A stand-in for a machine that runs Windows: wine, in a root file system and a network of its own.
//!
//! What wine proves is that `landfall.exe` starts, and that it calls Windows' interfaces as wine's authors understand
//! them: registry, files, services, environment. What it does not prove is anything about Windows: its kernel, its
//! access control, its installer, its containers. A release is a label here, made of registry values.
//!
//! wine is Debian 13's, because that of Debian 12 lacks a library that every program of Rust's needs. A machine
//! starts in two seconds, needs no display, and ends with all its processes when it is dropped.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;

use recorded_program::{Answer, Record};

use crate::error::{Error, Result, While};
use crate::guest::Output;
use crate::guest::cgroup::Cgroup;
use crate::guest::leftovers;
use crate::guest::network::Network;
use crate::host_command;
use crate::introduction::File;
use crate::programs;

pub mod amazon;
mod registry;
mod release;
mod root;
mod service;

pub use release::Release;

/// Where the machine keeps its disk C:, from its root on.
const DRIVE: &str = "root/.wine/drive_c";

/// On that disk, the folder of programs that write down their calls.
const RECORDED: &str = "recorded";

/// What is no part of what a program leaves.
const PASSING: [&str; 2] = [RECORDED, "windows/temp"];

/// What a command finds in its environment, beside what wine makes of it. What wine would say about itself is left out.
const ENVIRONMENT: [&str; 4] =
    ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "WINEDEBUG=-all"];

/// What the first process in there does. `cmd` reads as long as somebody may write to it, and so does `cat`, where the
/// former was ended.
const START: &str = "wineboot >&2 </dev/null && echo ready && wine cmd /q >/dev/null; exec cat >/dev/null";

/// After so many seconds a program counts as one that hangs, as one does that waits for somebody at a screen.
const PATIENCE: &str = "300";

/// A machine that takes itself for Windows. Dropping it ends it; its world removes its disk.
pub struct Wine {
    number: usize,
    name: String,
    network: Arc<Network>,
    folder: PathBuf,
    cgroup: Cgroup,
    running: Option<Running>,
}

struct Running {
    /// The command that made the namespaces.
    outside: Child,
    /// As long as this is open, there is a program at work in there: with the last one wine would end its services.
    open: ChildStdin,
    /// The first process inside, by its number outside.
    init: u32,
}

impl Wine {
    /// Machine number `number` of a world, off, with these files on the disk of the Linux below it.
    pub(crate) fn new(world: &str, number: usize, network: Arc<Network>, files: &[File]) -> Result<Self> {
        let name = format!("{world}.{number}");
        let folder = leftovers::guests_folder()?.join(&name);
        for part in ["root", "upper", "work"] {
            fs::create_dir_all(folder.join(part))?;
        }
        for file in files {
            let place = folder.join("upper").join(&file.path[1..]);
            fs::create_dir_all(place.parent().unwrap_or(&folder))?;
            fs::write(&place, &file.content).doing(|| format!("writing {}", place.display()))?;
        }
        let cgroup = Cgroup::new(&name)?;
        Ok(Self { number, name, network, folder, cgroup, running: None })
    }

    /// Starts it, and with it the services that are to start by themselves.
    pub fn boot(&mut self) -> Result<()> {
        if self.running.is_some() {
            return Err(Error::new("the machine is running already"));
        }
        let namespace = self.network.plug_in(self.number)?;
        let mut command = self.cgroup.command("ip");
        command.args(["netns", "exec", &namespace]);
        let lower = root::with_windows()?;
        self.running = Some(start(command, &lower, &self.folder).doing(|| format!("booting {}", self.name))?);
        Ok(())
    }

    /// Ends every program at once, and starts the machine anew from what its disk and its registry have. No service
    /// is asked to end first: of a shutdown's order this shows nothing.
    pub fn reboot(&mut self) -> Result<()> {
        self.stop()?;
        self.boot()
    }

    /// Ends every program; what is in the registry stays.
    pub fn stop(&mut self) -> Result<()> {
        // The server writes the registry down before it ends.
        host_command::finish(&mut self.inside(&["wineserver", "--kill", "--wait"])?)?;
        self.end()
    }

    /// Runs a program to its end: a name that Windows finds, or a path such as `C:\landfall.exe`. The status is the
    /// lowest eight bits of what it ended with.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Result<Output> {
        self.run_with(&[], program, arguments)
    }

    /// The same with these further variables, as `NAME=VALUE`.
    pub fn run_with(&self, variables: &[&str], program: &str, arguments: &[&str]) -> Result<Output> {
        let started = std::time::Instant::now();
        let line = [&["env"][..], variables, &["timeout", PATIENCE, "wine", program], arguments].concat();
        let output =
            self.inside(&line)?.stdin(Stdio::null()).output().doing(|| format!("running {program}"))?;
        // The console's line ends are no part of what was said.
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("\r\n", "\n");
        Ok(Output {
            status: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    /// Runs a program that has to succeed, and returns its standard output.
    pub fn must(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let output = self.run(program, arguments)?;
        match output.status {
            0 => Ok(output.stdout),
            status => Err(Error::new(format!(
                "{program} {arguments:?} ended with {status}\n{}{}",
                output.stdout, output.stderr
            ))),
        }
    }

    /// The place of a file of C: as seen from here, while the machine runs: `Windows/win.ini`. Names have the case
    /// that they were made with, as Linux wants it.
    pub fn file(&self, path: &str) -> Result<PathBuf> {
        Ok(Path::new("/proc").join(self.init()?.to_string()).join("root").join(DRIVE).join(path))
    }

    /// Copies a file of the testing machine to C:.
    pub fn copy_in(&self, from: &Path, path: &str) -> Result<()> {
        let place = self.file(path)?;
        fs::create_dir_all(place.parent().unwrap_or(&place))?;
        fs::copy(from, &place).doing(|| format!("copying {} to {}", from.display(), place.display()))?;
        Ok(())
    }

    /// Puts a program that writes down its calls into the place of one of Windows', such as
    /// `windows/system32/dism.exe`, or anywhere else on C:, and tells it what to answer.
    pub fn stand_in(&self, path: &str, answers: &[Answer]) -> Result<Record> {
        self.copy_in(&programs::recorded_program()?, path)?;
        let name = Path::new(path).file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        // wine would run what it has by that name itself, whatever the file is.
        self.set_registry(r"HKCU\Software\Wine\DllOverrides", &format!("{name}.exe"), "native")?;
        let record = self.record(&name)?;
        record.will_answer(answers)?;
        Ok(record)
    }

    /// What the recorded program of this name, wherever it is, was called with, and is told.
    pub fn record(&self, name: &str) -> Result<Record> {
        Ok(Record::of(name, &self.file(RECORDED)?))
    }

    /// Every file on C:, by its path and with its length, but for what is the tests' own or comes and goes.
    pub fn files(&self) -> Result<BTreeMap<String, u64>> {
        let root = self.file("")?;
        let mut files = BTreeMap::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).doing(|| format!("listing {}", folder.display()))? {
                let path = entry?.path();
                let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().into_owned();
                // wine has links in there, to the folders of who runs it.
                if PASSING.contains(&name.to_lowercase().as_str()) || path.is_symlink() {
                    continue;
                }
                let length = if path.is_dir() { 0 } else { path.metadata()?.len() };
                if path.is_dir() {
                    folders.push(path);
                }
                files.insert(name, length);
            }
        }
        Ok(files)
    }

    fn init(&self) -> Result<u32> {
        self.running.as_ref().map(|it| it.init).ok_or_else(|| Error::new("the machine is not running"))
    }

    /// A command of the Linux below.
    fn inside(&self, line: &[&str]) -> Result<Command> {
        let init = self.init()?.to_string();
        let mut command = self.cgroup.command("nsenter");
        command.args(["--target", &init, "--mount", "--net", "--pid", "--root", "--wd=/root", "--"]);
        command.args(["/usr/bin/env", "--ignore-environment"]).args(ENVIRONMENT).args(line);
        Ok(command)
    }

    fn end(&mut self) -> Result<()> {
        if let Some(Running { mut outside, open, .. }) = self.running.take() {
            drop(open);
            self.cgroup.kill()?;
            outside.wait()?;
            self.cgroup.renew()?;
            self.network.unplug(self.number);
        }
        Ok(())
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        // The world's end clears what this leaves, so there is nothing to do about an error.
        let _ = self.end();
    }
}

/// Starts wine by `command`, which is in the machine's network, over the disk `lower` with the changes of `folder`.
fn start(mut command: Command, lower: &str, folder: &Path) -> Result<Running> {
    let log = fs::File::create(folder.join("log"))?;
    command
        .args(["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"])
        .args(["sh", "-c", root::ENTER, "sh", lower])
        .arg(folder)
        .arg(START)
        .args(ENVIRONMENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log);
    let mut outside = command.spawn().doing(|| "starting wine")?;
    let open = outside.stdin.take().ok_or_else(|| Error::new("no standard input"))?;
    let said = outside.stdout.take().ok_or_else(|| Error::new("no standard output"))?;
    let mut line = String::new();
    BufReader::new(said).read_line(&mut line)?;
    if line != "ready\n" {
        let _ = outside.kill();
        outside.wait()?;
        let log = fs::read_to_string(folder.join("log"))?;
        return Err(Error::new(format!("wine did not start: {line}{log}")));
    }
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", outside.id()))?;
    let init = children.split_whitespace().next().and_then(|pid| pid.parse().ok());
    let init = init.ok_or_else(|| Error::new("wine ended as soon as it had started"))?;
    Ok(Running { outside, open, init })
}
