//! Files out of a zip archive, by their names; nothing else of it is unpacked.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use zip::ZipArchive;

pub(super) fn unpack(archive: &Path, members: &[(String, PathBuf)]) -> io::Result<()> {
    let mut archive = ZipArchive::new(File::open(archive)?)?;
    for (name, path) in members {
        let index = index_of(&archive, name)
            .ok_or_else(|| io::Error::other(format!("there is no {name} in it; AWS may have changed it")))?;
        let mut file = File::options().create_new(true).write(true).open(path)?;
        io::copy(&mut archive.by_index(index)?, &mut file)?;
        file.sync_all()?;
    }
    Ok(())
}

/// Archives that were made on Windows may have its own separators.
fn index_of(archive: &ZipArchive<File>, name: &str) -> Option<usize> {
    archive.index_for_name(name).or_else(|| archive.index_for_name(&name.replace('/', r"\")))
}
