//! What is on a disk, and how two looks at it differ.
//!
//! Times are not compared: a file that was written again with the same content has not changed.
//! One file system is looked at; what is mounted over it is not part of the disk.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result, While};

/// Prints all of a guest's disk for [`Tree::of_listing`], a line for each path: what it is, and then the digests.
pub const LISTING: &str = "set -e; find / -xdev -printf '%y %m %U %G %s %l//%P\\n'; \
                           find / -xdev -type f -print0 | xargs -0 -r sha256sum --zero -- | tr '\\0' '\\n'";

/// Everything on a disk by path, which begins with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    entries: BTreeMap<String, Entry>,
}

/// One file, folder, link or other thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is, with what makes it that.
    pub kind: Kind,
    /// Permission bits, with setuid, setgid and sticky.
    pub mode: u32,
    /// User and group, by number.
    pub owner: (u32, u32),
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A folder; what is in it has entries of its own.
    Folder,
    /// A file, by its size in bytes and the SHA-256 of its content.
    File(u64, String),
    /// A symbolic link, by its target.
    Link(String),
    /// A socket, pipe or device.
    Other,
}

/// One path that is not the same in two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Only the later tree has it.
    Added(String, Entry),
    /// Only the earlier tree has it.
    Removed(String, Entry),
    /// Both have it, in different states.
    Changed(String, Entry, Entry),
}

impl Tree {
    /// Looks at everything under `root`.
    pub fn of(root: &Path) -> Result<Self> {
        let device = fs::symlink_metadata(root)?.dev();
        let mut entries = BTreeMap::new();
        let mut folders: Vec<PathBuf> = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for item in fs::read_dir(&folder).doing(|| format!("listing {}", folder.display()))? {
                let path = item?.path();
                let metadata = fs::symlink_metadata(&path)?;
                if metadata.dev() != device {
                    continue;
                }
                let inside = path.strip_prefix(root).unwrap_or(&path);
                entries.insert(format!("/{}", inside.display()), Entry::of(&path, &metadata)?);
                if metadata.is_dir() {
                    folders.push(path);
                }
            }
        }
        Ok(Self { entries })
    }

    /// Reads what [`LISTING`] printed. Paths with a line break are left out, and files that went away meanwhile.
    pub fn of_listing(text: &str) -> Result<Self> {
        let mut entries = BTreeMap::new();
        for line in text.lines() {
            if let Some((path, entry)) = listed(line) {
                entries.insert(path, entry);
            } else if let Some((digest, path)) = line.split_once("  ")
                && let Some(Entry { kind: Kind::File(_, empty), .. }) = entries.get_mut(path)
            {
                *empty = digest.to_owned();
            }
        }
        entries.retain(|_, entry| !matches!(&entry.kind, Kind::File(_, digest) if digest.is_empty()));
        match entries.is_empty() {
            true => Err(Error::new("the listing of the disk is empty")),
            false => Ok(Self { entries }),
        }
    }

    /// What stands at `path`.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// How many paths there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the disk is empty.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All that is different in `later`, by path.
    pub fn changes(&self, later: &Tree) -> Vec<Change> {
        let mut changes = Vec::new();
        for (path, before) in &self.entries {
            match later.entries.get(path) {
                None => changes.push(Change::Removed(path.clone(), before.clone())),
                Some(after) if after != before => {
                    changes.push(Change::Changed(path.clone(), before.clone(), after.clone()));
                }
                Some(_) => {}
            }
        }
        let added = later.entries.iter().filter(|(path, _)| !self.entries.contains_key(*path));
        changes.extend(added.map(|(path, entry)| Change::Added(path.clone(), entry.clone())));
        changes.sort_by(|one, other| one.path().cmp(other.path()));
        changes
    }
}

/// A line of the first half of a listing.
fn listed(line: &str) -> Option<(String, Entry)> {
    let (facts, path) = line.rsplit_once("//")?;
    let mut facts = facts.splitn(6, ' ');
    let kind = facts.next().filter(|kind| kind.len() == 1)?;
    let mode = u32::from_str_radix(facts.next()?, 8).ok()?;
    let owner = (facts.next()?.parse().ok()?, facts.next()?.parse().ok()?);
    let size = facts.next()?.parse().ok()?;
    let kind = match kind {
        "d" => Kind::Folder,
        "f" => Kind::File(size, String::new()),
        "l" => Kind::Link(facts.next()?.to_owned()),
        _ => Kind::Other,
    };
    // find begins with the folder itself, which is in no other tree.
    (!path.is_empty()).then(|| (format!("/{path}"), Entry { kind, mode, owner }))
}

