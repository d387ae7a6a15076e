//! Parts of files and devices, and the blotting out of files.
#![allow(clippy::disallowed_methods, reason = "this is the door")]

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::libc::{O_NOFOLLOW, O_NONBLOCK};

/// So many bytes from this place on, fewer where it ends. A drive with no medium in it would be waited for
/// without the flag.
pub(super) fn read_at(path: &Path, at: u64, length: usize) -> Result<Vec<u8>> {
    let mut file = OpenOptions::new().read(true).custom_flags(O_NONBLOCK | O_NOFOLLOW).open(path)?;
    file.seek(SeekFrom::Start(at))?;
    let mut content = Vec::with_capacity(length);
    file.take(length as u64).read_to_end(&mut content)?;
    Ok(content)
}

/// Zeros over all of it, where it lies: what keeps older blocks (snapshots, flash) keeps them.
pub(super) fn blot_out(path: &Path) -> Result<()> {
    let mut file = match OpenOptions::new().write(true).custom_flags(O_NOFOLLOW).open(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    let mut left = file.metadata()?.len();
    let zeros = [0; 4096];
    while left > 0 {
        let part = left.min(zeros.len() as u64);
        file.write_all(&zeros[..usize::try_from(part).unwrap_or(zeros.len())])?;
        left -= part;
    }
    File::sync_all(&file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_ends_where_the_file_does_and_what_is_blotted_out_keeps_its_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk");
        let content: Vec<u8> = (0..5000).map(|it| (it % 251) as u8).collect();
        std::fs::write(&path, &content).unwrap();
        assert_eq!(read_at(&path, 4000, 10).unwrap(), &content[4000..4010]);
        assert_eq!(read_at(&path, 4990, 100).unwrap(), &content[4990..]);
        assert!(read_at(&path, 9000, 1).unwrap().is_empty());
        blot_out(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), vec![0; 5000]);
        blot_out(&folder.path().join("gone")).unwrap();
    }
}
