//! GRUB in one file, for a firmware to load or a disk to begin with.

use std::path::Path;

use crate::error::{Result, While};
use crate::program::Program;

/// What `grub-mkimage` makes of `modules` for a platform such as `i386-pc`, and writes to the file `to`.
///
/// The modules are in a folder of `library` for each platform. The commands in the file `early` are run first: they say
/// where the menu is.
///
/// # Errors
/// When the program fails, or the library lacks a module.
pub(crate) fn image<'a>(
    library: &Path,
    platform: &str,
    early: &Path,
    modules: impl IntoIterator<Item = &'a str>,
    to: &Path,
) -> Result<Vec<u8>> {
    Program::new("grub-mkimage", "grub-common")
        .args(["-O", platform, "-p", "/boot/grub", "-d"])
        .arg(library.join(platform))
        .arg("-c")
        .arg(early)
        .arg("-o")
        .arg(to)
        .args(modules)
        .run()?;
    std::fs::read(to).while_doing(|| format!("reading {}", to.display()))
}