impl Entry {
    fn of(path: &Path, metadata: &Metadata) -> Result<Self> {
        let kind = match metadata.file_type() {
            kind if kind.is_dir() => Kind::Folder,
            kind if kind.is_symlink() => Kind::Link(fs::read_link(path)?.display().to_string()),
            kind if kind.is_file() => Kind::File(metadata.len(), digest(path)?),
            kind => {
                debug_assert!(
                    kind.is_socket() || kind.is_fifo() || kind.is_char_device() || kind.is_block_device()
                );
                Kind::Other
            }
        };
        Ok(Self { kind, mode: metadata.mode() & 0o7777, owner: (metadata.uid(), metadata.gid()) })
    }
}

fn digest(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let mut file = fs::File::open(path).doing(|| format!("opening {}", path.display()))?;
    std::io::copy(&mut file, &mut hash)?;
    Ok(hex::encode(hash.finalize()))
}

impl Change {
    /// The path that changed.
    pub fn path(&self) -> &str {
        match self {
            Self::Added(path, _) | Self::Removed(path, _) | Self::Changed(path, _, _) => path,
        }
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Added(path, entry) => write!(out, "added {path} ({entry})"),
            Self::Removed(path, entry) => write!(out, "removed {path} ({entry})"),
            Self::Changed(path, before, after) => write!(out, "changed {path} ({before} -> {after})"),
        }
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (user, group) = self.owner;
        match &self.kind {
            Kind::Folder => write!(out, "folder")?,
            Kind::File(size, digest) => write!(out, "{size} bytes {}", &digest[..8])?,
            Kind::Link(target) => write!(out, "link to {target}")?,
            Kind::Other => write!(out, "special")?,
        }
        write!(out, " {:04o} {user}:{group}", self.mode)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::{Change, LISTING, Tree};

    #[test]
    fn every_kind_of_difference_is_seen_and_a_rewrite_is_none() {
        let disk = tempfile::tempdir().unwrap();
        let at = |name: &str| disk.path().join(name);
        for name in ["same", "content", "mode", "gone"] {
            fs::write(at(name), "before").unwrap();
        }
        std::os::unix::fs::symlink("same", at("link")).unwrap();
        let before = Tree::of(disk.path()).unwrap();
        fs::write(at("same"), "before").unwrap();
        fs::write(at("content"), "after!").unwrap();
        fs::set_permissions(at("mode"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::remove_file(at("gone")).unwrap();
        fs::remove_file(at("link")).unwrap();
        std::os::unix::fs::symlink("mode", at("link")).unwrap();
        fs::create_dir(at("new")).unwrap();
        let changes = before.changes(&Tree::of(disk.path()).unwrap());
        let paths: Vec<&str> = changes.iter().map(Change::path).collect();
        assert_eq!(paths, ["/content", "/gone", "/link", "/mode", "/new"]);
        assert!(matches!(&changes[1], Change::Removed(..)));
        assert!(matches!(&changes[4], Change::Added(..)));
    }

    #[test]
    fn a_listing_that_a_guest_printed_is_the_same_tree() {
        let disk = tempfile::tempdir().unwrap();
        let at = |name: &str| disk.path().join(name);
        fs::create_dir_all(at("folder/two words")).unwrap();
        fs::write(at("folder/two words/a  b"), "content").unwrap();
        fs::write(at(r"empty\x2d"), "").unwrap();
        std::os::unix::fs::symlink("a -> b", at("link")).unwrap();
        let script = LISTING.replace("find / ", "find . ");
        let output = Command::new("sh").args(["-c", &script]).current_dir(disk.path()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap().replace("  ./", "  /");
        assert_eq!(Tree::of_listing(&text).unwrap(), Tree::of(disk.path()).unwrap());
        assert!(Tree::of_listing("f 644 0 0 3 //etc/x\n").is_err(), "a file without its digest is no file");
    }
}
