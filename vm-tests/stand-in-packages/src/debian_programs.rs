//! Debian's programs as trees that RPM packages can be made of: unpacked, under merged `/usr`, without what a
//! server does not run, and without what is on the guest's disk from the start.

use crate::Result;
use crate::rpm::{Tree, finish};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders that no program here needs.
const NOT_NEEDED: &[&str] = &[
    "etc/default",
    "etc/init.d",
    "etc/logrotate.d",
    "usr/share/bash-completion",
    "usr/share/bug",
    "usr/share/doc",
    "usr/share/docker.io",
    "usr/share/fish",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/zsh",
];

/// The unpacked packages of a folder of .debs.
pub struct Programs<'a> {
    debs: &'a Path,
    root: &'a Path,
    scratch: &'a Path,
}

impl<'a> Programs<'a> {
    /// The packages in `debs`, for a guest whose disk begins as `root`.
    pub fn new(debs: &'a Path, root: &'a Path, scratch: &'a Path) -> Self {
        Self { debs, root, scratch }
    }

    /// All of these packages that are there, in one tree.
    pub fn tree(&self, label: &str, names: &[&str]) -> Result<Tree> {
        self.of(label, &|name| names.contains(&name))
    }

    /// All packages but these, in one tree.
    pub fn rest(&self, label: &str, names: &[&str]) -> Result<Tree> {
        self.of(label, &|name| !names.contains(&name))
    }

    /// The version of a package, without what Debian added to its maker's.
    pub fn version(&self, name: &str) -> Result<String> {
        let is_it = |(package, _): &(String, PathBuf)| package == name;
        let file = self.packages()?.into_iter().find(is_it).map(|(_, file)| file);
        let file = file.ok_or_else(|| format!("{} has no package {name}", self.debs.display()))?;
        let output = Command::new("dpkg-deb").arg("-f").arg(&file).arg("Version").output()?;
        let version = String::from_utf8(output.stdout)?;
        let version = version.split_once(':').map_or(version.as_str(), |(_, rest)| rest);
        let own = |at: char| at.is_ascii_digit() || at == '.';
        Ok(version.chars().take_while(|at| own(*at)).collect::<String>().trim_end_matches('.').to_owned())
    }

    fn of(&self, label: &str, wanted: &dyn Fn(&str) -> bool) -> Result<Tree> {
        let tree = Tree::new(self.scratch.join(label))?;
        for (_, file) in self.packages()?.iter().filter(|(name, _)| wanted(name)) {
            finish(Command::new("dpkg-deb").arg("-x").arg(file).arg(tree.root()))?;
        }
        for top in ["bin", "sbin", "lib", "lib64"] {
            merge(&tree.root().join(top), &tree.root().join("usr").join(top))?;
        }
        for folder in NOT_NEEDED.iter().map(|folder| tree.root().join(folder)).filter(|it| it.exists()) {
            fs::remove_dir_all(folder)?;
        }
        for file in tree.listed()? {
            if fs::symlink_metadata(self.root.join(&file[1..])).is_ok() {
                fs::remove_file(tree.root().join(&file[1..]))?;
            }
        }
        Ok(tree)
    }

    /// Name and file of each package.
    fn packages(&self) -> Result<Vec<(String, PathBuf)>> {
        let mut packages = Vec::new();
        for entry in fs::read_dir(self.debs)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if let Some((name, _)) = name.split_once('_') {
                packages.push((name.to_owned(), path));
            }
        }
        packages.sort();
        Ok(packages)
    }
}

/// Moves what is in one folder into another.
fn merge(from: &Path, to: &Path) -> Result<()> {
    if !fs::symlink_metadata(from).is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => merge(&entry.path(), &target)?,
            false if fs::symlink_metadata(&target).is_ok() => fs::remove_file(entry.path())?,
            false => fs::rename(entry.path(), target)?,
        }
    }
    Ok(fs::remove_dir(from)?)
}

/// The names that Debian's alternatives give to the programs of its package iptables, over nftables.
pub fn name_iptables(tree: &Tree) -> Result<()> {
    for family in ["iptables", "ip6tables"] {
        for action in ["", "-save", "-restore"] {
            symlink(format!("{family}-nft{action}"), tree.root().join(format!("usr/sbin/{family}{action}")))?;
        }
    }
    Ok(())
}
