//! Take files out of the archive that AWS keeps for ECS Anywhere on Windows; undo removes them, or puts back what
//! stood there.
//!
//! AWS signs the archive by nothing but a sum that lies beside it: that shows a broken download, and nobody who can
//! write there. What stands for the archive is TLS to AWS's own address, or to the mirror that was named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::durable;
use crate::error::{Error, Result};
use crate::host::Fetch;
use crate::signature::{Trust, Use};
use crate::step::{Before, Leftovers};
use crate::windows::door::Windows;
use crate::windows::places::{DOWNLOADS, shown};

/// A sum, and a name behind it.
const LARGEST_SUM: u64 = 4096;

/// Files of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Artifacts {
    /// Where the archive is.
    pub url: String,
    /// Where its sum is.
    pub sum_url: String,
    /// Where each file goes, by its path in the archive.
    pub files: BTreeMap<String, PathBuf>,
}

impl Artifacts {
    /// Files that are there are taken as they are: the archive has no versions, and to compare them would mean to
    /// fetch it in each run.
    pub(super) fn check(&self, host: &dyn Windows) -> Result<Option<Before>> {
        let mut absent = Vec::new();
        for path in self.files.values() {
            if host.stat(path)?.is_none() {
                absent.push(path.clone());
            }
        }
        Ok((!absent.is_empty()).then_some(Before::Folders { absent }))
    }

    pub(super) fn apply(&self, host: &mut dyn Windows) -> Result<()> {
        let archive = fetched(host, &self.url, &self.sum_url)?;
        let mut members = Vec::new();
        for (name, path) in &self.files {
            if host.stat(path)?.is_none() {
                members.push((name.clone(), beside(path)));
            }
        }
        for (_, new) in &members {
            durable::create_folders(host, durable::parent(new), 0o700)?;
            durable::remove(host, new)?;
        }
        host.unzip(&archive, &members)?;
        for (_, new) in members {
            let path = new.with_extension("");
            host.rename(&new, &path)?;
            host.sync(durable::parent(&path))?;
        }
        Ok(())
    }

    pub(super) fn undo(&self, host: &mut dyn Windows, before: &Before) -> Result<Leftovers> {
        let Before::Folders { absent } = before else { return Ok(Leftovers::new()) };
        for path in absent {
            durable::remove(host, &beside(path))?;
            durable::remove(host, path)?;
            let folder = durable::parent(path);
            if host.stat(folder)?.is_some() && host.list(folder)?.is_empty() {
                durable::remove(host, folder)?;
            }
        }
        Ok(Leftovers::new())
    }

    pub(super) fn names(&self) -> String {
        self.files.values().map(|path| shown(path)).collect::<Vec<_>>().join(", ")
    }
}

/// Where a file grows before it gets its name.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.landfall-new"))
}

/// The archive, as its sum has it; fetched by the first step that takes something out of it, and kept until the run
/// ends.
fn fetched(host: &mut dyn Windows, url: &str, sum_url: &str) -> Result<PathBuf> {
    let archive = Path::new(DOWNLOADS).join("ECSAnywhereWindowsArtifacts.zip");
    let sum = sum(&host.download(sum_url, LARGEST_SUM)?, sum_url)?;
    if found(host, &archive)?.as_ref() == Some(&sum) {
        return Ok(archive);
    }
    let trust = Trust { aws: Use::Inside, certificate: None, sha256: None, unsigned: true };
    host.begin_fetch(Fetch {
        url: url.to_owned(),
        destination: archive.clone(),
        signature_url: String::new(),
        trust,
    });
    host.finish_fetch(&archive)?;
    match found(host, &archive)?.unwrap_or_default() {
        found if found == sum => Ok(archive),
        found => Err(Error::failed(format!("the SHA-256 of {url} is {found}, and not {sum}"))
            .hint("nothing was taken out of it; run again: the two were perhaps being replaced, or a mirror keeps an older one")),
    }
}

/// The sum of a file, where it is there.
fn found(host: &dyn Windows, file: &Path) -> Result<Option<String>> {
    Ok(host.read(file)?.map(|content| hex::encode(Sha256::digest(content))))
}

/// The first word, in small letters.
fn sum(text: &[u8], url: &str) -> Result<String> {
    let text = String::from_utf8_lossy(text);
    let word = text.trim_start_matches('\u{feff}').split_whitespace().next().unwrap_or_default();
    if word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(word.to_ascii_lowercase());
    }
    Err(Error::failed(format!("{url} holds no SHA-256 sum"))
        .hint("see that nothing between this machine and the server answers in its place"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::fake::fresh;

    fn step(member: &str, path: &str) -> Artifacts {
        Artifacts {
            url: "https://x/a.zip".into(),
            sum_url: "https://x/a.zip.sha256".into(),
            files: BTreeMap::from([(member.to_owned(), PathBuf::from(path))]),
        }
    }

    #[test]
    fn an_archive_is_fetched_once_for_all_steps_that_take_something_out_of_it() {
        let mut fake = fresh();
        durable::create_folders(&mut fake, Path::new(DOWNLOADS), 0o700).unwrap();
        step("a", "C:/a").apply(&mut fake).unwrap();
        step("b", "C:/b").apply(&mut fake).unwrap();
        assert_eq!(fake.fetches, 1);
        assert!(fake.disk.node(Path::new("C:/a")).is_some() && fake.disk.node(Path::new("C:/b")).is_some());
    }

    #[test]
    fn of_an_archive_with_another_sum_nothing_is_taken() {
        let mut fake = fresh();
        fake.wrong_sum = true;
        durable::create_folders(&mut fake, Path::new(DOWNLOADS), 0o700).unwrap();
        let error = step("a", "C:/a").apply(&mut fake).unwrap_err();
        assert!(error.what.contains(&"0".repeat(64)) && error.exit_code() == 1, "{error}");
        assert!(fake.disk.node(Path::new("C:/a")).is_none());
    }

    #[test]
    fn a_sum_is_the_first_word_however_it_is_written() {
        let sum_of = |text: &str| sum(text.as_bytes(), "https://x");
        let small = "ab".repeat(32);
        for text in
            [small.clone(), format!("{}\r\n", small.to_uppercase()), format!("\u{feff}{small}  a.zip")]
        {
            assert_eq!(sum_of(&text).unwrap(), small);
        }
        for text in ["", "<html>", &small[1..]] {
            assert_eq!(sum_of(text).unwrap_err().exit_code(), 1);
        }
    }
}
