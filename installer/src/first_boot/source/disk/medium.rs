//! A device that is read within bounds: so many bytes in all, whatever its file system says.

use std::cell::Cell;
use std::fmt;
use std::path::PathBuf;

use super::super::MOST;
use crate::host::Host;

/// Enough for a seed, its signature and a large root folder with its table of clusters.
const BUDGET: usize = 8 * MOST;

/// Why a medium is not read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken(pub(super) &'static str);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

pub(super) type Read<T> = std::result::Result<T, Broken>;

/// A device and how much of it may be read still.
pub(super) struct Medium<'a> {
    host: &'a dyn Host,
    path: PathBuf,
    left: Cell<usize>,
}

impl<'a> Medium<'a> {
    pub(super) fn new(host: &'a dyn Host, path: PathBuf) -> Self {
        Self { host, path, left: Cell::new(BUDGET) }
    }

    /// Exactly so many bytes from this place on.
    pub(super) fn read(&self, at: u64, length: usize) -> Read<Vec<u8>> {
        self.begin(at, length)?.ok_or(Broken("it ends in the middle of what it says it has"))
    }

    /// The same; `None` where it ends before that, or gives nothing.
    pub(super) fn begin(&self, at: u64, length: usize) -> Read<Option<Vec<u8>>> {
        let left = self
            .left
            .get()
            .checked_sub(length)
            .ok_or(Broken("more would have to be read than a seed is worth"))?;
        self.left.set(left);
        let content = self.host.read_at(&self.path, at, length).ok().flatten();
        Ok(content.filter(|content| content.len() == length))
    }
}

/// A number of two bytes, the lower one first, at this place of a piece that is long enough.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |it| u16::from_le_bytes([it[0], it[1]]))
}

/// One of four bytes.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}
