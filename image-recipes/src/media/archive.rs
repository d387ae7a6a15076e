//! Files as the kernel takes them for a RAM disk: a cpio, packed by zstd. Several may follow one another.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use cpio::newc::Builder;
use tar::EntryType;

use crate::error::{Error, Result, While};

/// Packed once, and unpacked by each machine that boots it.
const LEVEL: i32 = 12;

const FOLDER: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// A cpio that is being written.
pub struct Archive<W: Write> {
    output: W,
    folders: BTreeSet<String>,
    number: u32,
}

impl<W: Write> Archive<W> {
    /// An empty one.
    pub fn new(output: W) -> Self {
        Self { output, folders: BTreeSet::new(), number: 0 }
    }

    /// A file; the folders on the way are made.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn file(&mut self, path: &str, mode: u32, content: &[u8]) -> Result<()> {
        for (end, _) in path.match_indices('/') {
            if !self.folders.contains(&path[..end]) {
                self.folder(&path[..end], 0o755)?;
            }
        }
        self.put(path, REGULAR | mode, content)
    }

    fn folder(&mut self, path: &str, mode: u32) -> Result<()> {
        self.folders.insert(path.to_owned());
        self.put(path, FOLDER | mode, &[])
    }

    /// A symbolic link.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn link(&mut self, path: &str, target: &str) -> Result<()> {
        self.put(path, LINK | 0o777, target.as_bytes())
    }

    fn put(&mut self, path: &str, mode: u32, content: &[u8]) -> Result<()> {
        self.number += 1;
        let size =
            u32::try_from(content.len()).map_err(|_| Error::refused(format!("{path} is too large")))?;
        let mut write = || -> std::io::Result<()> {
            let mut file =
                Builder::new(path).ino(self.number).nlink(1).mode(mode).write(&mut self.output, size);
            file.write_all(content)?;
            file.finish().map(drop)
        };
        write().while_doing(|| format!("packing {path}"))
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> Result<W> {
        cpio::newc::trailer(self.output).while_doing(|| "ending a RAM disk".into())
    }
}

/// The files of a tar as a RAM disk, without these paths. Gives back the kernel that is among them.
///
/// # Errors
/// When one cannot be read or the other not be written.
pub fn ram_disk(tar: File, left_out: &[String], to: &Path) -> Result<Vec<u8>> {
    let file = File::create(to).while_doing(|| format!("making {}", to.display()))?;
    let packer = zstd::Encoder::new(BufWriter::new(file), LEVEL).while_doing(|| "packing".into())?;
    let mut archive = Archive::new(packer);
    let mut kernel = None;
    let mut tar = tar::Archive::new(tar);
    let reading = || "reading the live system's files".to_owned();
    for entry in tar.entries().while_doing(reading)? {
        let mut entry = entry.while_doing(reading)?;
        let path = entry.path().while_doing(reading)?.to_string_lossy().into_owned();
        let path = path.trim_start_matches("./").trim_end_matches('/').to_owned();
        let mode = entry.header().mode().while_doing(reading)?;
        let mut content = Vec::new();
        if path.starts_with("boot/vmlinuz-") {
            entry.read_to_end(&mut content).while_doing(reading)?;
            kernel = Some(content);
            continue;
        }
        if path.is_empty() || is_below(&path, left_out) {
            continue;
        }
        let target = entry.link_name().while_doing(reading)?.map(|it| it.to_string_lossy().into_owned());
        match (entry.header().entry_type(), target) {
            (EntryType::Directory, _) => archive.folder(&path, mode)?,
            (EntryType::Symlink, Some(target)) => archive.link(&path, &target)?,
            // Names the same file in the archive; by its whole path it does so in the system.
            (EntryType::Link, Some(target)) => {
                archive.link(&path, &format!("/{}", target.trim_start_matches("./")))?
            }
            (EntryType::Regular, _) => {
                entry.read_to_end(&mut content).while_doing(reading)?;
                archive.put(&path, REGULAR | mode, &content)?;
            }
            _ => {}
        }
    }
    // The kernel mounts nothing over these by itself.
    for folder in ["dev", "proc", "sys", "run"] {
        if !archive.folders.contains(folder) {
            archive.folder(folder, 0o755)?;
        }
    }
    let packer = archive.finish()?;
    let written = packer.finish().and_then(|mut file| file.flush());
    written.while_doing(|| format!("writing {}", to.display()))?;
    kernel.ok_or_else(|| Error::failed("the live system has no kernel"))
}

fn is_below(path: &str, folders: &[String]) -> bool {
    folders
        .iter()
        .any(|it| path.strip_prefix(it.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Program;

    #[test]
    fn cpio_lists_what_was_put_in_and_folders_come_before_their_files() {
        let mut archive = Archive::new(Vec::new());
        archive.file("etc/landfall/order.json", 0o600, b"{}").unwrap();
        archive.file("etc/landfall/seed/landfall.toml", 0o600, b"secret").unwrap();
        archive.link("init", "usr/lib/systemd/systemd").unwrap();
        let bytes = archive.finish().unwrap();
        let mut names = Vec::new();
        let mut rest: &[u8] = &bytes;
        loop {
            let reader = cpio::newc::Reader::new(rest).unwrap();
            if reader.entry().is_trailer() {
                break;
            }
            names.push(format!("{} {:o}", reader.entry().name(), reader.entry().mode()));
            rest = reader.finish().unwrap();
        }
        let expected = [
            "etc 40755",
            "etc/landfall 40755",
            "etc/landfall/order.json 100600",
            "etc/landfall/seed 40755",
            "etc/landfall/seed/landfall.toml 100600",
            "init 120777",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_tar_becomes_a_ram_disk_without_what_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        for (path, content) in
            [("boot/vmlinuz-6", "kernel"), ("usr/share/doc/x", "d"), ("usr/share/docs", "kept")]
        {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), content).unwrap();
        }
        let tar = folder.path().join("root.tar");
        Program::new("tar", "tar").arg("-C").arg(&root).arg("-cf").arg(&tar).arg(".").run().unwrap();
        let to = folder.path().join("initrd.img");
        let left_out = ["boot".to_owned(), "usr/share/doc".to_owned()];
        assert_eq!(ram_disk(File::open(&tar).unwrap(), &left_out, &to).unwrap(), b"kernel");
        let cpio = zstd::decode_all(File::open(&to).unwrap()).unwrap();
        let has = |name: &str| cpio.windows(name.len()).any(|it| it == name.as_bytes());
        assert!(has("usr/share/docs") && !has("usr/share/doc/x") && !has("boot") && has("proc"));
    }
}
