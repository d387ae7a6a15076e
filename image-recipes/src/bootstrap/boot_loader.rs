//! GRUB for UEFI, and on a PC for BIOS too, put on a disk without mounting it and without `grub-install`.
//!
//! For BIOS, `grub-mkimage` makes an image from the modules that the base itself has, so that what `update-grub` writes
//! in the base later fits it. It goes into a partition of its own, and two sectors are told where that is: what
//! `grub-bios-setup` would do with a real disk.
//!
//! For UEFI on a PC nothing is made. The distribution's shim, which Microsoft signed and Secure Boot starts, goes where firmware
//! looks on any disk, beside the GRUB that the distribution signed; and that one reads a file of its own folder to find
//! the root. It is what `grub-install --uefi-secure-boot --force-extra-removable` leaves, so a later one replaces it. On arm64 the one file that
//! firmware looks for is made by `grub-mkimage` too, and nobody has signed it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::Ids;
use super::layout::{BIOS, ESP, ESP_BYTES, SECTOR};
use super::packages::Contents;
use crate::error::{Error, Result, While};
use crate::grub;
use crate::recipe::{Architecture, FileSystem};
use crate::seed::fat;

/// Modules that find the root, besides that of its file system; once the prefix is set, GRUB reads its configuration
/// from there in its normal mode, and loads what else that wants.
const MODULES: [&str; 9] =
    ["boot", "echo", "linux", "normal", "part_gpt", "part_msdos", "search", "search_fs_uuid", "terminal"];
/// Beyond that for a PC's BIOS; on arm64 the firmware's console is the serial port.
const BIOS_MODULES: [&str; 2] = ["biosdisk", "serial"];
/// Beyond that for UEFI, whose own partition is a FAT.
const UEFI_MODULES: [&str; 2] = ["efi_gop", "fat"];

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

/// Where the signed programs are in the base, and where they go on the EFI system partition: the shim under the name
/// that firmware looks for, and beside it what it looks for itself, GRUB and the manager of keys.
const SIGNED: [(&str, &str); 3] = [
    ("usr/lib/shim/shimx64.efi.signed", "EFI/BOOT/BOOTX64.EFI"),
    ("usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed", "EFI/BOOT/grubx64.efi"),
    ("usr/lib/shim/mmx64.efi.signed", "EFI/BOOT/mmx64.efi"),
];

/// Where Debian's signed GRUB reads how to find the root: that is inside what is signed.
const EFI_CONFIGURATION: &str = "EFI/debian/grub.cfg";

/// Puts what the contents' architecture boots by on `disk`, from what is below `root` (an unpacked base), for file systems
/// with these ids.
///
/// # Errors
/// When a program fails, or the base lacks GRUB's modules.
pub(super) fn install(disk: &Path, root: &Path, contents: &Contents, ids: &Ids) -> Result<()> {
    let image = |platform, more: &[&str]| grub_image(root, platform, more, contents.file_system, ids);
    let mut file = File::options()
        .read(true)
        .write(true)
        .open(disk)
        .while_doing(|| format!("opening {}", disk.display()))?;
    let efi = match contents.architecture {
        Architecture::X86_64 => {
            let boot = read(&root.join("usr/lib/grub/i386-pc/boot.img"))?;
            bios(&mut file, boot, &mut image("i386-pc", &BIOS_MODULES)?)?;
            signed(root, ids)?
        }
        Architecture::Aarch64 => {
            vec![("EFI/BOOT/BOOTAA64.EFI", image("arm64-efi", &UEFI_MODULES)?)]
        }
    };
    let efi: Vec<(&str, &[u8])> = efi.iter().map(|(to, content)| (*to, content.as_slice())).collect();
    put(&mut file, ESP * SECTOR, &fat::volume("ESP", ids.esp, ESP_BYTES, &efi)?)
}

fn grub_image(
    root: &Path,
    platform: &str,
    more: &[&str],
    file_system: FileSystem,
    ids: &Ids,
) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir().while_doing(|| "making a folder for the boot loader".into())?;
    let (early, out) = (folder.path().join("early.cfg"), folder.path().join("core.img"));
    let text =
        format!("search --no-floppy --fs-uuid --set=root {}\nset prefix=($root)/boot/grub\n", ids.root);
    std::fs::write(&early, text).while_doing(|| format!("writing {}", early.display()))?;
    let modules = MODULES.iter().chain(more).copied().chain([module(file_system)]);
    grub::image(&root.join("usr/lib/grub"), platform, &early, modules, &out)
}

/// GRUB's name for what reads it.
fn module(file_system: FileSystem) -> &'static str {
    match file_system {
        FileSystem::Ext4 => "ext2",
        FileSystem::Xfs => "xfs",
        FileSystem::Btrfs => "btrfs",
    }
}

/// The signed programs, and what the signed GRUB reads.
fn signed(root: &Path, ids: &Ids) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let configuration = format!(
        "search.fs_uuid {} root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n",
        ids.root
    );
    let mut files: Vec<(&str, Vec<u8>)> =
        SIGNED.iter().map(|(from, to)| Ok((*to, read(&root.join(from))?))).collect::<Result<_>>()?;
    files.push((EFI_CONFIGURATION, configuration.into()));
    Ok(files)
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
