//! The disk's layout: a GPT with room for the BIOS's boot loader, the UEFI's partition, and the root last, so that it
//! can grow.
//!
//! `sfdisk` writes it into a plain file; nothing is mounted, and no device is made.

use std::path::Path;

use crate::error::{Error, Result};
use crate::program::Program;

/// Bytes of a sector.
pub const SECTOR: u64 = 512;
/// Where the BIOS's part begins, in sectors.
pub const BIOS: u64 = 2048;
const BIOS_SIZE: u64 = 2048;
/// Where the UEFI's partition begins.
pub const ESP: u64 = BIOS + BIOS_SIZE;
/// Its size in bytes.
pub const ESP_BYTES: u64 = 64 << 20;
const ROOT: u64 = ESP + ESP_BYTES / SECTOR;
/// The table's copy at the end.
const BACKUP: u64 = 2048;

/// Where the root lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root {
    /// Its first byte.
    pub offset: u64,
    /// Its bytes.
    pub bytes: u64,
}

/// Partitions an empty file of `bytes`.
///
/// # Errors
/// When it is too small, or `sfdisk` fails.
pub fn partition(disk: &Path, bytes: u64) -> Result<Root> {
    let end = (bytes / SECTOR).saturating_sub(BACKUP);
    let sectors = end.checked_sub(ROOT).filter(|sectors| sectors * SECTOR >= 512 << 20).ok_or_else(|| {
        Error::refused(format!("a disk of {} MiB is too small for a base", bytes >> 20))
            .hint("give it 2G or more: --size")
    })?;
    let table = format!(
        "label: gpt\n\
         start={BIOS}, size={BIOS_SIZE}, type=21686148-6449-6E6F-744E-656564454649, name=bios\n\
         start={ESP}, size={}, type=U, name=esp\n\
         start={ROOT}, size={sectors}, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, name=root\n",
        ESP_BYTES / SECTOR
    );
    let sfdisk = Program::new("sfdisk", "fdisk").arg("--quiet").arg("--no-reread").arg(disk);
    let output = sfdisk.output_with(table.as_bytes())?;
    if !output.status.success() {
        return Err(sfdisk.failure(&output));
    }
    Ok(Root { offset: ROOT * SECTOR, bytes: sectors * SECTOR })
}
