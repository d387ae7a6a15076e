//! The network's boot: kernel, RAM disk, and a script for iPXE in a folder that a server gives out.

use std::path::{Path, PathBuf};

use super::grub::CONSOLES;
use crate::error::{Error, Result};
use crate::live::disks;
use crate::live::order::Task;

/// The kernel's name in the folder.
pub const KERNEL: &str = "vmlinuz";
/// The name of its files.
pub const RAM_DISK: &str = "initrd.img";
const IMAGE: &str = "landfall-";
const ENDING: &str = ".image";
/// The script's.
pub const SCRIPT: &str = "landfall.ipxe";

/// The image's name there: another one for whatever makes it another order.
#[must_use]
pub fn image(id: &str) -> String {
    format!("{IMAGE}{id}{ENDING}")
}

/// The images in the folder that earlier runs made.
#[must_use]
pub fn others(folder: &Path, own: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = files.map(|it| it.file_name().to_string_lossy().into_owned());
    let mut others: Vec<String> =
        names.filter(|it| it.starts_with(IMAGE) && it.ends_with(ENDING) && it != own).collect();
    others.sort();
    others.into_iter().map(|it| folder.join(it)).collect()
}

/// An address that a file's name can be put behind.
///
/// # Errors
/// When it is none.
pub fn base(url: &str) -> Result<String> {
    let parsed = reqwest::Url::parse(url).ok().filter(|it| matches!(it.scheme(), "http" | "https"));
    let parsed =
        parsed.filter(|it| it.query().is_none() && it.fragment().is_none() && it.username().is_empty());
    let Some(parsed) = parsed else {
        return Err(Error::refused(format!("'{url}' is no address of a folder"))
            .hint("give the address at which machines find the folder: --url http://SERVER/FOLDER/"));
    };
    Ok(format!("{}/", parsed.as_str().trim_end_matches('/')))
}

/// What iPXE does. Kernel and RAM disk come from where the script came from.
#[must_use]
pub fn script(task: &Task) -> String {
    let what = if task.order.wipe { "whatever is on it" } else { "if it is empty" };
    let printable: String = task.manifest.name.chars().filter(|it| !it.is_control() && *it != '$').collect();
    format!(
        "#!ipxe\n\
         # Made by landfall-image netboot.\n\
         echo Landfall writes {printable} ({})\n\
         echo to the disk with {}, {what}.\n\
         kernel {KERNEL} initrd={RAM_DISK} {CONSOLES} || goto failed\n\
         initrd {RAM_DISK} || goto failed\n\
         boot || goto failed\n\
         :failed\n\
         echo Landfall's files cannot be had from where this script came from.\n\
         prompt Press a key to try again. && chain {SCRIPT}\n",
        disks::size(task.manifest.size),
        task.order.disk,
    )
}
