//! A signed apt repository of a folder of packages: one suite, one component, one architecture.
//!
//! ```text
//! OUT/POOL/*.deb
//! OUT/dists/SUITE/{InRelease,Release}
//! OUT/dists/SUITE/COMPONENT/binary-ARCHITECTURE/{Packages,Packages.gz}
//! ```
//!
//! Control members are read with dpkg-deb, because Debian's own are packed with xz or zstd.

use crate::{Architecture, Result, TestKey};
use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How a repository is laid out.
pub struct Layout<'a> {
    /// The suite's name.
    pub suite: &'a str,
    /// The component's name.
    pub component: &'a str,
    /// What its packages are for.
    pub architecture: Architecture,
    /// The folder of the packages, below the repository.
    pub pool: String,
}

/// Writes a repository as Debian lays its own out, with its key beside it as `archive-key.asc`; how many
/// packages are in it.
pub fn write_apt_repository(
    debs: &Path,
    key: &TestKey,
    suite: &str,
    architecture: Architecture,
    out: &Path,
) -> Result<usize> {
    let layout = Layout { suite, component: "main", architecture, pool: "pool".into() };
    let count = layout.write(debs, key, out)?;
    fs::write(out.join("archive-key.asc"), key.public_armored()?)?;
    Ok(count)
}

impl Layout<'_> {
    /// Writes the repository; how many packages are in it.
    pub fn write(&self, debs: &Path, key: &TestKey, out: &Path) -> Result<usize> {
        let packages = packages_in(debs)?;
        fs::create_dir_all(out.join(&self.pool))?;
        let mut list = String::new();
        for package in &packages {
            list.push_str(&self.published(package, out)?);
        }
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(list.as_bytes())?;
        let packed = packed.finish()?;
        let folder = format!("{}/binary-{}", self.component, self.architecture.word());
        let index = format!("{folder}/Packages");
        let dists = out.join("dists").join(self.suite);
        fs::create_dir_all(dists.join(&folder))?;
        fs::write(dists.join(&index), &list)?;
        fs::write(dists.join(format!("{index}.gz")), &packed)?;
        let listed = [(index.clone(), list.as_bytes()), (format!("{index}.gz"), packed.as_slice())];
        let release = self.release(&listed);
        fs::write(dists.join("Release"), &release)?;
        fs::write(dists.join("InRelease"), key.clear_signed(&release)?)?;
        Ok(packages.len())
    }

    /// Puts a package into the pool; its paragraph of the index.
    fn published(&self, package: &Path, out: &Path) -> Result<String> {
        let output = Command::new("dpkg-deb").arg("-f").arg(package).output()?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(format!("dpkg-deb cannot read {}: {why}", package.display()).into());
        }
        let control = String::from_utf8(output.stdout)?;
        // A colon of an epoch may stand escaped in the name; apt fetches the name as the index has it.
        let name = package.file_name().unwrap_or_default().to_string_lossy().replace("%3a", "_");
        let name = format!("{}/{name}", self.pool);
        let data = fs::read(package)?;
        let place = out.join(&name);
        if place.exists() {
            fs::remove_file(&place)?;
        }
        if fs::hard_link(package, &place).is_err() {
            fs::write(&place, &data)?;
        }
        let sum = hex::encode(Sha256::digest(&data));
        let control = control.trim_end();
        Ok(format!("{control}\nFilename: {name}\nSize: {}\nSHA256: {sum}\n\n", data.len()))
    }

    fn release(&self, listed: &[(String, &[u8])]) -> String {
        let now = Timestamp::now();
        let date = now.strftime("%a, %d %b %Y %H:%M:%S UTC");
        let Layout { suite, component, architecture, .. } = self;
        let architecture = architecture.word();
        let mut text = format!(
            "Origin: Landfall tests\nLabel: Landfall tests\nSuite: {suite}\nCodename: {suite}\nDate: {date}\n\
             Architectures: {architecture}\nComponents: {component}\nDescription: packages for tests\nSHA256:\n"
        );
        for (name, data) in listed {
            text.push_str(&format!(" {} {:>16} {name}\n", hex::encode(Sha256::digest(data)), data.len()));
        }
        text
    }
}

fn packages_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut packages = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            packages.push(path);
        }
    }
    packages.sort();
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_lists_each_index_with_its_sum_and_size() {
        let architecture = Architecture::Amd64;
        let layout = Layout { suite: "bookworm", component: "main", architecture, pool: "pool".into() };
        let text = layout.release(&[("main/binary-amd64/Packages".into(), b"".as_slice())]);
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert!(text.ends_with(&format!(" {empty}                0 main/binary-amd64/Packages\n")), "{text}");
        assert!(text.contains("\nCodename: bookworm\n"));
    }
}
