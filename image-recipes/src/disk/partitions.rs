//! Partition tables: GPT, and MBR with its logical partitions. Read with every length checked: an image may
//! come from anybody.

use super::Disk;
use crate::error::Result;

const SECTOR: u64 = 512;
/// Entries of a GPT; the format has 128, and readers of it take no more.
const MOST: usize = 128;
/// Links of a chain of logical partitions that are followed.
const LONGEST_CHAIN: usize = 64;

const ESP: &str = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its number, from 1.
    pub number: u32,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub size: u64,
    /// Its type: a GUID, or two hexadecimal figures.
    pub kind: String,
}

impl Partition {
    /// Whether it is where UEFI looks for boot loaders.
    #[must_use]
    pub fn is_esp(&self) -> bool {
        self.kind == ESP || self.kind == "ef"
    }
}

/// The partitions of a disk, by number; none where there is no table.
///
/// # Errors
/// When the disk cannot be read.
pub fn partitions(disk: &Disk) -> Result<Vec<Partition>> {
    let start = disk.read(0, 2 * SECTOR as usize)?;
    if start.get(510..512) != Some(&[0x55, 0xaa]) {
        return Ok(Vec::new());
    }
    let size = disk.size()?;
    let found =
        if start.get(512..520) == Some(b"EFI PART") { gpt(disk, &start[512..])? } else { mbr(disk, &start)? };
    Ok(found.into_iter().filter(|it| it.size > 0 && it.offset > 0 && it.end() <= size).collect())
}

impl Partition {
    fn end(&self) -> u64 {
        self.offset.saturating_add(self.size)
    }

    fn of_sectors(number: u32, first: u64, count: u64, kind: String) -> Self {
        Self { number, offset: first.saturating_mul(SECTOR), size: count.saturating_mul(SECTOR), kind }
    }
}

fn gpt(disk: &Disk, header: &[u8]) -> Result<Vec<Partition>> {
    let (table, count, length) =
        (u64_at(header, 72), u32_at(header, 80) as usize, u32_at(header, 84) as usize);
    if !(128..=4096).contains(&length) {
        return Ok(Vec::new());
    }
    let entries = disk.read(table.saturating_mul(SECTOR), count.min(MOST) * length)?;
    let mut found = Vec::new();
    for (number, entry) in (1..).zip(entries.chunks_exact(length)) {
        let (first, last) = (u64_at(entry, 32), u64_at(entry, 40));
        if entry[..16] != [0; 16] && last >= first {
            found.push(Partition::of_sectors(number, first, (last - first).saturating_add(1), guid(entry)));
        }
    }
    Ok(found)
}

fn mbr(disk: &Disk, sector: &[u8]) -> Result<Vec<Partition>> {
    let mut found = Vec::new();
    for (number, (kind, first, count)) in (1..).zip(entries(sector)) {
        match kind {
            0 => {}
            0x05 | 0x0f | 0x85 => found.extend(logical(disk, first)?),
            kind => found.push(Partition::of_sectors(number, first, count, format!("{kind:02x}"))),
        }
    }
    found.sort_by_key(|it| it.number);
    Ok(found)
}

/// The chain of logical partitions, numbered from 5.
fn logical(disk: &Disk, extended: u64) -> Result<Vec<Partition>> {
    let mut found = Vec::new();
    let mut at = extended;
    for number in (5..).take(LONGEST_CHAIN) {
        let sector = disk.read(at.saturating_mul(SECTOR), SECTOR as usize)?;
        if sector.get(510..512) != Some(&[0x55, 0xaa]) {
            break;
        }
        let [(kind, first, count), (_, next, _), ..] = entries(&sector);
        if kind != 0 {
            found.push(Partition::of_sectors(number, at.saturating_add(first), count, format!("{kind:02x}")));
        }
        if next == 0 {
            break;
        }
        at = extended.saturating_add(next);
    }
    Ok(found)
}

/// The four entries of a boot record: type, first sector, number of sectors.
fn entries(sector: &[u8]) -> [(u8, u64, u64); 4] {
    [446, 462, 478, 494].map(|at| {
        let entry = sector.get(at..at + 16).unwrap_or(&[0; 16]);
        (entry[4], u64::from(u32_at(entry, 8)), u64::from(u32_at(entry, 12)))
    })
}

/// The little-endian number at this place; zero where the bytes end before.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|it| it.try_into().ok()).map_or(0, u32::from_le_bytes)
}

/// The same of twice the size.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|it| it.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// A GUID as people write it: its first three fields are little-endian on disk.
fn guid(entry: &[u8]) -> String {
    let b = &entry[..16];
    let part = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!(
        "{:08x}-{:04x}-{:04x}-{}-{}",
        u32_at(b, 0),
        u16::from_le_bytes([b[4], b[5]]),
        u16::from_le_bytes([b[6], b[7]]),
        part(&b[8..10]),
        part(&b[10..16])
    )
}
