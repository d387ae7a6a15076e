//! A folder of RPM packages made into a signed repository: createrepo_c's metadata, and a signature over it.
//!
//! ```text
//! OUT/*.rpm
//! OUT/repodata/{repomd.xml,repomd.xml.asc,repomd.xml.key,...}
//! ```

use crate::rpm::finish;
use crate::{Result, TestKey};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Describes the packages that are there now, in place of any earlier description, and signs that.
pub fn index(folder: &Path, key: &TestKey) -> Result<()> {
    let metadata = folder.join("repodata");
    if metadata.exists() {
        fs::remove_dir_all(&metadata)?;
    }
    let mut createrepo = Command::new("createrepo_c");
    // What every package manager since CentOS 7's can read.
    createrepo.args(["--quiet", "--no-database", "--general-compress-type", "gz", "--workers", "2"]);
    finish(createrepo.arg(folder))?;
    let description = fs::read(metadata.join("repomd.xml"))?;
    fs::write(metadata.join("repomd.xml.asc"), key.detached_armored(&description)?)?;
    fs::write(metadata.join("repomd.xml.key"), key.public_armored()?)?;
    Ok(())
}

/// The packages in a folder and below it, in the order of their names.
pub fn packages_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut packages = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            packages.extend(packages_below(&entry.path())?);
        } else if entry.path().extension().is_some_and(|extension| extension == "rpm") {
            packages.push(entry.path());
        }
    }
    packages.sort();
    Ok(packages)
}
