//! A release of stand-ins, a server for it, and a place to install it without a trace on this machine: a mount
//! namespace whose `/usr/local/bin` is a folder of the test's. Mounts and processes in it end with each run.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use aws_simulator::{Admin, Settings, Simulator};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use vm_tests::programs;

/// Where the release says that it can be had; nobody is asked there.
pub const BASE: &str = "https://releases.example/landfall";

/// A name of the server's, for who can be told where that is.
pub const HOST: &str = "releases.landfall.test";

/// The shells that a POSIX script may meet.
pub const SHELLS: [&str; 5] = ["dash", "bash", "busybox sh", "ksh93", "mksh"];

/// The programs that each system has, which install.sh calls without a look.
pub const ALWAYS_THERE: [&str; 10] = ["cat", "chmod", "id", "mkdir", "mv", "od", "rm", "sync", "uname", "wc"];

/// A stand-in for landfall, which is as long as it takes to be cut off. It tells what it was called with, what the
/// shell before it left behind, and the first line that it is given to read.
const STAND_IN: &str = r#"#!/bin/sh
echo "stand-in for ARCHITECTURE called with $# words: $*"
echo "files may have $(ulimit -f)"
IFS= read -r line
echo "read '$line'"
[ "$2" != --fail ] || exit 7
exit 0
"#;

pub struct Sandbox {
    pub admin: Admin,
    simulator: Option<Simulator>,
    runtime: Runtime,
    folder: TempDir,
}

/// Namespaces are for root; where tests must run, that it is somebody else is an error.
pub fn can_run() -> bool {
    vm_tests::guest::can_run()
}

