//! A disk image from outside: its partitions, and its root file system as a tree. Nothing is ever mounted, and
//! nothing is written: the kernel's file systems never see what is in an image.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::{Error, Result, While};
use crate::program::Program;

pub mod ext4;
pub mod fat;
mod label;
mod partitions;
mod root;
#[cfg(test)]
pub mod samples;
#[cfg(test)]
mod tests;

pub use label::labels;
pub use partitions::{Partition, partitions};
pub(crate) use partitions::{u32_at, u64_at};
pub use root::{ImageTree, Root, Seen, root, seen};

/// A disk as raw bytes: the image itself, or a copy that is gone with this value.
#[derive(Debug)]
pub struct Disk {
    /// The file with the raw bytes.
    pub path: PathBuf,
    /// What the image is, in the words of qemu-img.
    pub format: &'static str,
    _copy: Option<TempDir>,
}

/// Formats by what is at their start; a fixed vhd is a raw disk with something at its end.
const MAGIC: [(&[u8], &str); 4] =
    [(b"QFI\xfb", "qcow2"), (b"KDMV", "vmdk"), (b"vhdxfile", "vhdx"), (b"conectix", "vpc")];

impl Disk {
    /// Opens an image of any format that is exported here. One that is not raw is read through a sparse copy in
    /// `$TMPDIR`, or `/var/tmp`.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub fn open(image: &Path) -> Result<Self> {
        let format = format(image)?;
        if format == "raw" {
            return Ok(Self { path: image.to_owned(), format, _copy: None });
        }
        alone(image, format)?;
        let room = std::env::var_os("TMPDIR").map_or_else(|| PathBuf::from("/var/tmp"), PathBuf::from);
        let copy = TempDir::with_prefix_in("landfall-image-", &room)
            .while_doing(|| format!("making a folder in {}", room.display()))?;
        let path = copy.path().join("disk.raw");
        Program::qemu_img()
            .args(["convert", "-f", format, "-O", "raw"])
            .arg(image)
            .arg(&path)
            .run()
            .map_err(|e| e.while_doing(format!("reading {}", image.display())))?;
        Ok(Self { path, format, _copy: Some(copy) })
    }

    /// Bytes of the disk.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn size(&self) -> Result<u64> {
        Ok(std::fs::metadata(&self.path).while_doing(|| format!("looking at {}", self.path.display()))?.len())
    }

    /// Bytes of a place; fewer where the disk ends.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(&self, offset: u64, length: usize) -> Result<Vec<u8>> {
        if offset >= self.size()? {
            return Ok(Vec::new());
        }
        let mut bytes = Vec::with_capacity(length);
        let mut file = File::open(&self.path).while_doing(|| format!("opening {}", self.path.display()))?;
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.take(length as u64).read_to_end(&mut bytes))
            .while_doing(|| format!("reading {}", self.path.display()))?;
        Ok(bytes)
    }
}

/// Where an image really is, also by a link to it.
///
/// # Errors
/// When there is none.
pub fn resolved(image: &Path) -> Result<PathBuf> {
    std::fs::canonicalize(image)
        .map_err(|e| Error::refused(format!("{} cannot be read: {e}", image.display())))
}

/// Refuses an image that is made of other files too: it could name any file of this machine, and none of them has the
/// digest that was checked.
///
/// # Errors
/// Then, and when `qemu-img` cannot tell.
pub fn alone(image: &Path, format: &str) -> Result<()> {
    let said = Program::qemu_img().args(["info", "--output=json", "-f", format]).arg(image).run()?;
    let info: serde_json::Value =
        serde_json::from_str(&said).while_doing(|| "reading what qemu-img says".into())?;
    let other = [&info["backing-filename"], &info["format-specific"]["data"]["data-file"]];
    match other.iter().find_map(|it| it.as_str()) {
        Some(other) => Err(Error::refused(format!("{} needs another file: {other}", image.display()))
            .hint("make it one file first: qemu-img convert -O qcow2 IMAGE whole.qcow2")),
        None => Ok(()),
    }
}

/// What an image is, by its own bytes: its name is not believed.
///
/// # Errors
/// When it cannot be read.
pub fn format(image: &Path) -> Result<&'static str> {
    let named = |e: std::io::Error| Error::refused(format!("{} cannot be read: {e}", image.display()));
    let mut start = Vec::new();
    let file = File::open(image).map_err(named)?;
    if !file.metadata().map_err(named)?.is_file() {
        return Err(Error::refused(format!("{} is not a file", image.display())));
    }
    file.take(512).read_to_end(&mut start).map_err(named)?;
    if start.starts_with(b"# Disk DescriptorFile") {
        return Err(Error::refused(format!("{} is a vmdk of several files", image.display()))
            .hint("make it one file first: qemu-img convert -O qcow2 IMAGE whole.qcow2"));
    }
    if start.get(257..262) == Some(b"ustar") {
        return Err(Error::refused(format!("{} is a tar, such as an OVA, and no disk", image.display()))
            .hint("unpack it, and name the .vmdk that is in it"));
    }
    Ok(MAGIC.iter().find(|(magic, _)| start.starts_with(magic)).map_or("raw", |(_, format)| format))
}
