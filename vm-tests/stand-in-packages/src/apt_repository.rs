//! A signed apt repository of a folder of packages: `pool/`, one component, one architecture.
//!
//! ```text
//! OUT/archive-key.asc                                  for Signed-By
//! OUT/pool/*.deb
//! OUT/dists/SUITE/{InRelease,Release}
//! OUT/dists/SUITE/main/binary-amd64/{Packages,Packages.gz}
//! ```
//!
//! Control members are read with dpkg-deb, because Debian's own are packed with xz or zstd.

use crate::{Result, TestKey};
use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

const INDEX: &str = "main/binary-amd64/Packages";

/// Writes the repository; how many packages are in it.
pub fn write_apt_repository(debs: &Path, key: &TestKey, suite: &str, out: &Path) -> Result<usize> {
    let packages = packages_in(debs)?;
    let pool = out.join("pool");
    fs::create_dir_all(&pool)?;
    let mut index = String::new();
    for package in &packages {
        index.push_str(&published(package, &pool)?);
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(index.as_bytes())?;
    let packed = packed.finish()?;
    let dists = out.join("dists").join(suite);
    fs::create_dir_all(dists.join("main/binary-amd64"))?;
    fs::write(dists.join(INDEX), &index)?;
    fs::write(dists.join(format!("{INDEX}.gz")), &packed)?;
    let listed = [(INDEX.to_owned(), index.as_bytes()), (format!("{INDEX}.gz"), packed.as_slice())];
    let release = release(suite, &listed);
    fs::write(dists.join("Release"), &release)?;
    fs::write(dists.join("InRelease"), key.clear_signed(&release)?)?;
    fs::write(out.join("archive-key.asc"), key.public_armored()?)?;
    Ok(packages.len())
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

/// Puts a package into the pool; its paragraph of the index.
fn published(package: &Path, pool: &Path) -> Result<String> {
    let output = Command::new("dpkg-deb").arg("-f").arg(package).output()?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(format!("dpkg-deb cannot read {}: {why}", package.display()).into());
    }
    let control = String::from_utf8(output.stdout)?;
    // A colon of an epoch may stand escaped in the name; apt fetches the name as the index has it.
    let name = package.file_name().unwrap_or_default().to_string_lossy().replace("%3a", "_");
    let data = fs::read(package)?;
    let place = pool.join(&name);
    if place.exists() {
        fs::remove_file(&place)?;
    }
    if fs::hard_link(package, &place).is_err() {
        fs::write(&place, &data)?;
    }
    let sum = hex::encode(Sha256::digest(&data));
    let control = control.trim_end();
    Ok(format!("{control}\nFilename: pool/{name}\nSize: {}\nSHA256: {sum}\n\n", data.len()))
}

fn release(suite: &str, listed: &[(String, &[u8])]) -> String {
    let now = Timestamp::now();
    let date = now.strftime("%a, %d %b %Y %H:%M:%S UTC");
    let mut text = format!(
        "Origin: Landfall tests\nLabel: Landfall tests\nSuite: {suite}\nCodename: {suite}\nDate: {date}\n\
         Architectures: amd64\nComponents: main\nDescription: packages for tests\nSHA256:\n"
    );
    for (name, data) in listed {
        text.push_str(&format!(" {} {:>16} {name}\n", hex::encode(Sha256::digest(data)), data.len()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_lists_each_index_with_its_sum_and_size() {
        let text = release("bookworm", &[("main/binary-amd64/Packages".into(), b"".as_slice())]);
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert!(text.ends_with(&format!(" {empty}                0 main/binary-amd64/Packages\n")), "{text}");
        assert!(text.contains("\nCodename: bookworm\n"));
    }
}
