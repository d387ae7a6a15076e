//! A disk with one FAT file system, made in memory from a list of files.
//!
//! The same files give the same bytes: the clock is not asked, and the volume's id is taken from the content. No
//! partition table: cloud-init, systemd and Landfall look at whole disks too.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Write};

use fatfs::{Dir, FileSystem, FormatVolumeOptions, FsOptions};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// What cloud-init asks a NoCloud disk to be called.
pub const CIDATA: &str = "CIDATA";
/// What the medium with the binary is called: not a seed for anybody.
pub const BINARY: &str = "LANDFALLBIN";

/// Bytes of a sector, and of a cluster of the smallest disks.
const SECTOR: u64 = 512;
/// Boot sector, root folder, and room for long names: what is there besides clusters.
const SLACK: u64 = 96 * 1024;

/// From here on fatfs makes FAT32 of a volume.
const FAT32: u64 = 512 * 1024 * 1024;

/// Bytes of an entry in a folder.
const ENTRY: usize = 32;
/// How a folder's entry for itself begins, and the one for what it is in.
const DOT: &[u8] = b".          ";
const DOT_DOT: &[u8] = b"..         ";
/// An entry that can be used anew.
const REMOVED: [u8; ENTRY] = {
    let mut entry = [0; ENTRY];
    entry[0] = 0xe5;
    entry
};

/// A disk called `label` with `files`, by their names in its root folder.
///
/// # Errors
/// When a label or a name does not fit the file system; both are ours or checked, so that is a mistake in Landfall.
pub fn disk(label: &str, files: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    volume(label, volume_id(label, files), size(files), files)
}

/// A volume of `bytes` with this label and id, with `files` by their paths; folders on the way are made.
///
/// # Errors
/// When they do not fit, and for folders where the format would be FAT32.
pub fn volume(label: &str, id: u32, bytes: u64, files: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let folders = folders(files);
    if bytes >= FAT32 && !folders.is_empty() {
        return Err(broken(&"fatfs names the root of FAT32 otherwise than a checker wants it in a folder"));
    }
    let mut image = Cursor::new(vec![0; usize::try_from(bytes).map_err(|e| broken(&e))?]);
    let options = FormatVolumeOptions::new().volume_label(padded(label)?).volume_id(id);
    fatfs::format_volume(&mut image, options).map_err(|e| broken(&e))?;
    change(&mut image, |root| folders.into_iter().try_for_each(|it| root.create_dir(it).map(drop)))?;
    remove_long_names_of_dots(image.get_mut());
    change(&mut image, |root| {
        files.iter().try_for_each(|(name, content)| {
            let mut file = root.create_file(name)?;
            file.write_all(content)?;
            file.flush()
        })
    })?;
    Ok(image.into_inner())
}

type Image = Cursor<Vec<u8>>;

fn change(image: &mut Image, how: impl FnOnce(&Dir<'_, &mut Image>) -> io::Result<()>) -> Result<()> {
    // fatfs takes a disk from its start only.
    image.set_position(0);
    let disk = FileSystem::new(image, FsOptions::new()).map_err(|e| broken(&e))?;
    how(&disk.root_dir()).map_err(|e| broken(&e))?;
    disk.unmount().map_err(|e| broken(&e))
}

/// What these files are in, each after what it is in itself.
fn folders<'a>(files: &[(&'a str, &[u8])]) -> BTreeSet<&'a str> {
    files.iter().flat_map(|(name, _)| name.match_indices('/').map(|(end, _)| &name[..end])).collect()
}

/// fatfs gives a folder's first two entries long names. A checker takes those for broken and removes entries at the first
/// boot, so they go before there is any content that could look alike.
fn remove_long_names_of_dots(image: &mut [u8]) {
    for sector in image.chunks_exact_mut(SECTOR as usize) {
        let (entries, _) = sector.as_chunks_mut::<ENTRY>();
        if entries[1].starts_with(DOT) && entries[3].starts_with(DOT_DOT) {
            entries[0] = entries[1];
            entries[1] = entries[3];
            entries[2..4].fill(REMOVED);
        }
    }
}

/// Big enough for the files in clusters of any size that the format may choose for such a disk.
fn size(files: &[(&str, &[u8])]) -> u64 {
    let content: u64 = files.iter().map(|(_, bytes)| (bytes.len() as u64).next_multiple_of(4096)).sum();
    (content + content / 32 + SLACK).next_multiple_of(64 * SECTOR)
}

fn volume_id(label: &str, files: &[(&str, &[u8])]) -> u32 {
    let mut digest = Sha256::new();
    digest.update(label);
    for (name, content) in files {
        digest.update((name.len() as u64).to_le_bytes());
        digest.update(name);
        digest.update((content.len() as u64).to_le_bytes());
        digest.update(content);
    }
    let sum = digest.finalize();
    u32::from_le_bytes([sum[0], sum[1], sum[2], sum[3]])
}

