//! A file system that remembers what has reached the disk.
//!
//! Names and inodes are apart, as on a real one: a file's content is safe after a sync of the file, a
//! name after a sync of its folder. A power cut keeps any subset of what was not synced, a name and
//! its file's content independently, and half of an unsynced content too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::durable::parent;
use crate::host::EntryKind;

/// What an inode holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Node {
    pub kind: Kind,
    pub mode: u32,
    pub content: Arc<[u8]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    File,
    Folder,
    Link,
}

impl Kind {
    pub fn entry(self) -> EntryKind {
        match self {
            Self::File => EntryKind::File,
            Self::Folder => EntryKind::Folder,
            Self::Link => EntryKind::Link,
        }
    }
}

/// Which unsynced changes outlive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survivors {
    None,
    All,
    /// Some, picked by a generator that starts from this number.
    Some(u64),
}

impl Survivors {
    fn pick(&mut self, of: u64) -> u64 {
        match self {
            Self::None => 0,
            Self::All => 1,
            Self::Some(state) => {
                *state =
                    state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (*state >> 33) % of
            }
        }
    }
}

#[derive(Debug, Clone)]
struct Inode {
    now: Node,
    kept: Option<Node>,
    modified: Timestamp,
}

#[derive(Debug, Clone)]
enum Change {
    Link(PathBuf, usize),
    Unlink(PathBuf),
    Move(PathBuf, PathBuf, usize),
}

impl Change {
    fn is_in(&self, folder: &Path) -> bool {
        match self {
            Self::Link(path, _) | Self::Unlink(path) => parent(path) == folder,
            Self::Move(from, to, _) => parent(from) == folder || parent(to) == folder,
        }
    }

    fn reach(&self, kept: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Link(path, inode) => {
                kept.insert(path.clone(), *inode);
            }
            Self::Unlink(path) => {
                kept.remove(path);
            }
            Self::Move(from, to, inode) => {
                kept.remove(from);
                kept.insert(to.clone(), *inode);
            }
        }
    }
}

/// The disk and what is in memory of it.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    root: PathBuf,
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    kept: BTreeMap<PathBuf, usize>,
    pending: Vec<Change>,
}

impl Disk {
    /// An empty disk with a root folder.
    pub fn rooted(root: Node) -> Self {
        Self::rooted_at("/", root)
    }

    /// The same under another name, such as that of a drive.
    pub fn rooted_at(name: &str, root: Node) -> Self {
        let inode = Inode { now: root, kept: None, modified: Timestamp::UNIX_EPOCH };
        let mut disk = Self { root: name.into(), inodes: vec![inode], ..Self::default() };
        disk.names.insert(name.into(), 0);
        disk.settle();
        disk
    }

    pub fn node(&self, path: &Path) -> Option<&Node> {
        self.names.get(path).map(|inode| &self.inodes[*inode].now)
    }

    pub fn modified(&self, path: &Path) -> Option<Timestamp> {
        self.names.get(path).map(|inode| self.inodes[*inode].modified)
    }

    pub fn text(&self, path: &str) -> Option<String> {
        let node = self.node(Path::new(path)).filter(|node| node.kind == Kind::File)?;
        Some(String::from_utf8_lossy(&node.content).into_owned())
    }

