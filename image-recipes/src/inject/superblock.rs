//! What ext4's superblock says of whether it may be written: clean, without a journal to play, with room.
//! <https://docs.kernel.org/filesystems/ext4/globals.html#super-block>

use super::tree::{Wanted, What};
use crate::disk::Disk;
use crate::error::{Error, Result};

const NEEDS_RECOVERY: u32 = 0x4;
const IS_CLEAN: u16 = 0x1;
const HAS_ERRORS: u16 = 0x2;

/// The fields that matter.
pub struct Superblock {
    block_size: u64,
    free_blocks: u64,
    free_inodes: u64,
    state: u16,
    incompatible: u32,
}

impl Superblock {
    /// Reads it.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn read(disk: &Disk, offset: u64) -> Result<Self> {
        let bytes = disk.read(offset + 1024, 1024)?;
        let u32_at =
            |at: usize| bytes.get(at..at + 4).and_then(|it| it.try_into().ok()).map_or(0, u32::from_le_bytes);
        let u16_at =
            |at: usize| bytes.get(at..at + 2).and_then(|it| it.try_into().ok()).map_or(0, u16::from_le_bytes);
        Ok(Self {
            block_size: 1024 << u32_at(0x18).min(6),
            free_blocks: u64::from(u32_at(0x0c)) | u64::from(u32_at(0x158)) << 32,
            free_inodes: u64::from(u32_at(0x10)),
            state: u16_at(0x3a),
            incompatible: u32_at(0x60),
        })
    }

    /// Refuses one that was not unmounted.
    ///
    /// # Errors
    /// That refusal.
    pub fn demand_clean(&self) -> Result<()> {
        let hint = "boot the image once and shut it down, or run e2fsck on its root";
        if self.incompatible & NEEDS_RECOVERY != 0 {
            return Err(
                Error::refused("the journal of the root file system has to be played first").hint(hint)
            );
        }
        if self.state & IS_CLEAN == 0 || self.state & HAS_ERRORS != 0 {
            return Err(Error::refused("the root file system was not unmounted, or has errors").hint(hint));
        }
        Ok(())
    }

    /// Refuses one that is too full.
    ///
    /// # Errors
    /// That refusal.
    pub fn demand_room(&self, wanted: &[Wanted]) -> Result<()> {
        // A block for each name, in case its folder grows, and one more for its attributes.
        let blocks: u64 = wanted.iter().map(|it| 2 + it.bytes().div_ceil(self.block_size)).sum();
        let inodes = wanted.iter().filter(|it| !matches!(it.what, What::Folder)).count() + wanted.len();
        if blocks > self.free_blocks || inodes as u64 > self.free_inodes {
            let (need, have) = (blocks * self.block_size, self.free_blocks * self.block_size);
            return Err(Error::refused(format!(
                "the root file system is too full: {need} bytes are needed, {have} are free"
            ))
            .hint("make the disk and its file system bigger first: qemu-img resize, then resize2fs"));
        }
        Ok(())
    }
}
