//! GRUB for UEFI, and on a PC for BIOS too, put on a disk without mounting it and without `grub-install`.
//!
//! `grub-mkimage` makes both images from the modules that the base itself has, so that what `update-grub` writes in
//! the base later fits them. For BIOS the image goes into a partition of its own, and two sectors are told where that
//! is: what `grub-bios-setup` would do with a real disk. For UEFI it is the one file that firmware looks for.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::Ids;
use super::layout::{BIOS, ESP, ESP_BYTES, SECTOR};
use crate::error::{Error, Result, While};
use crate::program::Program;
use crate::recipe::Architecture;
use crate::seed::fat;

/// Modules that find the root; once the prefix is set, GRUB reads its configuration from there in its normal mode, and
/// loads what else that wants.
const MODULES: [&str; 10] = [
    "boot",
    "echo",
    "ext2",
    "linux",
    "normal",
    "part_gpt",
    "part_msdos",
    "search",
    "search_fs_uuid",
    "terminal",
];
/// Beyond that for UEFI, whose own partition is a FAT.
const UEFI_MODULES: [&str; 2] = ["efi_gop", "fat"];
/// On a PC, GRUB drives the serial port by itself; on arm64 the firmware's console is one.
const PC: &str = "serial";

/// Where the boot sector keeps the number of the sector that follows it, and of the drive.
const KERNEL_SECTOR: usize = 0x5c;
const BOOT_DRIVE: usize = 0x64;
/// A jump around the probing of floppies, which a hard disk does without.
const FLOPPY_PROBE: usize = 0x66;
/// The disk's own signature and the old partition table.
const PARTITIONS: usize = 0x1b8;
/// The list of blocks at the end of the image's first sector: start, length, and the segment to load them to.
const BLOCK_LIST: usize = SECTOR as usize - 12;
const SEGMENT: u16 = 0x820;

/// Puts what this architecture boots by on `disk`, from the modules below `root` (an unpacked base), for file systems with these ids.
///
/// # Errors
/// When a program fails, or the base lacks GRUB's modules.
pub(super) fn install(disk: &Path, architecture: Architecture, root: &Path, ids: &Ids) -> Result<()> {
    let folder = tempfile::tempdir().while_doing(|| "making a folder for the boot loader".into())?;
    let early = folder.path().join("early.cfg");
    write(
        &early,
        format!("search --no-floppy --fs-uuid --set=root {}\nset prefix=($root)/boot/grub\n", ids.root)
            .as_bytes(),
    )?;
    let image = |format: &str, more: &[&str]| {
        let out = folder.path().join(format);
        Program::new("grub-mkimage", "grub-common")
            .args(["-O", format, "-p", "/boot/grub", "-d"])
            .arg(root.join("usr/lib/grub").join(format))
            .arg("-c")
            .arg(&early)
            .arg("-o")
            .arg(&out)
            .args(MODULES)
            .args(more)
            .run()?;
        read(&out)
    };
    let mut file = File::options()
        .read(true)
        .write(true)
        .open(disk)
        .while_doing(|| format!("opening {}", disk.display()))?;
    let (name, efi) = match architecture {
        Architecture::X86_64 => {
            let mut core = image("i386-pc", &["biosdisk", PC])?;
            bios(&mut file, read(&root.join("usr/lib/grub/i386-pc/boot.img"))?, &mut core)?;
            ("EFI/BOOT/BOOTX64.EFI", image("x86_64-efi", &[&UEFI_MODULES[..], &[PC]].concat())?)
        }
        Architecture::Aarch64 => ("EFI/BOOT/BOOTAA64.EFI", image("arm64-efi", &UEFI_MODULES)?),
    };
    let esp = fat::volume("ESP", ids.esp, ESP_BYTES, &[(name, &efi)])?;
    put(&mut file, ESP * SECTOR, &esp)
}

fn bios(disk: &mut File, mut boot: Vec<u8>, core: &mut [u8]) -> Result<()> {
    let sector = usize::try_from(SECTOR).unwrap_or(512);
    if boot.len() < sector || core.len() < sector {
        return Err(Error::failed("GRUB's boot sector or its image is too short"));
    }
    boot.truncate(sector);
    boot[KERNEL_SECTOR..KERNEL_SECTOR + 8].copy_from_slice(&BIOS.to_le_bytes());
    boot[BOOT_DRIVE] = 0xff;
    boot[FLOPPY_PROBE..FLOPPY_PROBE + 2].copy_from_slice(&[0x90, 0x90]);
    let mut there = vec![0; sector];
    disk.read_exact(&mut there).while_doing(|| "reading the disk's first sector".into())?;
    boot[PARTITIONS..].copy_from_slice(&there[PARTITIONS..]);

    let sectors =
        u16::try_from(core.len().div_ceil(sector)).map_err(|_| Error::failed("GRUB's image is too long"))?;
    core[BLOCK_LIST..BLOCK_LIST + 8].copy_from_slice(&(BIOS + 1).to_le_bytes());
    core[BLOCK_LIST + 8..BLOCK_LIST + 10].copy_from_slice(&(sectors - 1).to_le_bytes());
    core[BLOCK_LIST + 10..BLOCK_LIST + 12].copy_from_slice(&SEGMENT.to_le_bytes());
    put(disk, 0, &boot)?;
    put(disk, BIOS * SECTOR, core)
}

/// Writes what is not zero already: the file stays sparse.
fn put(file: &mut File, offset: u64, bytes: &[u8]) -> Result<()> {
    const PIECE: usize = 4096;
    for (index, piece) in bytes.chunks(PIECE).enumerate() {
        if piece.iter().any(|byte| *byte != 0) {
            file.seek(SeekFrom::Start(offset + (index * PIECE) as u64))
                .and_then(|_| file.write_all(piece))
                .while_doing(|| "writing the boot loader".into())?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).while_doing(|| format!("reading {}", path.display()))
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    std::fs::write(path, content).while_doing(|| format!("writing {}", path.display()))
}
