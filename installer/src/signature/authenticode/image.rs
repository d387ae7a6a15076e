//! A program for Windows, as far as its signature goes: where that is, and the sum of the rest.
//!
//! Microsoft's rules sum up the headers, then each section as the table of sections has it, then what follows. Where
//! sections lie without a gap, as every linker lays them, that is the file from end to end; a file with gaps has bytes that
//! nobody signed. So here it is always the file from end to end, and one with gaps does not count.

use std::ops::Range;

use super::message::Digest;
use super::no_count;
use crate::error::Result;

/// What the entry of a table of certificates begins with: its length, its revision, and its kind.
const ENTRY_HEADER: usize = 8;
const REVISION_2: u16 = 0x0200;
const PKCS_SIGNED_DATA: u16 = 0x0002;

/// Fields of the optional header, from its beginning on: the same place in both kinds, then one for each.
const CHECKSUM: usize = 64;
const COUNT_OF_DIRECTORIES: [(u16, usize); 2] = [(0x10b, 92), (0x20b, 108)];
/// Which of the directories is that of certificates, and the length of one.
const CERTIFICATES: usize = 4;
const DIRECTORY: usize = 8;

/// A program that is signed.
pub struct Image<'a> {
    bytes: &'a [u8],
    checksum: Range<usize>,
    directory: Range<usize>,
    table: usize,
    /// The signature, in DER.
    pub signature: &'a [u8],
}

impl<'a> Image<'a> {
    /// Finds the signature.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let header = optional_header(bytes).ok_or_else(|| no_count("the file is no program for Windows"))?;
        let checksum = header + CHECKSUM..header + CHECKSUM + 4;
        let directory = directory(bytes, header).ok_or_else(|| no_count("the file is not signed"))?;
        let table = number(bytes, directory.start).zip(number(bytes, directory.start + 4));
        let (table, length) = match table {
            Some((0, _) | (_, 0)) | None => return Err(no_count("the file is not signed")),
            Some(found) => found,
        };
        match table.checked_add(length) {
            Some(end) if end > bytes.len() => return Err(no_count("the file ends within its signature")),
            Some(end) if end == bytes.len() && table >= directory.end && table % 8 == 0 => {}
            _ => return Err(no_count("there is something behind its signature")),
        }
        Ok(Self { bytes, checksum, directory, table, signature: only_entry(&bytes[table..])? })
    }

    /// The sum over all but the signature and what changes with it.
    pub fn sum(&self, digest: Digest) -> Vec<u8> {
        let parts = [
            &self.bytes[..self.checksum.start],
            &self.bytes[self.checksum.end..self.directory.start],
            &self.bytes[self.directory.end..self.table],
        ];
        digest.sum(&parts)
    }
}

/// Where the optional header begins: behind the old header's hint, a mark and the header that is not optional.
fn optional_header(bytes: &[u8]) -> Option<usize> {
    let start = number(bytes, 0x3c)?;
    let is_program = bytes.starts_with(b"MZ") && bytes.get(start..)?.starts_with(b"PE\0\0");
    is_program.then_some(start.checked_add(24)?)
}

/// The directory's entry for the table of certificates, where it has so many entries.
fn directory(bytes: &[u8], header: usize) -> Option<Range<usize>> {
    let magic = u16::from_le_bytes(bytes.get(header..header + 2)?.try_into().ok()?);
    let (_, count) = COUNT_OF_DIRECTORIES.into_iter().find(|(kind, _)| *kind == magic)?;
    let start = header + count + 4 + CERTIFICATES * DIRECTORY;
    let is_there = number(bytes, header + count)? > CERTIFICATES && bytes.len() >= start + DIRECTORY;
    is_there.then_some(start..start + DIRECTORY)
}

/// The signature in a table of certificates that has one, and no byte that means nothing.
fn only_entry(table: &[u8]) -> Result<&[u8]> {
    let length = number(table, 0).unwrap_or(0);
    if length < ENTRY_HEADER || length > table.len() {
        return Err(no_count("the table of its signature is broken"));
    }
    if length.next_multiple_of(8) != table.len() {
        return Err(no_count("the file has more than one signature"));
    }
    let kind = |at: usize| u16::from_le_bytes([table[at], table[at + 1]]);
    if (kind(4), kind(6)) != (REVISION_2, PKCS_SIGNED_DATA) {
        return Err(no_count("it is of a kind that is not known"));
    }
    Ok(&table[ENTRY_HEADER..])
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(four.try_into().ok()?)).ok()
}
