//! `mmdebstrap`: makes a Debian of packages as an archive, in a user namespace where it is not run by root.

use std::path::Path;
use std::process::Output;

use super::Sources;
use crate::error::{Error, Result, While};
use crate::program::Program;

/// Documentation is left out, which a server has no reader for; what speeds up the making is in no package's way.
const OPTIONS: [&str; 6] = [
    "--variant=minbase",
    "--format=tar",
    "--aptopt=Acquire::Languages \"none\"",
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
];

/// For this run alone: the machine checks again, with what its mirror has by then.
const STALE_LISTS: &str = "--aptopt=Acquire::Check-Valid-Until \"false\"";

/// `mmdebstrap`, as whatever can run it has it, with these packages of a suite and what is particular about them.
pub(crate) fn command(
    program: Program,
    sources: &Sources,
    suite: &str,
    packages: &[String],
    particular: &[String],
    archive: &Path,
) -> Program {
    // The sources are its standard input, which it reads only where it is told so in place of a mirror.
    program
        .args(OPTIONS)
        .args(sources.may_be_stale.then_some(STALE_LISTS))
        .arg(format!("--include={}", packages.join(",")))
        .args(particular)
        .arg(suite)
        .arg(archive)
        .arg("-")
        // Packages' scripts make the initial RAM disk again and again; whoever wants one makes it at the end, once.
        .env("INITRD", "No")
}

/// As it is called where nothing stands between.
pub(crate) fn plain() -> Program {
    Program::new("mmdebstrap", "mmdebstrap")
}

/// For programs of this machine's own kind: by root with mounts of its own, which end with it however it ends. Without
/// root, `mmdebstrap` makes such a namespace itself, and unpacks in this machine's memory for files, if there is room.
///
/// # Errors
/// When its work folder cannot be written.
pub(crate) fn here(work: &Path) -> Result<Program> {
    let alone = |program: Program| in_memory(program.started_by(ALONE), work);
    if nix::unistd::geteuid().is_root() && alone(Program::new("true", "coreutils"))?.run().is_ok() {
        return alone(plain());
    }
    let space = nix::sys::statvfs::statvfs(SHARED_MEMORY).ok();
    let is_roomy = space.is_some_and(|it| it.blocks_available() * it.fragment_size() > ROOM);
    Ok(plain().env("TMPDIR", if is_roomy { Path::new(SHARED_MEMORY) } else { work }))
}

const SHARED_MEMORY: &str = "/dev/shm";

/// Unpacking there halves the time. What is unpacked has half of that, and may use all of it.
const ROOM: u64 = 3 << 30;

const ALONE: [&str; 8] = [
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "sh",
    "-ec",
    "[ -z \"$MEMORY\" ] || mount -t tmpfs -o \"mode=1777,size=$MEMORY\" memory \"$TMPDIR\"; exec \"$@\"",
    "sh",
];

/// Has a starter mount a memory for files in the work folder, if this machine has some to spare: below its own, others
/// may have mounts, and a namespace of users could not share that.
pub(super) fn in_memory(program: Program, work: &Path) -> Result<Program> {
    let scratch = work.join("scratch");
    std::fs::create_dir_all(&scratch).while_doing(|| format!("making {}", scratch.display()))?;
    let memory = if available() > ROOM + (1 << 30) { ROOM.to_string() } else { String::new() };
    Ok(program.env("TMPDIR", scratch).env("MEMORY", memory))
}

/// Bytes of memory that this machine can give without swapping.
fn available() -> u64 {
    let told = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix("MemAvailable:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|it| it.parse::<u64>().ok()).unwrap_or_default() * 1024
}

/// Runs it.
///
/// # Errors
/// When it fails, in the words of what it ran.
pub(crate) fn run(mmdebstrap: &Program, sources: &Sources) -> Result<()> {
    let output = mmdebstrap.output_with(sources.text.as_bytes())?;
    if output.status.success() { Ok(()) } else { Err(failure(mmdebstrap, &output)) }
}

fn failure(mmdebstrap: &Program, output: &Output) -> Error {
    mmdebstrap
        .failure_for(output, &reasons(&String::from_utf8_lossy(&output.stderr)))
        .hint("packages come from this machine's apt sources, or others: --sources FILE")
}

/// Why `mmdebstrap` failed: the errors of what it ran, without its own that only tell which command it was, and that it
/// failed; for a program that marks no errors, the last that it said. Of dpkg's failure apt knows a number only.
fn reasons(said: &str) -> String {
    let of_dpkg = errors_of_dpkg(said);
    if !of_dpkg.is_empty() {
        return of_dpkg.join("; ");
    }
    let own = |line: &&str| *line == "mmdebstrap failed to run" || line.ends_with(" failed");
    let errors = said.lines().filter_map(|line| line.trim().strip_prefix("E: ")).filter(|line| !own(line));
    let errors = errors.map(|line| line.strip_prefix("setup failed: E: ").unwrap_or(line));
    let errors: Vec<&str> = errors.filter(|line| !line.starts_with("command failed: ")).collect();
    match errors.is_empty() {
        false => errors.join("; "),
        true => {
            said.lines().map(str::trim).rfind(|line| is_told(line)).unwrap_or("it said nothing").to_owned()
        }
    }
}

/// Which packages dpkg stopped at, and why, each after the last that its script said. It marks its errors by its name,
/// and goes on in lines that begin with a space.
fn errors_of_dpkg(said: &str) -> Vec<String> {
    let mut errors: Vec<String> = Vec::new();
    let mut before = "";
    let mut lines = said.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(error) = line.strip_prefix("dpkg: error").map(|it| it.trim_start_matches([':', ' '])) else {
            before = line.trim();
            continue;
        };
        let mut error = error.to_owned();
        while let Some(more) = lines.next_if(|it| it.starts_with(' ')) {
            error = format!("{error} {}", more.trim());
        }
        let scripts = is_told(before) && !before.starts_with("Setting up ");
        errors.push(if scripts { format!("{before}: {error}") } else { error });
        before = "";
    }
    errors
}

