//! A root file system that no program fills without mounting it, written by a machine that may mount it.
//!
//! The machine is made of the base itself: an ext4 of it, its kernel and its initial RAM disk. So the program that makes
//! the file system is of the release that reads it later, GRUB among them, and owners, times, links and attributes are
//! kept by the kernel. No boot loader and no network are in it, and its first process is the script that writes.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::layout::Root;
use super::tree::Tree;
use crate::base::Store;
use crate::error::{Error, Result, While};
use crate::machine::{self, Accelerator, Bus, Disk, Format, Kernel, Spec, arguments, console, memory};
use crate::recipe::{Architecture, FileSystem};

/// In the machine's root, and in no other.
const SCRIPT: &str = ".write-root";

/// MiB.
const MEMORY: u32 = 1024;

/// Minutes it takes where it is emulated, seconds where it is not.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the script says last when all is well.
const WRITTEN: &str = "@written";

/// Makes `file_system` in a partition of `disk`, and copies the tree into it.
///
/// # Errors
/// When QEMU is not there, or the machine does not come to its end.
pub(super) fn by_a_machine(
    tree: &Tree,
    file_system: FileSystem,
    disk: &Path,
    partition: Root,
    uuid: &str,
) -> Result<()> {
    let folder = tempfile::tempdir().while_doing(|| "making a folder for a machine".into())?;
    let script = tree.root().join(SCRIPT);
    std::fs::write(&script, text(file_system, uuid))
        .and_then(|()| std::fs::set_permissions(&script, Permissions::from_mode(0o755)))
        .while_doing(|| format!("writing {}", script.display()))?;
    let source = disk.with_file_name("source.raw");
    super::empty(&source, partition.bytes)?;
    // An id of its own: mkfs.btrfs makes no file system beside another of the same.
    tree.write(&source, Root { offset: 0, bytes: partition.bytes }, "random")?;
    std::fs::remove_file(&script).while_doing(|| format!("removing {}", script.display()))?;

    let accelerator = Accelerator::here();
    let how = if accelerator == Accelerator::Tcg { ", emulated: this takes minutes" } else { "" };
    super::say(&format!("having a machine write it as {}{how}", file_system.word()));
    let _turn = memory::turn(&Store::of_user()?.beside("memory")?, MEMORY)?;
    let boot = tree.root().join("boot");
    let kernel = Kernel {
        file: newest(&boot, "vmlinuz-")?,
        initrd: Some(newest(&boot, "initrd.img-")?),
        command_line: format!("root=/dev/vda rootfstype=ext4 ro quiet panic=-1 console=ttyS0 init=/{SCRIPT}"),
    };
    let emulator = arguments::command(Architecture::X86_64);
    let mut machine = machine::start(&spec(kernel, &source, disk), emulator, folder.path())?;
    let mut watch = || console::demand_no_trouble(&console::of(folder.path()));
    machine.wait_until_off(accelerator.patience(PATIENCE), &mut watch)?;
    std::fs::remove_file(&source).while_doing(|| format!("removing {}", source.display()))?;
    let said = std::fs::read_to_string(folder.path().join("report")).unwrap_or_default();
    match said.lines().any(|line| line.trim() == WRITTEN) {
        true => Ok(()),
        false => Err(Error::failed("the machine that writes the root file system failed")
            .while_doing(format!("it said:\n{said}{}", console::tail(&console::of(folder.path()), 12)))),
    }
}

/// The third partition of the second disk; see [`super::layout`]. Its last line starts no program: while the kernel powers
/// off, it has no disk to read one from, and a first process that ends is a panic.
fn text(file_system: FileSystem, uuid: &str) -> String {
    let make = match file_system {
        FileSystem::Btrfs => format!("mkfs.btrfs -q -f -L root -U {uuid}"),
        FileSystem::Xfs => format!("mkfs.xfs -q -f -L root -m uuid={uuid}"),
        FileSystem::Ext4 => format!("mkfs.ext4 -q -F -L root -U {uuid}"),
    };
    let word = file_system.word();
    format!(
        "#!/bin/sh
exec >/dev/ttyS1 2>&1
{make} /dev/vdb3 &&
    mount -t {word} /dev/vdb3 /mnt &&
    cp -a -x /. /mnt &&
    rm /mnt/{SCRIPT} &&
    umount /mnt &&
    echo {WRITTEN}
sync
[ -e /proc/sysrq-trigger ] || mount -t proc proc /proc
echo o >/proc/sysrq-trigger
while :; do :; done
"
    )
}

fn spec(kernel: Kernel, source: &Path, disk: &Path) -> Spec {
    let attached = |file: &Path, read_only| Disk {
        file: file.to_owned(),
        format: Format::Raw,
        bus: Bus::Virtio,
        read_only,
    };
    Spec {
        kernel: Some(kernel),
        memory: MEMORY,
        disks: vec![attached(source, true), attached(disk, false)],
        report: true,
        ..Spec::new("landfall-bootstrap")
    }
}

/// The file whose name begins so, of the highest version where there are several.
fn newest(folder: &Path, begins: &str) -> Result<PathBuf> {
    let is_one =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(begins));
    let found = std::fs::read_dir(folder).while_doing(|| format!("reading {}", folder.display()))?;
    found
        .flatten()
        .map(|entry| entry.path())
        .filter(is_one)
        .max()
        .ok_or_else(|| Error::failed(format!("the base has no {begins}* in /boot")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_not_in_what_it_writes_and_ends_by_powering_off() {
        for file_system in [FileSystem::Xfs, FileSystem::Btrfs] {
            let text = text(file_system, "0b0e");
            assert!(
                text.contains(&format!("mkfs.{} ", file_system.word())) && text.contains("0b0e"),
                "{text}"
            );
            assert!(text.contains("rm /mnt/.write-root"), "{text}");
            assert!(text.ends_with("echo o >/proc/sysrq-trigger\nwhile :; do :; done\n"), "{text}");
        }
    }

    #[test]
    fn what_is_read_cannot_be_written_to() {
        let kernel = Kernel { file: "vmlinuz".into(), initrd: None, command_line: String::new() };
        let spec = spec(kernel, Path::new("source"), Path::new("disk"));
        let read_only: Vec<bool> = spec.disks.iter().map(|it| it.read_only).collect();
        assert_eq!(read_only, [true, false]);
    }
}
