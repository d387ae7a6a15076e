//! A disk's GPT, made to fit: the image's table knows nothing of a larger disk, nor of the partition for the seed.
//!
//! The table lies in the disk's first MiB, which is held in memory until all else is written, and its copy at the end.
//! Every length in it is checked: an image may come from anybody.

use crate::disk::{u32_at, u64_at};
use crate::error::{Error, Result};

/// Bytes of a sector.
pub const SECTOR: u64 = 512;
/// Bytes of the partition for the seed.
pub const OWN_BYTES: u64 = 512 << 10;

/// What a partition of ours is called, before the id of the medium that made it.
const NAME: &str = "landfall-";
/// Microsoft's basic data, which is what everybody takes a FAT for.
const BASIC_DATA: [u8; 16] =
    [0xa2, 0xa0, 0xd0, 0xeb, 0xe5, 0xb9, 0x33, 0x44, 0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26, 0x99, 0xc7];
const ESP: [u8; 16] =
    [0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b];

const ENTRY: usize = 128;
const HEADER: usize = SECTOR as usize;
/// Sectors of the copy at the end: 128 entries, and the header behind them.
const COPY: u64 = 33;
const ENTRIES: usize = 128;
/// Far beyond any disk, and far from where sums would not fit.
const MOST_SECTORS: u64 = 1 << 50;

/// A table, in the first bytes of a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    header: Vec<u8>,
    entries: Vec<u8>,
}

/// Where the copy of a table belongs, and its bytes.
pub type Copy = (u64, Vec<u8>);

impl Table {
    /// The table in a disk's first bytes; none where there is no GPT.
    ///
    /// # Errors
    /// When there is one that is broken, or of another form than everybody writes.
    pub fn of(head: &[u8]) -> Result<Option<Self>> {
        let Some(header) = head.get(HEADER..2 * HEADER).filter(|it| it.starts_with(b"EFI PART")) else {
            return Ok(None);
        };
        let broken = |why: &str| Error::refused(format!("the partition table is broken: {why}"));
        let mut own = header[..92].to_vec();
        own[16..20].fill(0);
        if u32_at(header, 12) != 92 || crc32fast::hash(&own) != u32_at(header, 16) {
            return Err(broken("its header is not what its sum says"));
        }
        if u64_at(header, 72) != 2 || u32_at(header, 80) != 128 || u32_at(header, 84) != 128 {
            return Err(broken("it has another form than 128 entries behind the header"));
        }
        let entries =
            head.get(2 * HEADER..2 * HEADER + ENTRIES * ENTRY).ok_or_else(|| broken("it ends early"))?;
        if crc32fast::hash(entries) != u32_at(header, 88) {
            return Err(broken("its entries are not what their sum says"));
        }
        let (table, last) = (Self { header: header.to_vec(), entries: entries.to_vec() }, u64_at(header, 48));
        let fits = |entry: &[u8]| u64_at(entry, 32) <= u64_at(entry, 40) && u64_at(entry, 40) <= last;
        if last > MOST_SECTORS || !table.used().all(|(_, entry)| fits(entry)) {
            return Err(broken("it has a partition that ends beyond the disk"));
        }
        Ok(Some(table))
    }

    /// The id of the medium that wrote this disk whole.
    #[must_use]
    pub fn written_by(&self) -> Option<String> {
        self.used().find_map(|(_, entry)| name(entry).strip_prefix(NAME).map(str::to_owned))
    }

    /// The number of the partition that UEFI boots from.
    #[must_use]
    pub fn esp(&self) -> Option<usize> {
        self.used().find(|(_, entry)| entry[..16] == ESP).map(|(index, _)| index + 1)
    }

