//! One file for discs and for sticks: an ISO 9660 with GRUB before it, and UEFI's partition behind it.
//!
//! `xorriso` writes it, with the arguments that GRUB's own `grub-mkrescue` gives it.

use std::fs;
use std::path::Path;

use super::grub::{self, Images};
use crate::error::{Result, While};
use crate::live::medium::label;
use crate::live::order::{IMAGE, Task};
use crate::program::Program;

/// What goes in.
pub struct Content<'a> {
    /// The order, for the menu.
    pub task: &'a Task,
    /// The number of the image's EFI partition.
    pub esp: Option<usize>,
    /// The live system's kernel.
    pub kernel: &'a Path,
    /// Its files.
    pub ram_disk: &'a Path,
}

/// Writes it. The image's pieces are in `folder` already.
///
/// # Errors
/// When a program fails.
pub fn write(content: &Content, folder: &Path, to: &Path) -> Result<()> {
    let parts = folder.join("grub");
    fs::create_dir(&parts).while_doing(|| format!("making {}", parts.display()))?;
    let images = grub::images(content.task, &parts)?;
    let menu = parts.join("grub.cfg");
    fs::write(&menu, grub::menu(content.task, content.esp)).while_doing(|| "writing the menu".into())?;
    let image = folder.join(IMAGE);
    let files = [
        ("/boot/grub/grub.cfg", menu.as_path()),
        ("/boot/grub/disc.img", &images.disc),
        ("/live/vmlinuz", content.kernel),
        ("/live/initrd.img", content.ram_disk),
        ("/landfall.image", &image),
    ];
    xorriso(&label(&content.task.order.id), &images, &files, to).run().map(drop)
}

fn xorriso(label: &str, images: &Images, files: &[(&str, &Path)], to: &Path) -> Program {
    let graft = files.iter().map(|(name, file)| format!("{name}={}", escaped(file)));
    Program::new("xorriso", "xorriso")
        // An image may have more than 4 GiB, and is owned by nobody in particular.
        .args(["-as", "mkisofs", "-quiet", "-graft-points", "-iso-level", "3", "-r", "-V", label])
        .arg("--grub2-mbr")
        .arg(&images.stick)
        .args(["-partition_offset", "16", "-appended_part_as_gpt", "-append_partition", "2"])
        .arg("C12A7328-F81F-11D2-BA4B-00A0C93EC93B")
        .arg(&images.esp)
        .args(["-b", "boot/grub/disc.img", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table"])
        .args(["--grub2-boot-info", "-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::"])
        .args(["-no-emul-boot", "-o"])
        .arg(to)
        .args(graft)
}

/// An equals sign and a backslash mean something between a name and its file.
fn escaped(file: &Path) -> String {
    file.display().to_string().replace('\\', "\\\\").replace('=', "\\=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_an_equals_sign_is_one_path() {
        assert_eq!(escaped(Path::new("/a=b/c\\d")), "/a\\=b/c\\\\d");
    }
}
