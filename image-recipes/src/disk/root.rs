//! Which of a disk's file systems is the root, and the root as one tree with the EFI system partition in it.

use landfall_contract::seal_list::{Entry, Tree};

use super::ext4::Ext4Tree;
use super::fat::FatTree;
use super::{Disk, Partition, partitions};
use crate::error::{Error, Result};

/// Where the root is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Where it begins on the disk, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub size: u64,
    /// The partition's number; 0 where the disk has no table.
    pub number: u32,
    /// The EFI system partition.
    pub esp: Option<Partition>,
}

/// File systems that are known by what stands at a place in them: name, where, what.
const FILE_SYSTEMS: [(&str, u64, &[u8]); 4] = [
    ("ext4", 1024 + 56, &[0x53, 0xef]),
    ("xfs", 0, b"XFSB"),
    ("btrfs", 65536 + 64, b"_BHRfS_M"),
    ("LVM", 512, b"LABELONE"),
];

/// Where a disk's root is, or why nobody can look into it from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// On an ext4.
    Root(Root),
    /// On none of the file systems that are read from outside: what the disk has instead.
    Other(String),
}

/// Finds the root: the ext4 file system that has an os-release.
///
/// # Errors
/// When there is none, or more than one: with what is there instead.
pub fn root(disk: &Disk) -> Result<Root> {
    match seen(disk)? {
        Seen::Root(root) => Ok(root),
        Seen::Other(others) => Err(Error::refused(format!(
            "the root file system is not ext4: found {others}"
        ))
        .hint(
            "only ext4 is read without mounting; for others the guest's own 'landfall seal --verify' counts",
        )),
    }
}

/// The same, of a disk whose root may be on another file system.
///
/// # Errors
/// When there is no file system at all, or more than one root.
pub fn seen(disk: &Disk) -> Result<Seen> {
    let table = partitions(disk)?;
    let esp = table.iter().find(|it| it.is_esp()).cloned();
    let whole = Partition { number: 0, offset: 0, size: disk.size()?, kind: String::new() };
    let places = if table.is_empty() { vec![whole] } else { table };
    let mut roots = Vec::new();
    let mut others = Vec::new();
    for place in &places {
        match file_system(disk, place)? {
            Some("ext4") => match Ext4Tree::open(&disk.path, place.offset) {
                Ok(tree) if has_os_release(&tree)? => roots.push(place),
                Ok(_) => {}
                Err(e) => others.push(format!("an ext4 that cannot be read ({})", e.what)),
            },
            Some(other) => others.push(other.to_owned()),
            None => {}
        }
    }
    match roots[..] {
        [one] => Ok(Seen::Root(Root { offset: one.offset, size: one.size, number: one.number, esp })),
        [] if others.is_empty() => Err(Error::refused("no root file system was found in the image")
            .hint("an image is a disk with an ext4 that has an os-release")),
        [] => Ok(Seen::Other(others.join(", "))),
        [..] => Err(Error::refused(format!("{} file systems have an os-release", roots.len()))
            .hint("an image with more than one system is not supported")),
    }
}

fn has_os_release(tree: &Ext4Tree) -> Result<bool> {
    Ok(tree.exists("/etc/os-release")? || tree.exists("/usr/lib/os-release")?)
}

fn file_system(disk: &Disk, place: &Partition) -> Result<Option<&'static str>> {
    for (name, at, magic) in FILE_SYSTEMS {
        if disk.read(place.offset + at, magic.len())? == magic {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// An image's files: the root, with the EFI system partition where systems mount it.
pub struct ImageTree {
    /// The root.
    pub root: Ext4Tree,
    esp: Option<FatTree>,
}

/// Where systems mount the EFI system partition.
const ESP_AT: [&str; 2] = ["/boot/efi", "/efi"];

impl ImageTree {
    /// Opens it.
    ///
    /// # Errors
    /// When a file system cannot be read.
    pub fn open(disk: &Disk) -> Result<Self> {
        let Root { offset, esp, .. } = root(disk)?;
        let esp = esp.map(|it| FatTree::open(&disk.path, it.offset, it.size)).transpose()?;
        Ok(Self { root: Ext4Tree::open(&disk.path, offset)?, esp })
    }

    /// The tree that a path is in, and the path there.
    fn of<'a>(&'a self, path: &'a str) -> (&'a dyn Tree<Error = Error>, &'a str) {
        let inner = ESP_AT.iter().find_map(|at| path.strip_prefix(at)).filter(|rest| rest.starts_with('/'));
        match (&self.esp, inner) {
            (Some(esp), Some(inner)) => (esp, inner),
            _ => (&self.root, path),
        }
    }
}

impl Tree for ImageTree {
    type Error = Error;

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        let (tree, path) = self.of(folder);
        tree.list(path)
    }

    fn look(&self, path: &str) -> Result<Option<Entry>> {
        let (tree, path) = self.of(path);
        tree.look(path)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>> {
        let (tree, path) = self.of(path);
        tree.read(path)
    }
}
