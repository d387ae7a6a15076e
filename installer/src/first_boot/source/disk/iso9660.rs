//! The root of an ISO 9660 file system, with the names of Joliet and Rock Ridge, for reading alone.
//!
//! Only the root folder is read, so no folder that contains itself leads anywhere.

use super::Root;
use super::medium::{Broken, Medium, Read, u32_at};
use crate::first_boot::MOST;

const BLOCK: u64 = 2048;
const FIRST_DESCRIPTOR: u64 = 16;
/// There are three or four; no medium has this many.
const MOST_DESCRIPTORS: u64 = 32;
/// A record without its name.
const RECORD: usize = 33;
const FOLDER: u8 = 2;

/// An ISO 9660 file system's root.
pub(super) struct Iso<'a> {
    medium: &'a Medium<'a>,
    labels: Vec<String>,
    files: Vec<File>,
}

struct File {
    names: Vec<String>,
    at: u64,
    size: usize,
}

impl<'a> Iso<'a> {
    /// `None` where it has no such descriptor.
    pub(super) fn open(medium: &'a Medium<'a>) -> Read<Option<Self>> {
        let mut iso = Self { medium, labels: Vec::new(), files: Vec::new() };
        for number in FIRST_DESCRIPTOR..FIRST_DESCRIPTOR + MOST_DESCRIPTORS {
            let Some(block) = medium.begin(number * BLOCK, BLOCK as usize)? else { break };
            if block[1..6] != *b"CD001" {
                break;
            }
            match block[0] {
                1 => iso.volume(&block, &latin)?,
                2 if is_joliet(&block) => iso.volume(&block, &two_byte)?,
                255 => break,
                _ => {}
            }
        }
        Ok((!iso.labels.is_empty()).then_some(iso))
    }

    /// Takes the label and the root folder of a volume descriptor.
    fn volume(&mut self, block: &[u8], text: &dyn Fn(&[u8]) -> String) -> Read<()> {
        self.labels.push(text(&block[40..72]).trim_matches(['\0', ' ']).to_owned());
        let root = &block[156..156 + RECORD];
        let (at, size) = (u64::from(u32_at(root, 2)) * BLOCK, u32_at(root, 10) as usize);
        if size > MOST {
            return Err(Broken("its root folder is far too large"));
        }
        for block in self.medium.read(at, size)?.chunks(BLOCK as usize) {
            self.enter(block, text);
        }
        Ok(())
    }

    /// Takes the records of one block; none goes on in the next.
    fn enter(&mut self, block: &[u8], text: &dyn Fn(&[u8]) -> String) {
        let mut rest = block;
        while let Some(length) = rest.first().map(|it| usize::from(*it)).filter(|it| *it > RECORD) {
            let Some(record) = rest.get(..length) else { break };
            rest = &rest[length..];
            let end = RECORD + usize::from(record[32]);
            let Some(name) = record.get(RECORD..end) else { continue };
            if record[25] & FOLDER != 0 {
                continue;
            }
            // What the system itself has to say comes after the name, at an even place.
            let system = record.get(end + (end & 1)..).unwrap_or_default();
            let plain = text(name);
            let plain = plain.split(';').next().unwrap_or_default().trim_end_matches('.').to_owned();
            let names = rock_ridge(system).into_iter().chain([plain]).collect();
            let (at, size) = (u64::from(u32_at(record, 2)) * BLOCK, u32_at(record, 10) as usize);
            self.files.push(File { names, at, size });
        }
    }
}

impl Root for Iso<'_> {
    fn labels(&self) -> &[String] {
        &self.labels
    }

    fn file(&self, name: &str) -> Read<Option<Vec<u8>>> {
        let is_named = |file: &&File| file.names.iter().any(|it| it.eq_ignore_ascii_case(name));
        match self.files.iter().find(is_named) {
            None => Ok(None),
            Some(file) if file.size > MOST => Err(Broken("a file of it is far larger than a seed")),
            Some(file) => self.medium.read(file.at, file.size).map(Some),
        }
    }
}

/// The escape sequences of the three levels of two-byte letters.
fn is_joliet(block: &[u8]) -> bool {
    matches!(&block[88..91], b"%/@" | b"%/C" | b"%/E")
}

fn latin(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn two_byte(bytes: &[u8]) -> String {
    let letters: Vec<u16> = bytes.chunks_exact(2).map(|it| u16::from_be_bytes([it[0], it[1]])).collect();
    String::from_utf16_lossy(&letters)
}

/// The name in `NM` entries. One that goes on elsewhere on the medium is longer than any of ours.
fn rock_ridge(system: &[u8]) -> Option<String> {
    let mut name = Vec::new();
    let mut rest = system;
    while let [first, second, length, ..] = *rest {
        let Some(entry) = rest.get(..usize::from(length)).filter(|entry| entry.len() > 3) else { break };
        if [first, second] == *b"NM" {
            name.extend(entry.get(5..).unwrap_or_default());
        }
        rest = &rest[usize::from(length)..];
    }
    if name.is_empty() { None } else { String::from_utf8(name).ok() }
}
