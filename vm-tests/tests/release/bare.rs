//! The program that people download needs nothing of the system that it is on: no library, no loader, no word of how names
//! are resolved there, and no file but those that say who resolves them and who is trusted.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;
use vm_tests::guest::base_root;
use vm_tests::programs;

use crate::names::{self, NameServer};
use crate::sandbox::{HOST, Sandbox, can_run, finish_as, key_pair, public, said, stdout};

/// What scripts/build allows, said again here, so that it takes two changes to let it grow.
const LIMIT: u64 = 5_000_000;

fn needs_nothing(program: &Path) {
    let mut readelf = Command::new("readelf");
    let output = readelf.args(["--program-headers", "--dynamic", "--wide"]).arg(program).output().unwrap();
    let headers = stdout(&output);
    assert!(output.status.success() && headers.contains("LOAD"), "{}", said(&output));
    for needed in ["INTERP", "(NEEDED)", "(RPATH)", "(RUNPATH)"] {
        assert!(!headers.contains(needed), "{needed} in {headers}");
    }
    let size = fs::metadata(program).unwrap().len();
    assert!(size <= LIMIT, "{size} bytes");
}

#[test]
fn it_has_no_interpreter_needs_no_library_and_has_at_most_five_megabytes() {
    needs_nothing(&programs::landfall().unwrap());
}

#[test]
#[ignore = "in scripts/test --full: it compiles for another architecture"]
fn on_arm64_it_needs_as_little_and_plans_under_an_emulated_processor() {
    let program = programs::landfall_for_arm64().unwrap();
    needs_nothing(&program);
    let run = |arguments: &[&str]| {
        let output = Command::new("qemu-aarch64-static").arg(&program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        stdout(&output)
    };
    assert_eq!(run(&["--version"]), format!("landfall {}\n", env!("CARGO_PKG_VERSION")));
    let plan = run(&["plan", "--as", "debian-12", "--arch", "aarch64", "--region", "us-east-1", "--json"]);
    assert!(plan.contains("arm64.deb") && !plan.contains("amd64"), "{plan}");
}

/// A root that is not written to, with a folder over it that takes what is.
struct Root<'a> {
    below: &'a Path,
    folder: TempDir,
}

impl<'a> Root<'a> {
    /// With the program, and with what it may ask for: who resolves names, and who is trusted.
    fn over(below: &'a Path, sandbox: &Sandbox) -> Self {
        let root = Self { below, folder: TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap() };
        for name in ["work", "merged", "root/etc/ssl/certs"] {
            fs::create_dir_all(root.folder.path().join(name)).unwrap();
        }
        fs::copy(programs::landfall().unwrap(), root.path("landfall")).unwrap();
        fs::write(root.path("etc/resolv.conf"), format!("nameserver {}\n", names::ADDRESS)).unwrap();
        fs::copy(sandbox.path("state/ca.pem"), root.path("etc/ssl/certs/ca-certificates.crt")).unwrap();
        root
    }

    /// A file that was put there, or written.
    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("root").join(name)
    }

    /// Runs the program in it, after these mounts, from the root that is to be.
    fn run(&self, mounts: &str, arguments: &str) -> Output {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let script = format!(
            "set -eu; mount -t overlay none -o lowerdir={},upperdir={},workdir={} {merged}; cd {merged}; {mounts}\n\
             exec env -i \"$(command -v chroot)\" . /landfall {arguments}",
            self.below.display(),
            at("root"),
            at("work"),
            merged = at("merged"),
        );
        let unshare = ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "sh", "-c"];
        Command::new("unshare").args(unshare).arg(script).stdin(Stdio::null()).output().unwrap()
    }

    /// Asks for a name, trusts who answers to it, and gets a newer program from there: the whole way of a download.
    fn downloads_by_name(&self, sandbox: &Sandbox) {
        // The name server's address is one, for all tests.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = TempDir::new().unwrap();
        let key = key_pair(keys.path(), "ours");
        let finished = finish_as("9.0.0", &sandbox.release(""), &["--sign-key", &key]).output().unwrap();
        assert!(finished.status.success(), "{}", said(&finished));
        let server = NameServer::of(HOST);
        // What the kernel shows of a process, and a place for its lock.
        let mounts = "mkdir -p proc run; mount -t proc none proc; mount -t tmpfs none run";
        let update = format!("self-update --from {} --key {}", sandbox.https_by_name(), public(&key));
        let output = self.run(mounts, &update);
        assert!(output.status.success() && server.asked() > 0, "{}", said(&output));
        assert_eq!(
            fs::read(self.path("landfall")).unwrap(),
            fs::read(sandbox.release("landfall-x86_64-linux")).unwrap()
        );
    }
}

#[test]
fn in_a_root_with_nothing_but_a_resolver_and_certificates_it_plans_and_downloads_by_name() {
    if !can_run() {
        return;
    }
    let (nothing, sandbox) = (TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap(), Sandbox::new());
    let root = Root::over(nothing.path(), &sandbox);
    for (arguments, expected) in [
        ("--version", concat!("landfall ", env!("CARGO_PKG_VERSION"))),
        ("plan --as debian-12 --region us-east-1 --json", "amazon-ssm-agent"),
    ] {
        let output = root.run("", arguments);
        assert!(output.status.success() && stdout(&output).contains(expected), "{}", said(&output));
    }
    root.downloads_by_name(&sandbox);
}

/// A program that is linked with glibc's own archive loads these modules into itself, and ends there. Debian 11 is the
/// oldest userland that Debian still has; its `libnss-resolve` of security updates cannot be had everywhere.
#[test]
fn in_a_debian_that_resolves_by_mdns_and_by_systemd_it_downloads_by_name() {
    if !can_run() {
        return;
    }
    for (suite, modules) in [
        ("bullseye", &[("libnss-mdns", "mdns4_minimal")][..]),
        ("bookworm", &[("libnss-mdns", "mdns4_minimal"), ("libnss-resolve", "resolve")]),
    ] {
        let packages: Vec<String> = modules.iter().map(|(package, _)| (*package).to_owned()).collect();
        let debian = base_root::debian_with(suite, &packages).unwrap();
        let order = fs::read_to_string(debian.join("etc/nsswitch.conf")).unwrap();
        let hosts = order.lines().find(|line| line.starts_with("hosts:")).unwrap_or_default();
        assert!(modules.iter().all(|(_, word)| hosts.contains(word)), "{order}");
        let sandbox = Sandbox::new();
        Root::over(&debian, &sandbox).downloads_by_name(&sandbox);
    }
}
