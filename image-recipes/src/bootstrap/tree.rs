//! The base's files: made as an archive by `mmdebstrap`, unpacked, and written into a partition.
//!
//! Without root, `mmdebstrap` works in a user namespace, and `fakeroot` remembers whose the unpacked files are until
//! `mke2fs` reads them.

use std::path::{Path, PathBuf};

use super::layout::Root;
use super::packages::Contents;
use super::{Ids, Sources};
use super::{foreign, mmdebstrap, own_files};
use crate::error::{Result, While};
use crate::program::Program;

/// An unpacked base.
pub struct Tree {
    root: PathBuf,
    /// What `fakeroot` remembers; nothing where we are root.
    owners: Option<PathBuf>,
}

/// Whose words on copying stay, and what speeds up the making is taken out again, so that apt and dpkg behave as they do
/// anywhere.
const PARTICULAR: [&str; 3] = [
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "--customize-hook=rm -f \"$1\"/etc/apt/apt.conf.d/99mmdebstrap \"$1\"/etc/dpkg/dpkg.cfg.d/99mmdebstrap",
    "--customize-hook=rm -f \"$1\"/etc/resolv.conf",
];

/// What of a machine's own the packages' scripts have made, GRUB's modules for whatever it boots by, and the links of
/// systemd's that no package brings.
const CUSTOMISE: &str = "rm -f \"$1\"/etc/ssh/ssh_host_*_key* \"$1\"/var/lib/dbus/machine-id && \
     : > \"$1\"/etc/machine-id && \
     for from in \"$1\"/usr/lib/grub/*-pc \"$1\"/usr/lib/grub/*-efi; do \
     [ -e \"$from\"/normal.mod ] || continue; to=\"$1\"/boot/grub/${from##*/}; \
     mkdir -p \"$to\" && cp \"$from\"/*.mod \"$from\"/*.lst \"$to\"/ || exit 1; done && \
     chroot \"$1\" systemctl --quiet enable systemd-networkd.service systemd-resolved.service grow-root.service";

/// The initial RAM disk, and the links that a kernel's package made before there was one. With an emulated processor it
/// takes most of the time that a base takes.
const RAM_DISK: &str = "unset INITRD; for kernel in \"$1\"/boot/vmlinuz-*; do version=${kernel##*/vmlinuz-}; \
     chroot \"$1\" update-initramfs -c -k \"$version\" && \
     chroot \"$1\" linux-update-symlinks install \"$version\" \"/boot/vmlinuz-$version\" || exit 1; done";

impl Tree {
    /// Makes one in `folder`.
    pub(super) fn make(folder: &Path, contents: &Contents, sources: &Sources, ids: &Ids) -> Result<Self> {
        let own = folder.join("own");
        own_files::write(&own, contents, &ids.root, &ids.esp())?;
        let (archive, root) = (folder.join("root.tar"), folder.join("root"));
        let program = foreign::mmdebstrap(contents.architecture, folder)?;
        let particular = particular(contents, &own);
        let made =
            mmdebstrap::command(program, sources, &contents.suite, &contents.packages, &particular, &archive);
        mmdebstrap::run(&made, sources)?;
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

fn particular(contents: &Contents, own: &Path) -> Vec<String> {
    let mut all = vec![format!("--architectures={}", contents.architecture.debian())];
    all.extend(PARTICULAR.map(str::to_owned));
    all.push(format!("--customize-hook=sync-in '{}' /", own.display()));
    all.push(format!("--customize-hook={CUSTOMISE}"));
    all.push(format!("--customize-hook={RAM_DISK}"));
    all
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{Architecture, FileSystem};

    #[test]
    fn what_sped_up_the_making_is_not_in_the_image() {
        let (suite, packages) = ("bookworm".into(), Vec::new());
        let architecture = Architecture::X86_64;
        let contents = Contents { suite, architecture, file_system: FileSystem::Ext4, packages };
        let hooks = particular(&contents, Path::new("own")).join("\n");
        assert!(hooks.contains("rm -f \"$1\"/etc/apt/apt.conf.d/99mmdebstrap"), "{hooks}");
    }
}