impl Sandbox {
    pub fn new() -> Self {
        // Not in /tmp, over which a test mounts something else.
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        for name in ["bin", "home", "objects", "release"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let mut settings = Settings::new(
            "127.0.0.1".parse().unwrap(),
            folder.path().join("state"),
            folder.path().join("objects"),
        );
        let served = |host: &str| (host.to_owned(), folder.path().join("release"));
        settings.statics.extend(["127.0.0.1", HOST].map(served));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let simulator = runtime.block_on(Simulator::start(settings)).unwrap();
        let admin = Admin::at(simulator.state());
        let sandbox = Self { admin, simulator: Some(simulator), runtime, folder };
        for architecture in ["x86_64", "aarch64"] {
            let mut program = STAND_IN.replace("ARCHITECTURE", architecture);
            program += &"# so that a download can be cut in the middle\n".repeat(5_000);
            fs::write(sandbox.release(&format!("landfall-{architecture}-linux")), program).unwrap();
        }
        programs::complete(&sandbox.release(""), b"for another system").unwrap();
        let finished = finish(&sandbox.release(""), &[]).output().unwrap();
        assert!(finished.status.success(), "{}", said(&finished));
        sandbox
    }

    /// A file of the release.
    pub fn release(&self, name: &str) -> PathBuf {
        self.path("release").join(name)
    }

    /// Of the test's own folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same release by plain HTTP, which install.sh takes from this machine alone.
    pub fn http(&self) -> String {
        format!("http://{}", self.simulator.as_ref().unwrap().http())
    }

    /// By HTTPS, of an authority that nobody knows unless [`Sandbox::trusting`] has it mounted.
    pub fn https(&self) -> String {
        format!("https://{}", self.simulator.as_ref().unwrap().https())
    }

    /// The same by name.
    pub fn https_by_name(&self) -> String {
        self.https().replace("127.0.0.1", HOST)
    }

    /// Mounts that have the sandbox trust the server's authority.
    pub fn trusting(&self) -> String {
        format!("mount --bind {} /etc/ssl/certs/ca-certificates.crt", self.path("state/ca.pem").display())
    }

    /// The program that is installed.
    pub fn installed(&self) -> Option<Vec<u8>> {
        fs::read(self.path("bin/landfall")).ok()
    }

    /// Puts a program there, as if it had been installed.
    pub fn install(&self, program: &[u8]) {
        let path = self.path("bin/landfall");
        fs::write(&path, program).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// All that is in the sandbox's /usr/local/bin.
    pub fn left(&self) -> Vec<OsString> {
        let mut names: Vec<_> =
            fs::read_dir(self.path("bin")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    }

    /// The paths that the server was asked for and that hold a program.
    pub fn programs_asked_for(&self) -> usize {
        self.admin.requests(Some("/landfall-")).unwrap().len()
    }

    /// A folder with links to these programs and nothing else, to be a search path.
    pub fn search_path(&self, programs: &[&str]) -> String {
        let folder = self.folder.path().join("programs");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        for program in programs {
            let found =
                ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].iter().map(|at| Path::new(at).join(program));
            let found = found.into_iter().find(|path| path.exists());
            let found = found.unwrap_or_else(|| panic!("{program} is not on this machine"));
            std::os::unix::fs::symlink(found, folder.join(program)).unwrap();
        }
        folder.display().to_string()
    }

    /// Runs a script of bash's in the sandbox, from the release's folder, with `LANDFALL_BASE_URL` set to the server.
    pub fn run(&self, script: &str) -> Output {
        self.run_after("", script)
    }

    /// The same after these mounts.
    pub fn run_after(&self, mounts: &str, script: &str) -> Output {
        let set_up = format!(
            "set -eu; mount --bind {} /usr/local/bin; {mounts}\nexec bash -c \"$1\"",
            self.path("bin").display()
        );
        Command::new("unshare")
            .args([
                "--mount",
                "--propagation",
                "private",
                "--pid",
                "--fork",
                "--kill-child",
                "sh",
                "-c",
                &set_up,
            ])
            .args(["sh", script])
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.path("home"))
            .env("LANDFALL_BASE_URL", self.http())
            .current_dir(self.release(""))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _runtime = self.runtime.enter();
        self.simulator = None;
    }
}

/// `scripts/finish-release` over a folder, as scripts/build-release calls it.
pub fn finish(folder: &Path, more: &[&str]) -> Command {
    finish_as("0.1.0", folder, more)
}

/// The same for another version.
pub fn finish_as(version: &str, folder: &Path, more: &[&str]) -> Command {
    let mut command = programs::script("finish-release");
    command.args(["--base-url", BASE, "--version", version]).args(more).arg(folder);
    command.stdin(Stdio::null()).env_remove("LANDFALL_RELEASE_KEY");
    command
}

/// A key pair of minisign's without a password: `key` and `key.pub`.
pub fn key_pair(folder: &Path, name: &str) -> String {
    let path = |ending: &str| folder.join(format!("{name}{ending}")).display().to_string();
    let made =
        Command::new("minisign").args(["-G", "-W", "-s", &path(""), "-p", &path(".pub")]).output().unwrap();
    assert!(made.status.success(), "{}", said(&made));
    path("")
}

/// The line of a public key that is its text.
pub fn public(key: &str) -> String {
    fs::read_to_string(format!("{key}.pub")).unwrap().lines().nth(1).unwrap().to_owned()
}

/// How it ended and all it printed, for people.
pub fn said(output: &Output) -> String {
    format!("{}\n{}{}", output.status, stdout(output), stderr(output))
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// That it ended so, with this in its one error and with a hint.
#[track_caller]
pub fn assert_refused(output: &Output, code: i32, sentence: &str) {
    assert_eq!(output.status.code(), Some(code), "{}", said(output));
    let text = stderr(output);
    let errors: Vec<&str> = text.lines().filter(|line| line.starts_with("error: ")).collect();
    assert!(errors.len() == 1 && errors[0].contains(sentence), "not '{sentence}': {}", said(output));
    assert_eq!(text.lines().filter(|line| line.starts_with("hint: ")).count(), 1, "{}", said(output));
    assert_eq!(stdout(output), "");
}
