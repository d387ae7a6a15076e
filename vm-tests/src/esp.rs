//! The EFI system partition of a machine's disk, changed before it boots.

use std::fs;
use std::path::Path;

use image_recipes::disk::fat::FatTree;
use image_recipes::disk::{Disk, partitions};
use landfall_contract::seal_list::Tree;

use crate::error::{Error, Result, While};
use crate::host_command;

/// What the beginning of a program for UEFI says to whoever starts it by DOS. Its signature covers it, and nothing
/// else cares for it.
const HARMLESS: &[u8] = b"This program cannot be run in DOS mode";

/// MiB of a disk that has its EFI system partition at its beginning.
const BEGINNING: u32 = 80;

/// Changes a byte of a program on the partition that makes no difference but to its signature. The disk is a qcow2.
pub fn break_signature(disk: &Path, program: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let beginning = folder.path().join("beginning.raw");
    let (from, to) = (format!("if={}", disk.display()), format!("of={}", beginning.display()));
    let count = format!("count={BEGINNING}");
    host_command::run("qemu-img", ["dd", "-f", "qcow2", "-O", "raw", "bs=1M", &count, &from, &to])?;
    let partitions =
        partitions(&Disk::open(&beginning).doing(|| "opening the disk")?).doing(|| "reading the table")?;
    let esp =
        partitions.iter().find(|it| it.is_esp()).ok_or_else(|| Error::new("there is no EFI partition"))?;
    let tree = FatTree::open(&beginning, esp.offset, esp.size).doing(|| "opening the EFI partition")?;
    let content = tree.read(program).doing(|| format!("reading {program}"))?;
    let first = content.get(..512).ok_or_else(|| Error::new(format!("{program} is too short")))?;
    let harmless = position(first, HARMLESS).ok_or_else(|| Error::new(format!("{program} is no program")))?;
    let bytes = fs::read(&beginning)?;
    // Its first cluster is where its first bytes are.
    let begins = position(&bytes, first).ok_or_else(|| Error::new(format!("{program} was not found")))?;
    let write = format!("write -P {} {} 1", b'X', begins + harmless);
    host_command::run("qemu-io", ["-f", "qcow2", "-c", &write, &disk.display().to_string()]).map(drop)
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