fn is_told(line: &str) -> bool {
    !line.is_empty() && !["E: ", "I: ", "W: "].iter().any(|mark| line.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_mounts_and_keeps_in_memory_is_gone_with_it() {
        let work = tempfile::tempdir().unwrap();
        let alone = |script| {
            in_memory(Program::new("sh", "dash").args(["-c", script]).started_by(ALONE), work.path()).unwrap()
        };
        if alone("exit").run().is_err() {
            eprintln!("skipped: it needs root, and the right to mount");
            return;
        }
        let script = "mkdir \"$TMPDIR/root\" && mount -t tmpfs memory \"$TMPDIR/root\" && kill -KILL $$";
        let output = alone(script).output().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&output.status), Some(9), "{output:?}");
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        assert!(!mounts.contains(work.path().to_str().unwrap()), "{mounts}");
        assert_eq!(std::fs::read_dir(work.path().join("scratch")).unwrap().count(), 0);
    }

    #[test]
    fn a_failure_of_apt_is_told_in_apts_words() {
        for (said, reason) in [
            (
                "I: running apt-get update...\nErr:2 http://a/debian nosuch Release\n  404  Not Found\nReading package lists...\n\
                 E: The repository 'http://a/debian nosuch Release' does not have a Release file.\n\
                 E: apt-get update --error-on=any -oAPT::Status-Fd=<$fd> -oDpkg::Use-Pty=false failed\n\
                 I: removing tempdir /tmp/x...\nE: mmdebstrap failed to run\n",
                "The repository 'http://a/debian nosuch Release' does not have a Release file.",
            ),
            (
                "Building dependency tree...\nE: Unable to locate package no-such-package\n\
                 E: setup failed: E: apt-get --yes install no-such-package failed\nE: mmdebstrap failed to run\n",
                "Unable to locate package no-such-package",
            ),
            (
                "I: running --customize-hook in shell\nchroot: no such program\nE: command failed: chroot x\n\
                 I: removing tempdir /tmp/x...\nE: mmdebstrap failed to run\n",
                "chroot: no such program",
            ),
            ("E: unable to find keyring\nE: mmdebstrap failed to run\n", "unable to find keyring"),
            ("E: mmdebstrap failed to run\n", "it said nothing"),
            (
                "Setting up initramfs-tools (0.142) ...\nupdate-initramfs: failed for /boot/initrd.img with 1.\n\
                 dpkg: error processing package initramfs-tools (--configure):\n \
                 installed initramfs-tools package post-installation script subprocess returned error exit status 1\n\
                 Setting up cron (3.0) ...\ndpkg: error processing package cron (--configure):\n \
                 dependency problems - leaving unconfigured\n\
                 Errors were encountered while processing:\n initramfs-tools\n cron\n\
                 E: Sub-process env returned an error code (1)\nE: setup failed: E: apt-get --yes install failed\n\
                 E: mmdebstrap failed to run\n",
                "update-initramfs: failed for /boot/initrd.img with 1.: processing package initramfs-tools (--configure): \
                 installed initramfs-tools package post-installation script subprocess returned error exit status 1; \
                 processing package cron (--configure): dependency problems - leaving unconfigured",
            ),
        ] {
            assert_eq!(reasons(said), reason);
        }
    }

    #[test]
    fn lists_past_their_date_count_only_where_they_may_and_the_sources_that_are_given_are_read() {
        for may_be_stale in [true, false] {
            let sources = Sources { text: String::new(), may_be_stale };
            let line = command(plain(), &sources, "bookworm", &["sudo".into()], &[], Path::new("root.tar"));
            let line = line.to_string();
            assert_eq!(line.contains("Check-Valid-Until"), may_be_stale, "{line}");
            assert!(line.ends_with(" bookworm root.tar -"), "{line}");
        }
    }
}
