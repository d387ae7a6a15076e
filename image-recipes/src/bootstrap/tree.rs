//! The base's files: made as an archive by `mmdebstrap`, unpacked, and written into a partition.
//!
//! Without root, `mmdebstrap` works in a user namespace, and `fakeroot` remembers whose the unpacked files are until
//! `mke2fs` reads them.

use std::path::{Path, PathBuf};

use super::Ids;
use super::layout::Root;
use super::own_files;
use super::packages::Contents;
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
const OPTIONS: [&str; 10] = [
    "--quiet",
    "--variant=minbase",
    "--format=tar",
    "--aptopt=Acquire::Languages \"none\"",
    // A mirror's copy of a rolling release may be weeks old. Its signature is checked all the same.
    "--aptopt=Acquire::Check-Valid-Until \"false\"",
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "--customize-hook=rm -f \"$1\"/etc/apt/apt.conf.d/99mmdebstrap \"$1\"/etc/dpkg/dpkg.cfg.d/99mmdebstrap",
];

/// What of a machine's own the packages' scripts have made, and the links of systemd's that no package brings.
const CUSTOMISE: &str = "rm -f \"$1\"/etc/ssh/ssh_host_*_key* \"$1\"/var/lib/dbus/machine-id && \
     : > \"$1\"/etc/machine-id && chmod 444 \"$1\"/etc/machine-id && \
     mkdir -p \"$1\"/boot/grub/i386-pc \"$1\"/boot/grub/x86_64-efi && \
     cp \"$1\"/usr/lib/grub/i386-pc/*.mod \"$1\"/usr/lib/grub/i386-pc/*.lst \"$1\"/boot/grub/i386-pc/ && \
     cp \"$1\"/usr/lib/grub/x86_64-efi/*.mod \"$1\"/usr/lib/grub/x86_64-efi/*.lst \"$1\"/boot/grub/x86_64-efi/ && \
     chroot \"$1\" systemctl --quiet enable systemd-networkd.service systemd-resolved.service";

impl Tree {
    /// Makes one in `folder`.
    pub(super) fn make(folder: &Path, contents: &Contents, sources: &str, ids: &Ids) -> Result<Self> {
        let own = folder.join("own");
        own_files::write(&own, &ids.root, &ids.esp())?;
        let (archive, root) = (folder.join("root.tar"), folder.join("root"));
        let mmdebstrap = Program::new("mmdebstrap", "mmdebstrap")
            .args(OPTIONS)
            .arg(format!("--include={}", contents.packages.join(",")))
            .arg("--customize-hook=rm -f \"$1\"/etc/resolv.conf")
            .arg(format!("--customize-hook=sync-in '{}' /", own.display()))
            .arg(format!("--customize-hook={CUSTOMISE}"))
            .arg(&contents.suite)
            .arg(&archive)
            .env("TMPDIR", scratch(folder));
        let output = mmdebstrap.output_with(sources.as_bytes())?;
        if !output.status.success() {
            return Err(mmdebstrap.failure(&output));
        }
        std::fs::create_dir(&root).while_doing(|| format!("making {}", root.display()))?;
        let owners = (!is_root()).then(|| folder.join("owners"));
        let tree = Self { root, owners };
        tree.owning("-s", "tar", "tar")
            .args([
                "--extract",
                "--numeric-owner",
                "--preserve-permissions",
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

    /// Makes a file system of it in a partition.
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
