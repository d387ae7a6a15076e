//! The base's files: made as an archive by `mmdebstrap`, unpacked, and written into a partition.
//!
//! Without root, `mmdebstrap` works in a user namespace, and `fakeroot` remembers whose the unpacked files are until
//! `mke2fs` reads them.

use std::path::{Path, PathBuf};

use super::layout::Root;
use super::packages::Contents;
use super::{Ids, Sources};
use super::{foreign, own_files};
use crate::error::{Result, While};
use crate::program::Program;

/// An unpacked base.
pub struct Tree {
    root: PathBuf,
    /// What `fakeroot` remembers; nothing where we are root.
    owners: Option<PathBuf>,
}

/// Documentation is left out, which a server has no reader for; what speeds up the making is taken out of the result
/// again, so that apt and dpkg behave as they do anywhere.
const OPTIONS: [&str; 8] = [
    "--variant=minbase",
    "--format=tar",
    "--aptopt=Acquire::Languages \"none\"",
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "--customize-hook=rm -f \"$1\"/etc/apt/apt.conf.d/99mmdebstrap \"$1\"/etc/dpkg/dpkg.cfg.d/99mmdebstrap",
];

/// For this run alone: the machine checks again, with what its mirror has by then.
const STALE_LISTS: &str = "--aptopt=Acquire::Check-Valid-Until \"false\"";

/// What of a machine's own the packages' scripts have made, GRUB's modules for whatever it boots by, and the links of
/// systemd's that no package brings.
const CUSTOMISE: &str = "rm -f \"$1\"/etc/ssh/ssh_host_*_key* \"$1\"/var/lib/dbus/machine-id && \
     : > \"$1\"/etc/machine-id && chmod 444 \"$1\"/etc/machine-id && \
     for from in \"$1\"/usr/lib/grub/*-pc \"$1\"/usr/lib/grub/*-efi; do \
     [ -e \"$from\"/normal.mod ] || continue; to=\"$1\"/boot/grub/${from##*/}; \
     mkdir -p \"$to\" && cp \"$from\"/*.mod \"$from\"/*.lst \"$to\"/ || exit 1; done && \
     chroot \"$1\" systemctl --quiet enable systemd-networkd.service systemd-resolved.service grow-root.service";

impl Tree {
    /// Makes one in `folder`.
    pub(super) fn make(folder: &Path, contents: &Contents, sources: &Sources, ids: &Ids) -> Result<Self> {
        let own = folder.join("own");
        own_files::write(&own, contents, &ids.root, &ids.esp())?;
        let (archive, root) = (folder.join("root.tar"), folder.join("root"));
        let mmdebstrap = mmdebstrap(contents, sources, &own, &archive)?.env("TMPDIR", scratch(folder));
        let output = mmdebstrap.output_with(sources.text.as_bytes())?;
        if !output.status.success() {
            return Err(mmdebstrap
                .failure_for(&output, &reasons(&String::from_utf8_lossy(&output.stderr)))
                .hint("packages come from this machine's apt sources, or others: --sources FILE"));
        }
        std::fs::create_dir(&root).while_doing(|| format!("making {}", root.display()))?;
        let owners = (!is_root()).then(|| folder.join("owners"));
        let tree = Self { root, owners };
        tree.owning("-s", "tar", "tar")
            .args([
                "--extract",
                "--numeric-owner",
                "--preserve-permissions",
                // Capabilities of files are among them.
                "--xattrs",
                "--xattrs-include=*",
                "--exclude=./dev/*",
                "--directory",
            ])
            .arg(&tree.root)
            .arg("--file")
            .arg(&archive)
            .run()?;
        std::fs::remove_file(&archive).while_doing(|| format!("removing {}", archive.display()))?;
        Ok(tree)
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes an ext4 of it in a partition.
    pub(super) fn write(&self, disk: &Path, partition: Root, uuid: &str) -> Result<()> {
        self.owning("-i", "mke2fs", "e2fsprogs")
            .args(["-q", "-F", "-t", "ext4", "-L", "root", "-U", uuid, "-d"])
            .arg(&self.root)
            .arg("-E")
            .arg(format!("offset={}", partition.offset))
            .arg(disk)
            .arg(format!("{}k", partition.bytes / 1024))
            .run()
            .map(drop)
    }

    /// A program that sees the files' owners.
    fn owning(&self, direction: &str, name: &'static str, package: &'static str) -> Program {
        match &self.owners {
            None => Program::new(name, package),
            Some(owners) => {
                Program::new("fakeroot", "fakeroot").arg(direction).arg(owners).arg("--").arg(name)
            }
        }
    }
}

/// The sources are its standard input, which it reads only where it is told so in place of a mirror.
fn mmdebstrap(contents: &Contents, sources: &Sources, own: &Path, archive: &Path) -> Result<Program> {
    let mmdebstrap = foreign::program(contents.architecture, "mmdebstrap", "mmdebstrap")?
        .args(OPTIONS)
        .arg(format!("--architectures={}", contents.architecture.debian()))
        .args(sources.may_be_stale.then_some(STALE_LISTS))
        .arg(format!("--include={}", contents.packages.join(",")))
        .arg("--customize-hook=rm -f \"$1\"/etc/resolv.conf")
        .arg(format!("--customize-hook=sync-in '{}' /", own.display()))
        .arg(format!("--customize-hook={CUSTOMISE}"))
        .arg(&contents.suite)
        .arg(archive)
        .arg("-");
    Ok(mmdebstrap)
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

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// A folder in memory, if there is room for unpacking there: it halves the time.
fn scratch(folder: &Path) -> PathBuf {
    const SHARED_MEMORY: &str = "/dev/shm";
    let space = nix::sys::statvfs::statvfs(SHARED_MEMORY).ok();
    let roomy = space.is_some_and(|it| it.blocks_available() * it.fragment_size() > 3 << 30);
    if roomy { SHARED_MEMORY.into() } else { folder.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{Architecture, FileSystem};

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

    fn command(may_be_stale: bool) -> String {
        let architecture = Architecture::X86_64;
        let (suite, packages) = ("bookworm".into(), vec!["sudo".into()]);
        let contents = Contents { suite, architecture, file_system: FileSystem::Ext4, packages };
        let sources = Sources { text: String::new(), may_be_stale };
        mmdebstrap(&contents, &sources, Path::new("own"), Path::new("root.tar")).unwrap().to_string()
    }

    #[test]
    fn the_sources_that_are_given_are_read() {
        assert!(command(false).ends_with(" bookworm root.tar -"), "{}", command(false));
    }

    #[test]
    fn lists_past_their_date_count_only_where_they_may() {
        for may_be_stale in [true, false] {
            let command = command(may_be_stale);
            assert_eq!(command.contains("Check-Valid-Until"), may_be_stale, "{command}");
            assert!(command.contains("rm -f \"$1\"/etc/apt/apt.conf.d/99mmdebstrap"), "not in the image");
        }
    }
}
