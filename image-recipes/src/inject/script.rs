//! What debugfs is told, and what it says to it.

use std::collections::BTreeMap;
use std::path::Path;

use tempfile::TempDir;

use super::tree::{Wanted, What};
use crate::disk::ImageTree;
use crate::error::{Error, Result, While};
use crate::program::Program;

/// Where SELinux keeps a file's label.
const LABEL: &str = "security.selinux";

/// The commands, with the files that they write from.
pub struct Script {
    commands: String,
    files: TempDir,
}

impl Script {
    /// Makes the commands for what is missing, folders first.
    ///
    /// # Errors
    /// When a path cannot be said to debugfs, or a label not be read.
    pub fn of(tree: &ImageTree, image: &Path, offset: u64, missing: &[Wanted]) -> Result<Self> {
        let files = tempfile::tempdir().while_doing(|| "making a folder for debugfs".into())?;
        let mut script = Self { commands: String::new(), files };
        let mut labels = Labels { tree, device: device(image, offset)?, known: BTreeMap::new() };
        for (number, wanted) in missing.iter().enumerate() {
            let label = labels.of_parent(&wanted.path)?;
            script.add(number, wanted, label.as_deref())?;
            labels.known.insert(wanted.path.clone(), label);
        }
        Ok(script)
    }

    fn add(&mut self, number: usize, wanted: &Wanted, label: Option<&str>) -> Result<()> {
        let path = said(&wanted.path)?;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = if folder.is_empty() { "/" } else { folder };
        let kind = match &wanted.what {
            What::Folder => 0o040_000,
            What::File(_) => 0o100_000,
            What::Link(_) => 0o120_000,
        };
        let mut tell = |line: String| self.commands.push_str(&(line + "\n"));
        tell(format!("cd {folder}"));
        if wanted.replaces {
            tell(format!("rm {name}"));
        }
        match &wanted.what {
            What::Folder => tell(format!("mkdir {name}")),
            What::Link(to) => tell(format!("symlink {name} {}", said(to)?)),
            What::File(content) => {
                let from = self.files.path().join(number.to_string());
                std::fs::write(&from, content).while_doing(|| format!("writing {}", from.display()))?;
                tell(format!("write {} {name}", said(&from.to_string_lossy())?));
            }
        }
        if !matches!(wanted.what, What::Link(_)) {
            tell(format!("set_inode_field {name} mode 0{:o}", kind | wanted.mode));
        }
        tell(format!("set_inode_field {name} uid 0"));
        tell(format!("set_inode_field {name} gid 0"));
        if let Some(label) = label {
            tell(format!("ea_set {name} {LABEL} {label}"));
        }
        Ok(())
    }

    /// Runs them. debugfs says nothing on standard error but its version while all is well.
    ///
    /// # Errors
    /// When it says anything else.
    pub fn run(&self, image: &Path, offset: u64) -> Result<()> {
        let script = self.files.path().join("commands");
        std::fs::write(&script, &self.commands).while_doing(|| format!("writing {}", script.display()))?;
        let program = debugfs().args(["-w", "-f"]).arg(&script).arg(device(image, offset)?);
        let output = program.output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match said.lines().find(|line| !line.starts_with("debugfs ") && !line.trim().is_empty()) {
            Some(line) => {
                Err(Error::failed(format!("debugfs failed: {line}"))
                    .while_doing(format!("running {program}")))
            }
            None if output.status.success() => Ok(()),
            None => Err(program.failure(&output)),
        }
    }
}

/// The label of the nearest folder above: what the kernel gives a file for which no policy says otherwise.
struct Labels<'a> {
    tree: &'a ImageTree,
    device: String,
    known: BTreeMap<String, Option<String>>,
}

impl Labels<'_> {
    fn of_parent(&mut self, path: &str) -> Result<Option<String>> {
        let folder = match path.rsplit_once('/') {
            Some(("", _)) | None => "/",
            Some((folder, _)) => folder,
        };
        if let Some(known) = self.known.get(folder) {
            return Ok(known.clone());
        }
        let label = match self.tree.root.exists(folder)? {
            true => self.read(folder)?,
            false => self.of_parent(folder)?,
        };
        self.known.insert(folder.to_owned(), label.clone());
        Ok(label)
    }

    /// In quotes, as debugfs prints it and takes it again; nothing where there is none.
    fn read(&self, folder: &str) -> Result<Option<String>> {
        let request = format!("ea_get {} {LABEL}", said(folder)?);
        let output = debugfs().args(["-R", &request]).arg(&self.device).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text
            .split_once(" = \"")
            .and_then(|(_, rest)| rest.rsplit_once('"'))
            .map(|(label, _)| format!("\"{label}\"")))
    }
}

fn debugfs() -> Program {
    Program::new("debugfs", "e2fsprogs")
}

/// A file system inside a file, as the programs of e2fsprogs are told.
///
/// # Errors
/// When the path has a question mark, which they would take for their own.
pub fn device(image: &Path, offset: u64) -> Result<String> {
    let path = image.to_string_lossy();
    if path.contains('?') {
        return Err(
            Error::refused(format!("{path} has a question mark in its name")).hint("give it another name")
        );
    }
    Ok(format!("{path}?offset={offset}"))
}

/// debugfs takes words apart at spaces and reads quotes and backslashes.
fn said(path: &str) -> Result<&str> {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"\"\\#<>".contains(c);
    match !path.is_empty() && path.chars().all(plain) && !path.starts_with('-') {
        true => Ok(path),
        false => Err(Error::refused(format!("'{}' cannot be written by debugfs", path.escape_debug()))),
    }
}
