//! A tree of files on its way into a tar archive, owned by root and with one fixed time, so that the same
//! input gives the same bytes.

use crate::Result;
use std::collections::BTreeSet;
use std::io::Write;
use tar::{Builder, EntryType, Header};

/// 1 November 2026: nothing depends on it.
const MODIFIED: u64 = 1_793_491_200;

/// A tar archive being written. Folders above an entry are added as they are needed.
pub struct Tree<W: Write> {
    tar: Builder<W>,
    folders: BTreeSet<String>,
    prefix: &'static str,
}

impl<W: Write> Tree<W> {
    /// Names begin with `./`, as in a Debian package.
    pub fn of_a_package(writer: W) -> Self {
        Tree { tar: Builder::new(writer), folders: BTreeSet::new(), prefix: "./" }
    }

    /// Names begin with nothing, as in an image.
    pub fn of_an_image(writer: W) -> Self {
        Tree { tar: Builder::new(writer), folders: BTreeSet::new(), prefix: "" }
    }

    /// Adds a file.
    pub fn file(&mut self, path: &str, mode: u32, content: &[u8]) -> Result<()> {
        self.folders_above(path)?;
        let header = header(EntryType::Regular, mode, content.len() as u64);
        self.append(header, path, content)
    }

    /// Adds a folder that may stay empty.
    pub fn folder(&mut self, path: &str) -> Result<()> {
        self.folders_above(&format!("{path}/x"))
    }

    /// Adds a symbolic link.
    pub fn link(&mut self, path: &str, target: &str) -> Result<()> {
        self.folders_above(path)?;
        let mut header = header(EntryType::Symlink, 0o777, 0);
        header.set_link_name(target)?;
        self.append(header, path, &[])
    }

    /// Ends the archive.
    pub fn finish(self) -> Result<W> {
        Ok(self.tar.into_inner()?)
    }

    fn folders_above(&mut self, path: &str) -> Result<()> {
        let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
        for end in ends {
            let folder = &path[..end];
            if self.folders.insert(folder.to_owned()) {
                self.append(header(EntryType::Directory, 0o755, 0), &format!("{folder}/"), &[])?;
            }
        }
        Ok(())
    }

    fn append(&mut self, mut header: Header, path: &str, content: &[u8]) -> Result<()> {
        // Written by hand, because the crate drops a leading `./`.
        let name = format!("{}{path}", self.prefix);
        let field = &mut header.as_old_mut().name;
        if name.len() > field.len() {
            return Err(format!("{name} is too long for a plain tar header").into());
        }
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        self.tar.append(&header, content)?;
        Ok(())
    }
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(MODIFIED);
    header.set_uid(0);
    header.set_gid(0);
    // Both names fit the field; the crate checks nothing else.
    let _ = header.set_username("root");
    let _ = header.set_groupname("root");
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_once_and_before_what_is_in_them() {
        let mut tree = Tree::of_a_package(Vec::new());
        tree.file("usr/bin/a", 0o755, b"a").unwrap();
        tree.file("usr/bin/b", 0o755, b"b").unwrap();
        tree.folder("etc/ecs").unwrap();
        let bytes = tree.finish().unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let names: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| String::from_utf8(entry.unwrap().path_bytes().into_owned()).unwrap())
            .collect();
        assert_eq!(names, ["./usr/", "./usr/bin/", "./usr/bin/a", "./usr/bin/b", "./etc/", "./etc/ecs/"]);
    }
}
