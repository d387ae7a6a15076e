//! The root of a FAT file system (12, 16, 32), for reading alone.
//!
//! A reader of our own, because those that there are also write, follow a chain of clusters that leads back into
//! itself for ever, and trust the sizes that a medium states.

use super::Root;
use super::medium::{Broken, Medium, Read, u16_at, u32_at};
use crate::first_boot::MOST;

const ENTRY: usize = 32;
const LONG_NAME: u8 = 0x0f;
const VOLUME: u8 = 0x08;
const FOLDER: u8 = 0x10;

/// How long a number of the table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Twelve,
    Sixteen,
    ThirtyTwo,
}

/// A FAT file system's root.
pub(super) struct Fat<'a> {
    medium: &'a Medium<'a>,
    width: Width,
    cluster: usize,
    clusters: u32,
    table: u64,
    data: u64,
    labels: Vec<String>,
    files: Vec<File>,
}

struct File {
    name: String,
    first: u32,
    size: usize,
}

impl<'a> Fat<'a> {
    /// `None` where the first sector is not one of FAT's.
    pub(super) fn open(medium: &'a Medium<'a>) -> Read<Option<Self>> {
        let Some(boot) = medium.begin(0, 512)? else { return Ok(None) };
        let sector = u64::from(u16_at(&boot, 11));
        let per_cluster = u64::from(boot[13]);
        let (reserved, tables) = (u64::from(u16_at(&boot, 14)), u64::from(boot[16]));
        let is_fat = boot[510..] == [0x55, 0xaa]
            && matches!(sector, 512 | 1024 | 2048 | 4096)
            && per_cluster.is_power_of_two()
            && reserved > 0
            && matches!(tables, 1 | 2);
        if !is_fat {
            return Ok(None);
        }
        let short_or_long =
            |short: u16, long: u32| if short == 0 { u64::from(long) } else { u64::from(short) };
        let sectors = short_or_long(u16_at(&boot, 19), u32_at(&boot, 32));
        let of_table = short_or_long(u16_at(&boot, 22), u32_at(&boot, 36));
        let root_entries = usize::from(u16_at(&boot, 17));
        let root_sectors = ((root_entries * ENTRY) as u64).div_ceil(sector);
        let root = reserved + tables * of_table;
        let data = root + root_sectors;
        let clusters = sectors.saturating_sub(data) / per_cluster;
        let width = match clusters {
            _ if u16_at(&boot, 22) == 0 => Width::ThirtyTwo,
            0..4085 => Width::Twelve,
            _ => Width::Sixteen,
        };
        let label = if width == Width::ThirtyTwo { &boot[71..82] } else { &boot[43..54] };
        let mut fat = Self {
            medium,
            width,
            cluster: usize::try_from(sector * per_cluster)
                .map_err(|_| Broken("its clusters are too large"))?,
            clusters: u32::try_from(clusters).map_err(|_| Broken("it has too many clusters"))?,
            table: reserved * sector,
            data: data * sector,
            labels: vec![String::from_utf8_lossy(label).trim().to_owned()],
            files: Vec::new(),
        };
        let entries = match width {
            Width::ThirtyTwo => fat.content(u32_at(&boot, 44), MOST, true)?,
            _ => medium.read(root * sector, root_entries * ENTRY)?,
        };
        fat.enter(&entries);
        Ok(Some(fat))
    }

    /// Takes what the root folder lists.
    fn enter(&mut self, entries: &[u8]) {
        let mut long = LongName::default();
        for entry in entries.chunks_exact(ENTRY).take_while(|entry| entry[0] != 0) {
            let kind = entry[11];
            if entry[0] == 0xe5 {
                long = LongName::default();
            } else if kind & 0x3f == LONG_NAME {
                long.part(entry);
            } else if kind & VOLUME != 0 {
                self.labels.push(String::from_utf8_lossy(&entry[..11]).trim().to_owned());
                long = LongName::default();
            } else {
                let name = std::mem::take(&mut long).of(entry).unwrap_or_else(|| short_name(entry));
                let high =
                    if self.width == Width::ThirtyTwo { u32::from(u16_at(entry, 20)) << 16 } else { 0 };
                let size = usize::try_from(u32_at(entry, 28)).unwrap_or(usize::MAX);
                if kind & FOLDER == 0 {
                    self.files.push(File { name, first: high | u32::from(u16_at(entry, 26)), size });
                }
            }
        }
    }

