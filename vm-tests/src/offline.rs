//! Files into a disk image that no machine has booted: written by `debugfs` into its ext4 root, and read back.
//!
//! For preparing what a vendor's image is to a scenario. The image must be ours and clean: nothing is checked that a
//! stranger's image could get wrong.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use image_recipes::disk::ext4::Ext4Tree;
use image_recipes::disk::{self, Disk};
use landfall_contract::seal_list::Tree;

use crate::error::{Error, Result, While};
use crate::host_command;
use crate::introduction::File;

/// The root of an image.
pub(crate) struct Root {
    disk: Disk,
    offset: u64,
    tree: Ext4Tree,
}

impl Root {
    /// Of a raw disk.
    pub fn of(disk: &Path) -> Result<Self> {
        let disk = Disk::open(disk).doing(|| "opening the disk")?;
        let offset = disk::root(&disk).doing(|| "looking for the root")?.offset;
        let tree = Ext4Tree::open(&disk.path, offset).doing(|| "reading the root")?;
        Ok(Self { disk, offset, tree })
    }

    /// The content of a file, nothing where there is none.
    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        Ok(self.tree.content(path).doing(|| format!("reading {path} in the image"))?.unwrap_or_default())
    }

    /// The paths in a folder, none where there is none.
    pub fn list(&self, folder: &str) -> Result<Vec<String>> {
        let names = self.tree.list(folder).doing(|| format!("reading {folder} in the image"))?;
        Ok(names.iter().map(|name| format!("{folder}/{name}")).collect())
    }

    /// Removes and writes files, and makes symbolic links: each by its place and what it says.
    pub fn change(self, removed: &[String], files: &[&File], links: &[(&str, &str)]) -> Result<()> {
        let contents = tempfile::tempdir()?;
        let mut script = String::new();
        let there = |path: &str| self.tree.exists(path).doing(|| format!("looking for {path} in the image"));
        let new = files.iter().map(|it| it.path.as_str()).chain(links.iter().map(|(path, _)| *path));
        let mut folders = BTreeSet::new();
        for path in removed.iter().map(String::as_str).chain(new.clone()) {
            if there(path)? {
                script += &format!("rm {path}\n");
            }
        }
        for path in new {
            for (at, _) in path.match_indices('/').skip(1) {
                if !there(&path[..at])? && folders.insert(&path[..at]) {
                    script += &format!("mkdir {}\n", &path[..at]);
                }
            }
        }
        for (index, &File { path, content, mode }) in files.iter().enumerate() {
            let source = contents.path().join(index.to_string());
            fs::write(&source, content)?;
            script +=
                &format!("write {} {path}\nsif {path} mode 0{:o}\n", source.display(), 0o100_000 | mode);
        }
        for (path, target) in links {
            script += &format!("symlink {path} {target}\n");
        }
        let commands = contents.path().join("commands");
        fs::write(&commands, script)?;
        let place = format!("{}?offset={}", self.disk.path.display(), self.offset);
        host_command::run("debugfs", [Path::new("-w"), Path::new("-f"), &commands, Path::new(&place)])?;
        host_command::run("e2fsck", ["-f", "-n", &place])?;
        // debugfs ends well whatever went wrong.
        let tree = Ext4Tree::open(&self.disk.path, self.offset).doing(|| "reading the root again")?;
        let differs =
            |file: &&&File| !matches!(tree.content(&file.path), Ok(Some(content)) if content == file.content);
        match files.iter().find(differs) {
            Some(file) => Err(Error::new(format!("{} was not written into the image", file.path))),
            None => Ok(()),
        }
    }
}
