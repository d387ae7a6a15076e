//! Whether a disk is free: empty, or left half-written by Landfall. Anything else is somebody's.
//!
//! Empty is a disk without any signature that `wipefs` knows (partition tables, file systems, RAID, LVM, encryption)
//! and with nothing but zeros in its first and last MiB.

use std::path::Path;

use super::target::Target;
use super::write;
use crate::error::Result;
use crate::payload::is_zero;
use crate::program::Program;

const EDGE: u64 = 1 << 20;

/// What is on a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occupancy {
    /// Nothing.
    Empty,
    /// What Landfall was writing when the power went.
    HalfWritten,
    /// What the medium with this id wrote.
    Written(String),
    /// Something else.
    Taken(String),
}

impl Occupancy {
    /// In a few words, for a person.
    #[must_use]
    pub fn described(&self) -> String {
        match self {
            Self::Empty => "empty".into(),
            Self::HalfWritten => "half-written by Landfall".into(),
            Self::Written(_) => "written by Landfall".into(),
            Self::Taken(what) => format!("not empty: {what}"),
        }
    }
}

/// Looks at a disk; nothing is written.
///
/// # Errors
/// When it cannot be read.
pub fn look(target: &Target, node: &Path) -> Result<Occupancy> {
    if write::is_half_written(target)? {
        return Ok(Occupancy::HalfWritten);
    }
    if let Some(id) = write::written_by(target)? {
        return Ok(Occupancy::Written(id));
    }
    let wipefs = Program::new("wipefs", "util-linux").args(["--no-act", "--noheadings", "--output", "TYPE"]);
    let said = wipefs.arg(node).run()?;
    let mut found: Vec<&str> = said.split_whitespace().collect();
    found.dedup();
    if !found.is_empty() {
        return Ok(Occupancy::Taken(found.join(", ")));
    }
    let edges = [target.read(0, EDGE)?, target.read(target.bytes.saturating_sub(EDGE), EDGE)?];
    match edges.iter().all(|edge| is_zero(edge)) {
        true => Ok(Occupancy::Empty),
        false => Ok(Occupancy::Taken("bytes of an unknown kind".into())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    const BYTES: u64 = 16 << 20;

    fn looked(change: impl FnOnce(&Path)) -> Occupancy {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk");
        std::fs::File::create(&path).unwrap().set_len(BYTES).unwrap();
        change(&path);
        look(&Target::open(&path, BYTES).unwrap(), &path).unwrap()
    }

    fn put(path: &Path, at: u64, bytes: &[u8]) {
        std::fs::File::options().write(true).open(path).unwrap().write_all_at(bytes, at).unwrap();
    }

    #[test]
    fn zeros_are_empty_and_a_single_byte_at_either_end_is_not() {
        assert_eq!(looked(|_| ()), Occupancy::Empty);
        for at in [0, EDGE - 1, BYTES - EDGE, BYTES - 1] {
            let taken = looked(|path| put(path, at, b"x"));
            assert_eq!(taken.described(), "not empty: bytes of an unknown kind", "{at}");
        }
    }

    #[test]
    fn tables_and_file_systems_are_told_by_their_names() {
        let ext4 = looked(|path| {
            Program::new("mke2fs", "e2fsprogs").args(["-q", "-F", "-t", "ext4"]).arg(path).run().unwrap();
        });
        assert_eq!(ext4, Occupancy::Taken("ext4".into()));
        let table = looked(|path| {
            let sfdisk = Program::new("sfdisk", "fdisk").args(["--quiet", "--no-reread"]).arg(path);
            assert!(sfdisk.output_with(b"label: gpt\n").unwrap().status.success());
        });
        assert!(table.described().contains("gpt"), "{table:?}");
        // A physical volume of LVM's begins in the second sector.
        let mut volume = vec![0; 512];
        volume[..32].copy_from_slice(b"LABELONE\x01\0\0\0\0\0\0\0\0\0\0\0\x20\0\0\0LVM2 001");
        let lvm = looked(|path| put(path, 512, &volume));
        assert!(matches!(lvm, Occupancy::Taken(_)), "{lvm:?}");
    }

    #[test]
    fn a_disk_with_landfalls_mark_is_half_written() {
        let mark = b"LANDFALL IS WRITING AN IMAGE TO THIS DISK\n";
        assert_eq!(looked(|path| put(path, 0, mark)), Occupancy::HalfWritten);
    }
}
