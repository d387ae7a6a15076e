//! Files into an image that is not running: into its ext4 root, by debugfs, without root and without a mount.
//!
//! debugfs writes whatever it is told, into a file system with a journal to play too, and ends with exit code 0
//! whatever happened. So all of that is looked at here: the journal and e2fsck before, every word that debugfs says,
//! e2fsck after, and each file read back. All of it on a copy, which takes the image's name at the end.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::disk::{Disk, ImageTree, root};
use crate::error::{Error, Result, While};
use crate::outputs::{Folder, folder_of};
use crate::program::Program;
use crate::recipe::{Landfall, reading};

use landfall_contract::policy::{self, Policy};
use landfall_contract::seal_list::SEALED;

mod script;
mod superblock;
#[cfg(test)]
mod tests;
mod tree;

use script::Script;
use superblock::Superblock;
use tree::Wanted;

/// What to put in.
#[derive(Debug, Clone)]
pub struct Injection {
    /// The binary `landfall`: it says itself which files it needs.
    pub binary: PathBuf,
    /// A policy for the first boot.
    pub policy: Option<PathBuf>,
    /// A configuration.
    pub config: Option<PathBuf>,
}

/// What was done, a line for each.
pub type Lines = Vec<String>;

/// Puts Landfall into an image.
///
/// # Errors
/// When the image is not one that can be written safely, or the binary or debugfs fails: the image is as it was then.
pub fn inject(image: &Path, injection: &Injection) -> Result<Lines> {
    if let Some(config) = &injection.config {
        // The recipe's own type: it has every option but those of an activation.
        reading::file::<Landfall>(config)?;
    }
    if let Some(policy) = &injection.policy {
        reading::file::<Policy>(policy)?;
    }
    // The copy takes the place of the image, and not of a link to it.
    let image = &crate::disk::resolved(image)?;
    let disk = Disk::open(image)?;
    if disk.format != "raw" {
        return Err(Error::refused(format!(
            "{} is a {}, and files go into raw disks alone",
            image.display(),
            disk.format
        ))
        .hint("convert it: qemu-img convert -O raw IMAGE disk.raw"));
    }
    let offset = root(&disk)?.offset;
    let superblock = Superblock::read(&disk, offset)?;
    superblock.demand_clean()?;
    checked(image, offset)?;
    let tree = ImageTree::open(&disk)?;
    let wanted = asked(&tree, injection)?;
    let missing =
        wanted.into_iter().filter_map(|it| it.missing(&tree).transpose()).collect::<Result<Vec<_>>>()?;
    if missing.is_empty() {
        return Ok(vec!["already so  every file is there".into()]);
    }
    superblock.demand_room(&missing)?;
    let script = Script::of(&tree, image, offset, &missing)?;
    drop((tree, disk));
    let folder = Folder::lock(folder_of(image))?;
    let name = image.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let copy = folder.unfinished(&name)?;
    copied(image, &copy.path)?;
    script.run(&copy.path, offset)?;
    checked(&copy.path, offset)?;
    read_back(&copy.path, &missing)?;
    copy.finish()?;
    Ok(missing.iter().map(|it| format!("done       {}", it.path)).collect())
}

/// Every file that the binary puts into a tree which looks like the image's.
fn asked(image: &ImageTree, injection: &Injection) -> Result<Vec<Wanted>> {
    let folder = tempfile::tempdir().while_doing(|| "making a folder for the installer".into())?;
    let root = folder.path().join("root");
    let skeleton = tree::skeleton(image, &root)?;
    // The binary is Landfall's own and not on the search path, so it is no `Program`.
    let mut command =
        Command::new(std::path::absolute(&injection.binary).while_doing(|| "finding the binary".into())?);
    command.arg("install").arg("--root").arg(&root);
    // Options for the machine that is sat at; the image's come from files alone.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"LANDFALL_"))
    {
        command.env_remove(name);
    }
    if let Some(config) = &injection.config {
        command.arg("--config").arg(config);
    }
    let doing = || format!("running {} install --root", injection.binary.display());
    let output = command.output().map_err(|e| {
        Error::refused(format!("{} cannot be run: {e}", injection.binary.display()))
            .hint("give a binary that runs on this machine; one for another architecture does not")
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let said = said.strip_prefix("error: ").unwrap_or(&said).to_owned();
        return Err(Error::refused(said).while_doing(doing()));
    }
    // Last of all that it writes: without it there is no first boot.
    if !root.join(&SEALED[1..]).is_file() {
        return Err(Error::failed(format!("it did not leave {SEALED}")).while_doing(doing()));
    }
    if let Some(policy) = &injection.policy {
        tree::put(&root, policy::PATH, policy)?;
    }
    tree::new_in(&root, &skeleton)
}

/// e2fsck, for looking alone.
fn checked(image: &Path, offset: u64) -> Result<()> {
    let check = Program::new("e2fsck", "e2fsprogs").arg("-fn").arg(script::device(image, offset)?);
    let output = check.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let first = said
        .lines()
        .find(|line| !line.starts_with("Pass ") && !line.trim().is_empty())
        .unwrap_or("no reason");
    Err(Error::failed(format!("the root file system of {} has errors: {first}", image.display()))
        .while_doing(format!("running {check}")))
}

/// With its holes, and without copying at all where the file system can share.
fn copied(image: &Path, copy: &Path) -> Result<()> {
    let program = Program::new("cp", "coreutils").args(["--reflink=auto", "--sparse=always", "--"]);
    program.arg(image).arg(copy).run().map(drop)
}

fn read_back(image: &Path, wanted: &[Wanted]) -> Result<()> {
    let tree = ImageTree::open(&Disk::open(image)?)?;
    for it in wanted {
        if it.clone().missing(&tree)?.is_some() {
            return Err(Error::failed(format!("{} is not in the image as it was written", it.path)));
        }
    }
    Ok(())
}
