//! An image on its way to a disk: what of it is not zero, in pieces that are packed and verified each for itself.
//!
//! A piece is checked before a byte of it is unpacked, and once more when it is read back from the disk. So the file
//! with the pieces may lie anywhere, such as on a web server without TLS: what has to be trusted is the manifest alone.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result, While};

/// Bytes of a disk that become one piece. The first is written last, and has the partition table.
pub const PIECE: u64 = 1 << 20;

/// Packing is done once and unpacking on every machine; beyond this level it takes much longer for little.
const LEVEL: i32 = 9;
/// Pieces that are packed side by side.
const BATCH: usize = 32;

/// What an image is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    /// Of this form.
    pub version: u32,
    /// The name of the image's file.
    pub name: String,
    /// SHA-256 of that file.
    pub sha256: String,
    /// Bytes of the disk.
    pub size: u64,
    /// Bytes that a disk needs for it and for what Landfall adds.
    pub least_bytes: u64,
    /// Its pieces, in their order on the disk. What lies between them is zero.
    pub pieces: Vec<Piece>,
}

/// A part of the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Piece {
    /// Where it belongs on the disk.
    pub at: u64,
    /// Its bytes there.
    pub bytes: u64,
    /// SHA-256 of these.
    pub sha256: String,
    /// Its bytes packed; the pieces follow one another.
    pub packed: u64,
    /// SHA-256 of these.
    pub packed_sha256: String,
}

impl Manifest {
    /// Bytes that are written, zeros aside.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.pieces.iter().map(|it| it.bytes).sum()
    }

    /// Bytes of the packed pieces together.
    #[must_use]
    pub fn packed(&self) -> u64 {
        self.pieces.iter().map(|it| it.packed).sum()
    }

    /// Each piece, and where it begins in the file.
    pub fn placed(&self) -> impl Iterator<Item = (u64, &Piece)> {
        self.pieces.iter().scan(0, |from, piece| {
            let here = *from;
            *from += piece.packed;
            Some((here, piece))
        })
    }
}

impl Piece {
    /// The piece as it belongs on the disk.
    ///
    /// # Errors
    /// When these are not its bytes: `whence` says whose they are.
    pub fn unpacked(&self, packed: &[u8], whence: &str) -> Result<Vec<u8>> {
        self.verify_packed(packed, whence)?;
        let bytes = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        let piece = zstd::bulk::decompress(packed, bytes)
            .while_doing(|| format!("unpacking the piece for byte {}", self.at))?;
        match piece.len() == bytes {
            true => Ok(piece),
            false => Err(Error::bug(format!("the piece for byte {} has another length", self.at))),
        }
    }

    /// Checks the packed bytes.
    ///
    /// # Errors
    /// When they are others.
    pub fn verify_packed(&self, packed: &[u8], whence: &str) -> Result<()> {
        match hex::encode(Sha256::digest(packed)) == self.packed_sha256 {
            true => Ok(()),
            false => Err(Error::failed(format!(
                "the image is damaged: {whence} has other bytes for its place {} than were put there",
                self.at
            ))),
        }
    }

    /// Whether the disk's bytes are the piece's.
    #[must_use]
    pub fn is(&self, bytes: &[u8]) -> bool {
        hex::encode(Sha256::digest(bytes)) == self.sha256
    }
}

/// Packs a raw disk into a file.
///
/// # Errors
/// When one cannot be read or the other not be written.
pub fn pack(raw: &Path, name: &str, sha256: &str, packed: &Path) -> Result<Manifest> {
    let mut disk = File::open(raw).while_doing(|| format!("opening {}", raw.display()))?;
    let size = disk.seek(SeekFrom::End(0)).while_doing(|| format!("looking at {}", raw.display()))?;
    disk.rewind().while_doing(|| format!("reading {}", raw.display()))?;
    let file = File::create(packed).while_doing(|| format!("making {}", packed.display()))?;
    let mut file = BufWriter::new(file);
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < size {
        let mut batch = Vec::new();
        while at < size && batch.len() < BATCH {
            let mut bytes = vec![0; usize::try_from(PIECE.min(size - at)).unwrap_or_default()];
            disk.read_exact(&mut bytes).while_doing(|| format!("reading {}", raw.display()))?;
            let length = bytes.len() as u64;
            if !is_zero(&bytes) {
                batch.push((at, bytes));
            }
            at += length;
        }
        for (piece, bytes) in packed_side_by_side(&batch)? {
            file.write_all(&bytes).while_doing(|| format!("writing {}", packed.display()))?;
            pieces.push(piece);
        }
    }
    file.flush().while_doing(|| format!("writing {}", packed.display()))?;
    Ok(Manifest {
        version: 1,
        name: name.to_owned(),
        sha256: sha256.to_owned(),
        size,
        least_bytes: size,
        pieces,
    })
}