    pub fn list(&self, folder: &Path) -> Vec<String> {
        self.names
            .range(folder.join("")..)
            .take_while(|(path, _)| path.starts_with(folder))
            .filter(|(path, _)| path.parent() == Some(folder))
            .filter_map(|(path, _)| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect()
    }

    pub fn all(&self) -> impl Iterator<Item = (&PathBuf, &Node)> {
        self.names.iter().map(|(path, inode)| (path, &self.inodes[*inode].now))
    }

    /// Writes in place, or makes the file.
    pub fn write(&mut self, path: &Path, node: Node, time: Timestamp) -> Result<(), String> {
        if let Some(inode) = self.names.get(path) {
            if self.inodes[*inode].now.kind != Kind::File {
                return Err(format!("{} is not a file", path.display()));
            }
            self.inodes[*inode].now = node;
            self.inodes[*inode].modified = time;
            return Ok(());
        }
        self.make(path, node, time)
    }

    /// Makes something where nothing is.
    pub fn make(&mut self, path: &Path, node: Node, time: Timestamp) -> Result<(), String> {
        if self.names.contains_key(path) {
            return Err(format!("{}: File exists", path.display()));
        }
        if self.node(parent(path)).is_none_or(|above| above.kind != Kind::Folder) {
            return Err(format!("{}: No such file or directory", path.display()));
        }
        let kept = (node.kind != Kind::File).then(|| node.clone());
        self.inodes.push(Inode { now: node, kept, modified: time });
        let inode = self.inodes.len() - 1;
        self.changed(path, time);
        self.names.insert(path.to_owned(), inode);
        self.pending.push(Change::Link(path.to_owned(), inode));
        Ok(())
    }

    pub fn rename(&mut self, from: &Path, to: &Path, time: Timestamp) -> Result<(), String> {
        self.changed(from, time);
        self.changed(to, time);
        let inode = self.names.remove(from).ok_or(format!("{}: No such file", from.display()))?;
        self.names.insert(to.to_owned(), inode);
        self.pending.push(Change::Move(from.to_owned(), to.to_owned(), inode));
        Ok(())
    }

    pub fn remove(&mut self, path: &Path) -> Result<(), String> {
        if self.node(path).is_none() {
            return Ok(());
        }
        if !self.list(path).is_empty() {
            return Err(format!("{}: Directory not empty", path.display()));
        }
        self.names.remove(path);
        self.pending.push(Change::Unlink(path.to_owned()));
        Ok(())
    }

    /// A folder is younger for each name that comes to it.
    fn changed(&mut self, path: &Path, time: Timestamp) {
        if let Some(above) = self.names.get(parent(path)) {
            self.inodes[*above].modified = time;
        }
    }

    /// Makes content, or a folder's names, reach the disk.
    pub fn sync(&mut self, path: &Path) -> Result<(), String> {
        let inode = *self.names.get(path).ok_or(format!("{}: No such file", path.display()))?;
        self.inodes[inode].kept = Some(self.inodes[inode].now.clone());
        if self.inodes[inode].now.kind == Kind::Folder {
            let (reached, pending) =
                std::mem::take(&mut self.pending).into_iter().partition(|change| change.is_in(path));
            self.pending = pending;
            let reached: Vec<Change> = reached;
            reached.iter().for_each(|change| change.reach(&mut self.kept));
        }
        Ok(())
    }

    /// Makes a folder with what is in it, and those above it, reach the disk.
    pub fn settle_below(&mut self, folder: &Path) {
        let inside = self.list(folder).into_iter().map(|name| folder.join(name));
        let all: Vec<PathBuf> = inside.chain(folder.ancestors().map(Path::to_owned)).collect();
        for path in all {
            let _ = self.sync(&path);
        }
    }

    /// Makes everything reach the disk.
    pub fn settle(&mut self) {
        self.kept = self.names.clone();
        self.pending.clear();
        for inode in &mut self.inodes {
            inode.kept = Some(inode.now.clone());
        }
    }

    /// The power goes: what was synced stays, and of the rest whatever survives.
    pub fn cut(&mut self, mut survivors: Survivors) {
        for change in std::mem::take(&mut self.pending) {
            if survivors.pick(2) == 1 {
                change.reach(&mut self.kept);
            }
        }
        for inode in self.inodes.iter_mut().filter(|inode| inode.kept.as_ref() != Some(&inode.now)) {
            let half = &inode.now.content[..inode.now.content.len() / 2];
            let content: Arc<[u8]> = match survivors.pick(3) {
                0 => inode.kept.as_ref().map_or_else(|| Arc::from(&b""[..]), |kept| kept.content.clone()),
                1 => inode.now.content.clone(),
                _ => Arc::from(half),
            };
            inode.now.content = content;
            inode.kept = Some(inode.now.clone());
        }
        let mut names = BTreeMap::new();
        for (path, inode) in std::mem::take(&mut self.kept) {
            let above = names.get(parent(&path)).map(|above: &usize| self.inodes[*above].now.kind);
            if path == self.root || above == Some(Kind::Folder) {
                names.insert(path, inode);
            }
        }
        self.names = names.clone();
        self.kept = names;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &str) -> Node {
        Node { kind: Kind::File, mode: 0o644, content: Arc::from(content.as_bytes()) }
    }

    fn disk() -> Disk {
        Disk::rooted(Node { kind: Kind::Folder, mode: 0o755, content: Arc::from(&b""[..]) })
    }

    #[test]
    fn an_unsynced_file_may_be_lost_or_empty_or_whole() {
        let mut found = std::collections::BTreeSet::new();
        for seed in 0..50 {
            let mut disk = disk();
            disk.make(Path::new("/a"), file("text"), Timestamp::UNIX_EPOCH).unwrap();
            disk.cut(Survivors::Some(seed));
            found.insert(disk.text("/a"));
        }
        let expected = [None, Some(""), Some("te"), Some("text")].map(|it| it.map(str::to_owned));
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_synced_rename_replaces_the_old_content_whatever_else_is_lost() {
        let mut disk = disk();
        disk.make(Path::new("/a"), file("old"), Timestamp::UNIX_EPOCH).unwrap();
        disk.settle();
        disk.make(Path::new("/new"), file("new"), Timestamp::UNIX_EPOCH).unwrap();
        disk.sync(Path::new("/new")).unwrap();
        disk.rename(Path::new("/new"), Path::new("/a"), Timestamp::UNIX_EPOCH).unwrap();
        let mut early = disk.clone();
        early.cut(Survivors::None);
        assert_eq!(early.text("/a").as_deref(), Some("old"));
        disk.sync(Path::new("/")).unwrap();
        disk.cut(Survivors::None);
        assert_eq!((disk.text("/a").as_deref(), disk.text("/new")), (Some("new"), None));
    }
}
