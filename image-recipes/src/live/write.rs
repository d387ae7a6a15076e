//! The image onto the disk, in an order that a power cut can break at any place.
//!
//! 0. The first piece is brought and verified: a source that has nothing, or another image, costs nobody a disk.
//! 1. The first sector gets a mark of Landfall's own. From here on the disk is a half-written one, which boots nothing
//!    and which a later run begins anew without being told to wipe it.
//! 2. All pieces but the first, with zeros between them; then all of them are read back from the disk.
//! 3. The partition with the seed, and the copy of the partition table, at the end of the disk.
//! 4. The first piece, and last of all its first sector, which takes the place of the mark.

use super::gpt::{self, OWN_BYTES, SECTOR, Table};
use super::order::{SeedFiles, Task};
use super::target::Target;
use crate::error::{Error, Result};
use crate::payload::{PIECE, Piece};
use crate::seed::fat;

/// How a half-written disk begins.
const MARK: &[u8] = b"LANDFALL IS WRITING AN IMAGE TO THIS DISK\n";
/// Bytes after which the disk is asked to have written them, so that what is told is true.
const BETWEEN_SYNCS: u64 = 64 << 20;
/// Where programs that look for a RAID or a partition table look last.
const TAIL: u64 = 1 << 20;

/// Where pieces come from.
pub trait Source {
    /// The packed bytes of a piece that lies at `from` in the image's file.
    ///
    /// # Errors
    /// When they cannot be had.
    fn packed(&mut self, from: u64, piece: &Piece) -> Result<Vec<u8>>;

    /// What it is, in a sentence.
    fn name(&self) -> String;
}

/// What is being done, for whoever watches: the work, and how many bytes of how many are done.
pub type Watch<'a> = &'a mut dyn FnMut(&'static str, u64, u64);

/// Whether a disk was left half-written by Landfall.
///
/// # Errors
/// When it cannot be read.
pub fn is_half_written(target: &Target) -> Result<bool> {
    Ok(target.read(0, SECTOR)?.starts_with(MARK))
}

/// The id of the medium that wrote the disk whole.
///
/// # Errors
/// When it cannot be read.
pub fn written_by(target: &Target) -> Result<Option<String>> {
    let head = target.read(0, PIECE)?;
    // The mark goes last, when the table is there already.
    if head.starts_with(MARK) {
        return Ok(None);
    }
    Ok(Table::of(&head).ok().flatten().and_then(|table| table.written_by()))
}

/// Writes it.
///
/// # Errors
/// When a piece cannot be had or is another's, or the disk says no: it is a half-written one then, unless it was the
/// first piece.
pub fn write(target: &Target, task: &Task, source: &mut dyn Source, watch: Watch) -> Result<()> {
    let head = head(task, source)?;
    let mark = [MARK, task.order.id.as_bytes(), b"\n"].concat();
    let mut sector = vec![0; SECTOR as usize];
    sector[..mark.len()].copy_from_slice(&mark);
    target.write(0, &sector)?;
    target.sync()?;
    pieces(target, task, source, watch)?;
    read_back(target, task, watch)?;
    finish(target, task, head)
}

/// The first piece, which has the partition table.
fn head(task: &Task, source: &mut dyn Source) -> Result<Vec<u8>> {
    let first = task.manifest.placed().next().filter(|(_, piece)| piece.at == 0);
    let (from, piece) = first.ok_or_else(|| Error::refused("the image has no GPT"))?;
    let mut head = piece.unpacked(&source.packed(from, piece)?, &source.name())?;
    head.resize(PIECE as usize, 0);
    Ok(head)
}

/// All pieces but the first.
fn pieces(target: &Target, task: &Task, source: &mut dyn Source, watch: Watch) -> Result<()> {
    let (mut end, mut written, all) = (PIECE, 0, task.manifest.bytes());
    for (from, piece) in task.manifest.placed() {
        if piece.at != 0 {
            let bytes = piece.unpacked(&source.packed(from, piece)?, &source.name())?;
            target.zero(end, piece.at - end)?;
            target.write(piece.at, &bytes)?;
            end = piece.at + piece.bytes;
        }
        let before = written / BETWEEN_SYNCS;
        written += piece.bytes;
        if written / BETWEEN_SYNCS > before {
            target.sync()?;
        }
        watch("writing", written, all);
    }
    target.zero(end, task.manifest.size - end)?;
    let tail = target.bytes.saturating_sub(TAIL).max(task.manifest.size);
    target.zero(tail, target.bytes - tail)?;
    target.sync()
}

fn read_back(target: &Target, task: &Task, watch: Watch) -> Result<()> {
    let (mut read, all) = (0, task.manifest.bytes());
    for piece in &task.manifest.pieces {
        if piece.at != 0 && !piece.is(&target.read(piece.at, piece.bytes)?) {
            return Err(Error::failed(format!(
                "the disk does not have what was written to it at byte {}",
                piece.at
            ))
            .hint("it is broken; try another disk"));
        }
        read += piece.bytes;
        watch("checking", read, all);
    }
    Ok(())
}

/// The end of the disk, and then its beginning.
fn finish(target: &Target, task: &Task, mut head: Vec<u8>) -> Result<()> {
    let table = Table::of(&head)?.ok_or_else(|| Error::refused("the image has no GPT"))?;
    let (at, copy) = table.fit(&mut head, target.bytes, &task.order.id)?;
    let old = gpt::copy_of_image(task.manifest.size);
    target.zero(old.start, old.end - old.start)?;
    put(target, Table::own_place(target.bytes), &own_partition(&task.order.id, &task.seed)?)?;
    put(target, at, &copy)?;
    put(target, SECTOR, &head[SECTOR as usize..])?;
    put(target, 0, &head[..SECTOR as usize])
}

/// Writes, and looks whether it is there.
fn put(target: &Target, at: u64, bytes: &[u8]) -> Result<()> {
    target.write(at, bytes)?;
    target.sync()?;
    match target.read(at, bytes.len() as u64)? == bytes {
        true => Ok(()),
        false => Err(Error::failed(format!("the disk does not have what was written to it at byte {at}"))
            .hint("it is broken; try another disk")),
    }
}

/// The file by which GRUB on the medium finds a disk that was written by it.
#[must_use]
pub fn written_file(id: &str) -> String {
    format!("written-{id}")
}

/// The seed where a first boot finds it, and what tells the medium that its work is done.
///
/// # Errors
/// When the seed is too large for it.
pub fn own_partition(id: &str, seed: &SeedFiles) -> Result<Vec<u8>> {
    let label = if seed.is_empty() { "LANDFALLDSK" } else { "LANDFALL" };
    let written = written_file(id);
    let mut files: Vec<(&str, &[u8])> = vec![(&written, b"by landfall-image media\n")];
    files.extend(seed.iter().map(|(name, content)| (name.as_str(), content.as_slice())));
    let mut volume = fat::disk(label, &files)?;
    if volume.len() as u64 > OWN_BYTES {
        return Err(Error::refused("the seed is too large for the partition that it gets")
            .hint(format!("it and its signature have {} KiB together", OWN_BYTES >> 10)));
    }
    volume.resize(OWN_BYTES as usize, 0);
    Ok(volume)
}

#[cfg(test)]
mod tests;
