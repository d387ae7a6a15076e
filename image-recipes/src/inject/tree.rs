//! A tree for the installer to write into, which looks like the image's as far as it asks, and what it wrote there.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use landfall_contract::seal_list::{Kind, Tree};

use crate::disk::ImageTree;
use crate::error::{Error, Result, While};

/// Folders whose being there the installer may ask for.
const FOLDERS: [&str; 10] = [
    "/etc/cloud",
    "/etc/cloud/clean.d",
    "/etc/systemd/system",
    "/etc/systemd/system-preset",
    "/etc/motd.d",
    "/usr/local/bin",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/var/lib",
    "/run",
];
/// Files that it reads.
const FILES: [&str; 4] =
    ["/usr/lib/os-release", "/etc/os-release", "/etc/selinux/config", "/usr/local/bin/landfall"];
/// Folders that an earlier injection wrote to: the installer has to see what it did, or it would do it anew.
const OURS: [&str; 5] = [
    "/etc/landfall",
    "/var/lib/landfall",
    "/etc/cloud/clean.d",
    "/etc/systemd/system-preset",
    "/etc/systemd/system",
];

/// Something that has to be in the image. Everything of it belongs to root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Where.
    pub path: String,
    /// What.
    pub what: What,
    /// Permission bits; of no meaning for a link.
    pub mode: u32,
    /// Whether something else has to go first.
    pub replaces: bool,
}

/// What has to be there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A folder.
    Folder,
    /// A file with this in it.
    File(Vec<u8>),
    /// A link to there.
    Link(String),
}

impl Wanted {
    /// Bytes that it takes, but for its name.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match &self.what {
            What::Folder => 4096,
            What::File(content) => content.len() as u64,
            What::Link(to) => to.len() as u64,
        }
    }

    /// Itself, where the image does not have it yet.
    ///
    /// # Errors
    /// When the image has something else in its place that is not ours to take away.
    pub fn missing(mut self, image: &ImageTree) -> Result<Option<Self>> {
        let Some(there) = image.look(&self.path)? else { return Ok(Some(self)) };
        let same = match (&self.what, there.kind) {
            // A link to a folder, such as /lib, is as good.
            (What::Folder, Kind::Folder | Kind::Link) => true,
            (What::File(content), Kind::File) => {
                there.mode == self.mode && image.read(&self.path)? == *content
            }
            (What::Link(to), Kind::Link) => image.root.link(&self.path)?.as_ref() == Some(to),
            (_, Kind::Folder | Kind::Other) | (What::Folder, _) => {
                return Err(Error::refused(format!("the image has {} at {}", there.kind.name(), self.path)));
            }
            _ => false,
        };
        self.replaces = !same;
        Ok((!same).then_some(self))
    }
}

/// Makes the tree; what it has from the start.
///
/// # Errors
/// When the image cannot be read, or the tree not be written.
pub fn skeleton(image: &ImageTree, root: &Path) -> Result<BTreeSet<Wanted>> {
    let doing = || "making a tree for the installer".to_owned();
    fs::create_dir_all(root.join("etc")).while_doing(doing)?;
    for folder in FOLDERS {
        if image.root.exists(folder)? {
            fs::create_dir_all(root.join(&folder[1..])).while_doing(doing)?;
        }
    }
    for file in FILES {
        copied(image, root, file)?;
    }
    for folder in OURS {
        copied(image, root, folder)?;
    }
    Ok(all(root)?.into_iter().collect())
}

/// Copies what stands at a path, with all that is in it. Only links within the tree stay links.
fn copied(image: &ImageTree, root: &Path, path: &str) -> Result<()> {
    let Some(there) = image.look(path)? else { return Ok(()) };
    let at = root.join(&path[1..]);
    let doing = || format!("copying {path} out of the image");
    fs::create_dir_all(at.parent().unwrap_or(root)).while_doing(doing)?;
    match there.kind {
        Kind::Folder => {
            fs::create_dir_all(&at).while_doing(doing)?;
            fs::set_permissions(&at, fs::Permissions::from_mode(there.mode)).while_doing(doing)?;
            image.list(path)?.iter().try_for_each(|name| copied(image, root, &format!("{path}/{name}")))
        }
        Kind::Link => match image.root.link(path)?.filter(|to| !to.starts_with('/')) {
            Some(to) => symlink(to, &at).while_doing(doing),
            None => {
                image.root.content(path)?.map_or(Ok(()), |content| fs::write(&at, content).while_doing(doing))
            }
        },
        Kind::File => {
            fs::write(&at, image.read(path)?).while_doing(doing)?;
            fs::set_permissions(&at, fs::Permissions::from_mode(there.mode)).while_doing(doing)
        }
        Kind::Other => Ok(()),
    }
}

/// Puts a copy of a file that everybody may read into the tree.
///
/// # Errors
/// When it cannot be read or written.
pub fn put(root: &Path, path: &str, from: &Path) -> Result<()> {
    let at = root.join(&path[1..]);
    let doing = || format!("copying {}", from.display());
    fs::create_dir_all(at.parent().unwrap_or(root)).while_doing(doing)?;
    let _ = fs::remove_file(&at);
    fs::write(&at, fs::read(from).while_doing(doing)?).while_doing(doing)?;
    fs::set_permissions(&at, fs::Permissions::from_mode(0o644)).while_doing(doing)
}

/// What is in the tree now that was not there, folders before what is in them.
///
/// # Errors
/// When the tree cannot be read.
pub fn new_in(root: &Path, before: &BTreeSet<Wanted>) -> Result<Vec<Wanted>> {
    Ok(all(root)?.into_iter().filter(|it| !before.contains(it)).collect())
}

fn all(root: &Path) -> Result<Vec<Wanted>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).while_doing(|| "reading what the installer wrote".into())? {
            let path = entry.while_doing(|| "reading what the installer wrote".into())?.path();
            let doing = || format!("reading {}", path.display());
            let metadata = fs::symlink_metadata(&path).while_doing(doing)?;
            let what = if metadata.is_dir() {
                folders.push(path.clone());
                What::Folder
            } else if metadata.is_symlink() {
                What::Link(fs::read_link(&path).while_doing(doing)?.display().to_string())
            } else {
                What::File(fs::read(&path).while_doing(doing)?)
            };
            let inner = path.strip_prefix(root).unwrap_or(&path).display();
            let mode = metadata.permissions().mode() & 0o7777;
            found.push(Wanted { path: format!("/{inner}"), what, mode, replaces: false });
        }
    }
    found.sort();
    Ok(found)
}
