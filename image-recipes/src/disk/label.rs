//! What the file systems of a disk are called, as far as they are of the kinds that seeds are made of: FAT and ISO 9660.

use super::fat::FatTree;
use super::{Disk, Partition, partitions};
use crate::error::Result;

/// Where an ISO 9660 has its primary descriptor, and how long that is up to the end of the name.
const DESCRIPTOR: u64 = 32 * 1024;
const NAME: std::ops::Range<usize> = 40..72;

/// The names of the disk itself and of its partitions.
///
/// # Errors
/// When it cannot be read.
pub fn labels(disk: &Disk) -> Result<Vec<String>> {
    let whole = Partition { number: 0, offset: 0, size: disk.size()?, kind: String::new() };
    let mut labels = Vec::new();
    for place in std::iter::once(whole).chain(partitions(disk)?) {
        labels.extend(FatTree::open(&disk.path, place.offset, place.size).ok().and_then(|it| it.label()));
        labels.extend(of_iso(disk, place.offset)?);
    }
    Ok(labels)
}

fn of_iso(disk: &Disk, start: u64) -> Result<Option<String>> {
    let descriptor = disk.read(start.saturating_add(DESCRIPTOR), NAME.end)?;
    let name = descriptor.get(NAME).filter(|_| descriptor.starts_with(b"\x01CD001"));
    Ok(name.map(|name| String::from_utf8_lossy(name).trim_end().to_owned()))
}