    /// What a chain of clusters has in it, so many bytes at most; a folder has no size of its own.
    fn content(&self, first: u32, size: usize, folder: bool) -> Read<Vec<u8>> {
        let mut content = Vec::new();
        let mut cluster = first;
        while content.len() < size {
            if cluster < 2 || cluster - 2 >= self.clusters {
                return Err(Broken("a chain of clusters leads out of it"));
            }
            let at = self.data + u64::from(cluster - 2) * self.cluster as u64;
            content.extend(self.medium.read(at, self.cluster)?);
            match self.next(cluster)? {
                Some(next) => cluster = next,
                None => break,
            }
        }
        if !folder && content.len() < size {
            return Err(Broken("a file is shorter than it says"));
        }
        content.truncate(size);
        Ok(content)
    }

    /// The number after this one in the table; `None` at the end of a chain.
    fn next(&self, cluster: u32) -> Read<Option<u32>> {
        let at = |place: u64, length| self.medium.read(self.table + place, length);
        let number = u64::from(cluster);
        let (next, end) = match self.width {
            Width::Twelve => {
                let pair = u32::from(u16_at(&at(number + number / 2, 2)?, 0));
                (if cluster % 2 == 1 { pair >> 4 } else { pair & 0xfff }, 0xff8)
            }
            Width::Sixteen => (u32::from(u16_at(&at(number * 2, 2)?, 0)), 0xfff8),
            Width::ThirtyTwo => (u32_at(&at(number * 4, 4)?, 0) & 0x0fff_ffff, 0x0fff_fff8),
        };
        Ok((next < end).then_some(next))
    }
}

impl Root for Fat<'_> {
    fn labels(&self) -> &[String] {
        &self.labels
    }

    fn file(&self, name: &str) -> Read<Option<Vec<u8>>> {
        let Some(file) = self.files.iter().find(|file| file.name.eq_ignore_ascii_case(name)) else {
            return Ok(None);
        };
        match file.size {
            0 => Ok(Some(Vec::new())),
            size if size > MOST => Err(Broken("a file of it is far larger than a seed")),
            size => self.content(file.first, size, false).map(Some),
        }
    }
}

fn short_name(entry: &[u8]) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    match text(&entry[8..11]) {
        ending if ending.is_empty() => text(&entry[..8]),
        ending => format!("{}.{ending}", text(&entry[..8])),
    }
}

/// A long name, whose pieces come before the entry it is for, the last piece first.
#[derive(Default)]
struct LongName {
    pieces: Vec<[u16; 13]>,
    checksum: u8,
    awaits: u8,
}

impl LongName {
    fn part(&mut self, entry: &[u8]) {
        let order = entry[0] & 0x3f;
        if entry[0] & 0x40 != 0 {
            *self = Self { pieces: Vec::new(), checksum: entry[13], awaits: order };
        }
        if order == 0 || order > 20 || order != self.awaits || entry[13] != self.checksum {
            *self = Self::default();
            return;
        }
        let places = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
        self.pieces.push(places.map(|at| u16_at(entry, at)));
        self.awaits = order - 1;
    }

    /// The name, where it is whole and for this entry.
    fn of(self, entry: &[u8]) -> Option<String> {
        let sum = entry[..11].iter().fold(0_u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
        if self.pieces.is_empty() || self.awaits != 0 || sum != self.checksum {
            return None;
        }
        let letters: Vec<u16> =
            self.pieces.iter().rev().flatten().copied().take_while(|it| !matches!(it, 0 | 0xffff)).collect();
        String::from_utf16(&letters).ok()
    }
}