    /// Whether there is an entry to spare.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.free().is_some()
    }

    /// Bytes up to the end of the last partition.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.used().map(|(_, entry)| u64_at(entry, 40) + 1).max().unwrap_or(34) * SECTOR
    }

    /// Bytes that a disk needs to have for the partitions, one more of ours, and the copy of the table.
    #[must_use]
    pub fn least_bytes(&self) -> u64 {
        ((self.end() / SECTOR).next_multiple_of(8) + OWN_BYTES / SECTOR + 8 + COPY) * SECTOR
    }

    /// Where the partition of ours begins on a disk of `bytes`: at its end, so that another can grow up to it.
    #[must_use]
    pub fn own_place(bytes: u64) -> u64 {
        (bytes / SECTOR - COPY - OWN_BYTES / SECTOR) / 8 * 8 * SECTOR
    }

    /// Fits the table to a disk of `bytes`, with the partition of the medium `id`, into the disk's first bytes; gives
    /// back the copy for its end.
    ///
    /// # Errors
    /// When the disk is too small, or the table is full.
    pub fn fit(mut self, head: &mut [u8], bytes: u64, id: &str) -> Result<Copy> {
        if bytes < self.least_bytes() {
            return Err(Error::bug("a table is fitted to a disk that is too small for it"));
        }
        let free = self.free().ok_or_else(|| Error::refused("the image's partition table is full"))?;
        let first = Self::own_place(bytes) / SECTOR;
        let entry = &mut self.entries[free * ENTRY..(free + 1) * ENTRY];
        entry[..16].copy_from_slice(&BASIC_DATA);
        // Anything that no other partition has.
        entry[16..32].copy_from_slice(&format!("{id:0<16}").as_bytes()[..16]);
        entry[32..40].copy_from_slice(&first.to_le_bytes());
        entry[40..48].copy_from_slice(&(first + OWN_BYTES / SECTOR - 1).to_le_bytes());
        for (place, unit) in entry[56..].chunks_exact_mut(2).zip(format!("{NAME}{id}").encode_utf16()) {
            place.copy_from_slice(&unit.to_le_bytes());
        }
        let last = bytes / SECTOR - 1;
        self.header[48..56].copy_from_slice(&(last - COPY).to_le_bytes());
        self.header[88..92].copy_from_slice(&crc32fast::hash(&self.entries).to_le_bytes());
        head[2 * HEADER..2 * HEADER + self.entries.len()].copy_from_slice(&self.entries);
        head[HEADER..2 * HEADER].copy_from_slice(&self.header_at(1, last, 2));
        protect(head, last);
        let copy = [self.entries.clone(), self.header_at(last, 1, last - COPY + 1)].concat();
        Ok(((last - COPY + 1) * SECTOR, copy))
    }

    fn header_at(&self, own: u64, other: u64, entries: u64) -> Vec<u8> {
        let mut header = self.header.clone();
        header[24..32].copy_from_slice(&own.to_le_bytes());
        header[32..40].copy_from_slice(&other.to_le_bytes());
        header[72..80].copy_from_slice(&entries.to_le_bytes());
        header[16..20].fill(0);
        let sum = crc32fast::hash(&header[..92]);
        header[16..20].copy_from_slice(&sum.to_le_bytes());
        header
    }

    fn used(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.entries.chunks_exact(ENTRY).enumerate().filter(|(_, entry)| entry[..16] != [0; 16])
    }

    fn free(&self) -> Option<usize> {
        self.entries.chunks_exact(ENTRY).position(|entry| entry[..16] == [0; 16])
    }
}

/// The copy of a table that an image of `bytes` has at its own end.
#[must_use]
pub fn copy_of_image(bytes: u64) -> std::ops::Range<u64> {
    bytes.saturating_sub(COPY * SECTOR)..bytes
}

/// Tells programs that know no GPT that the whole disk is taken.
fn protect(head: &mut [u8], last: u64) {
    for entry in [446, 462, 478, 494] {
        if head[entry + 4] == 0xee {
            let sectors = u32::try_from(last).unwrap_or(u32::MAX);
            head[entry + 12..entry + 16].copy_from_slice(&sectors.to_le_bytes());
        }
    }
}

fn name(entry: &[u8]) -> String {
    let units = entry[56..].chunks_exact(2).map(|it| u16::from_le_bytes([it[0], it[1]]));
    String::from_utf16_lossy(&units.take_while(|it| *it != 0).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::live::samples::{IMAGE_BYTES, image};
    use crate::program::Program;

    #[test]
    fn sfdisk_finds_nothing_to_complain_about_on_a_larger_disk() {
        let folder = tempfile::tempdir().unwrap();
        for more in [0, 512, 4096 + 512, 7 << 20] {
            let bytes = IMAGE_BYTES + more;
            let mut disk = image(folder.path());
            disk.truncate(1 << 20);
            let table = Table::of(&disk).unwrap().unwrap();
            assert!(table.has_room() && table.least_bytes() <= bytes && table.written_by().is_none());
            assert_eq!(table.esp(), Some(1));
            let (at, copy) = table.fit(&mut disk, bytes, "0123456789abcdef").unwrap();
            assert_eq!(at + copy.len() as u64, bytes);
            assert_eq!(Table::of(&disk).unwrap().unwrap().written_by().as_deref(), Some("0123456789abcdef"));
            let path = folder.path().join("larger");
            let file = std::fs::File::create(&path).unwrap();
            file.set_len(bytes).unwrap();
            file.write_all_at(&disk, 0).unwrap();
            file.write_all_at(&copy, at).unwrap();
            let said = Program::new("sfdisk", "fdisk").arg("--verify").arg(&path).run().unwrap();
            assert!(said.contains("No errors detected"), "{said}");
            let dump = Program::new("sfdisk", "fdisk").arg("--dump").arg(&path).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&dump.stderr), "", "with {more} bytes more");
            let dump = String::from_utf8_lossy(&dump.stdout).into_owned();
            let start = Table::own_place(bytes) / SECTOR;
            assert!(dump.contains(&format!("start={start:>12}, size={:>12}", OWN_BYTES / SECTOR)), "{dump}");
            assert!(dump.contains("name=\"landfall-0123456789abcdef\""), "{dump}");
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_table_with_one_other_bit_is_broken_and_none_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let disk = image(folder.path());
        for at in [520, 600, 1024 + 32] {
            let mut broken = disk.clone();
            broken[at] ^= 1;
            assert!(Table::of(&broken).is_err(), "{at}");
        }
        assert_eq!(Table::of(&vec![0; 1 << 20]).unwrap(), None);
        assert!(Table::of(&disk[..4096]).is_err());
    }
}