/// Whether nothing but zeros is in it.
#[must_use]
pub fn is_zero(bytes: &[u8]) -> bool {
    // Eight at a time: an image is mostly that.
    let (start, middle, end) = (bytes.len() / 8 * 8, bytes.chunks_exact(8), bytes.len());
    middle.into_iter().all(|it| it == [0; 8]) && bytes[start..end].iter().all(|it| *it == 0)
}

fn packed_side_by_side(batch: &[(u64, Vec<u8>)]) -> Result<Vec<(Piece, Vec<u8>)>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = batch.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let parts = batch.chunks(share);
        let running: Vec<_> = parts
            .map(|part| {
                scope.spawn(|| part.iter().map(|(at, bytes)| one(*at, bytes)).collect::<Result<Vec<_>>>())
            })
            .collect();
        let done = running.into_iter().map(|it| it.join().map_err(|_| Error::bug("packing broke off"))?);
        Ok(done.collect::<Result<Vec<_>>>()?.concat())
    })
}

fn one(at: u64, bytes: &[u8]) -> Result<(Piece, Vec<u8>)> {
    let packed = zstd::bulk::compress(bytes, LEVEL).while_doing(|| "packing".into())?;
    let piece = Piece {
        at,
        bytes: bytes.len() as u64,
        sha256: hex::encode(Sha256::digest(bytes)),
        packed: packed.len() as u64,
        packed_sha256: hex::encode(Sha256::digest(&packed)),
    };
    Ok((piece, packed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(folder: &Path) -> (Vec<u8>, Manifest, Vec<u8>) {
        let mut disk = vec![0; (5 * PIECE + 512) as usize];
        disk[7] = 7;
        disk[(3 * PIECE) as usize..].fill(9);
        let (raw, packed) = (folder.join("raw"), folder.join("packed"));
        std::fs::write(&raw, &disk).unwrap();
        let manifest = pack(&raw, "x.raw", "00", &packed).unwrap();
        (disk, manifest, std::fs::read(packed).unwrap())
    }

    #[test]
    fn what_is_packed_comes_out_and_zeros_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, manifest, file) = sample(folder.path());
        assert_eq!(manifest.pieces.iter().map(|it| it.at / PIECE).collect::<Vec<_>>(), [0, 3, 4, 5]);
        assert_eq!((manifest.size, manifest.packed()), (disk.len() as u64, file.len() as u64));
        let mut again = vec![0; disk.len()];
        for (from, piece) in manifest.placed() {
            let packed = &file[from as usize..][..piece.packed as usize];
            let bytes = piece.unpacked(packed, "the file").unwrap();
            assert!(piece.is(&bytes));
            again[piece.at as usize..][..bytes.len()].copy_from_slice(&bytes);
        }
        assert!(again == disk);
    }

    #[test]
    fn a_piece_with_one_other_byte_is_not_unpacked() {
        let folder = tempfile::tempdir().unwrap();
        let (_, manifest, mut file) = sample(folder.path());
        file[9] ^= 1;
        let piece = &manifest.pieces[0];
        let error = piece.unpacked(&file[..piece.packed as usize], "the stick").unwrap_err();
        assert!(error.what.contains("the stick has other bytes"), "{error}");
    }

    #[test]
    fn one_byte_at_an_odd_place_is_not_zero() {
        for (length, at) in [(9, 8), (16, 15), (1, 0)] {
            let mut bytes = vec![0; length];
            assert!(is_zero(&bytes));
            bytes[at] = 1;
            assert!(!is_zero(&bytes));
        }
    }
}