fn padded(label: &str) -> Result<[u8; 11]> {
    let mut padded = [b' '; 11];
    let room = padded.get_mut(..label.len()).ok_or_else(|| broken(&"a label has at most 11 characters"))?;
    room.copy_from_slice(label.as_bytes());
    Ok(padded)
}

fn broken(error: &dyn std::fmt::Display) -> Error {
    Error::bug(error.to_string()).while_doing("making a FAT disk")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::program::Program;

    fn read(image: Vec<u8>, name: &str) -> Vec<u8> {
        let disk = FileSystem::new(Cursor::new(image), FsOptions::new()).unwrap();
        let mut content = Vec::new();
        disk.root_dir().open_file(name).unwrap().read_to_end(&mut content).unwrap();
        content
    }

    #[test]
    fn what_goes_in_comes_out() {
        let image =
            disk(CIDATA, &[("meta-data", b"instance-id: a\n"), ("user-data", b"#cloud-config\n")]).unwrap();
        assert_eq!(read(image.clone(), "meta-data"), b"instance-id: a\n");
        assert_eq!(read(image, "user-data"), b"#cloud-config\n");
    }

    #[test]
    fn the_same_files_give_the_same_bytes_and_others_another_id() {
        let files: &[(&str, &[u8])] = &[("meta-data", b"a"), ("user-data", b"b")];
        assert_eq!(disk(CIDATA, files).unwrap(), disk(CIDATA, files).unwrap());
        assert_ne!(volume_id(CIDATA, files), volume_id(CIDATA, &[("meta-data", b"a"), ("user-data", b"c")]));
    }

    #[test]
    fn a_seed_is_small_and_a_binary_fits() {
        let seed = disk(CIDATA, &[("user-data", &[b'x'; 16 * 1024])]).unwrap();
        assert!(seed.len() < 200_000, "{}", seed.len());
        let binary = vec![7; 5_000_000];
        assert_eq!(read(disk(BINARY, &[("landfall", &binary)]).unwrap(), "landfall"), binary);
    }

    #[test]
    fn every_size_from_nothing_to_forty_megabytes_fits() {
        for size in [0, 1, 511, 512, 513, 100_000, 1_000_000, 3_000_000, 9_000_000, 17_000_000, 40_000_000] {
            let content = vec![1; size];
            assert_eq!(
                read(disk("X", &[("a-long-name.of-a-file", &content)]).unwrap(), "a-long-name.of-a-file"),
                content
            );
        }
    }

    #[test]
    fn a_checker_and_a_prober_that_are_not_ours_agree() {
        let folder = tempfile::tempdir().unwrap();
        for (label, size) in [(CIDATA, 100), (BINARY, 5_000_000), (CIDATA, 40_000_000)] {
            let path = folder.path().join("disk");
            std::fs::write(
                &path,
                disk(label, &[("landfall.toml", &vec![9; size]), ("user-data", b"u")]).unwrap(),
            )
            .unwrap();
            Program::new("fsck.vfat", "dosfstools").arg("-n").arg(&path).run().unwrap();
            let found =
                Program::new("blkid", "util-linux").args(["-o", "value", "-s", "LABEL"]).arg(&path).run();
            assert_eq!(found.unwrap().trim(), label);
        }
    }

    #[test]
    fn a_checker_that_is_not_ours_has_nothing_to_say_of_folders() {
        let folder = tempfile::tempdir().unwrap();
        let mut alike = [7; SECTOR as usize];
        alike[ENTRY..][..DOT.len()].copy_from_slice(DOT);
        alike[3 * ENTRY..][..DOT_DOT.len()].copy_from_slice(DOT_DOT);
        let files: [(&str, &[u8]); 4] = [
            ("EFI/BOOT/BOOTX64.EFI", &[7; 9000]),
            ("EFI/debian/a name that takes three entries", b"search"),
            ("EFI/alike", &alike),
            ("top", b"t"),
        ];
        for megabytes in [1, 40, 500] {
            let image = volume("ESP", 7, megabytes << 20, &files).unwrap();
            for (name, content) in files {
                assert_eq!(read(image.clone(), name), content, "{name} of {megabytes} MB");
            }
            let path = folder.path().join("disk");
            std::fs::write(&path, image).unwrap();
            let said = Program::new("fsck.vfat", "dosfstools").arg("-n").arg(&path).run().unwrap();
            assert_eq!(said.lines().count(), 2, "{said}");
        }
        assert!(volume("ESP", 7, 512 << 20, &files).is_err(), "FAT32");
    }
}
