//! The disks of the machine, as people know them: model, size, serial number, and the place that they are plugged into.
//!
//! What udev knows is asked through `udevadm`; a disk's own bytes are not looked at here.

use std::fs;
use std::path::{Path, PathBuf};

use super::choice::{BY_PATH, Choice};
use crate::error::{Error, Result};
use crate::program::Program;

const BLOCK: &str = "/sys/block";
/// What is no disk of the machine's: memory, files, drives for discs and floppies, and what is made of other disks.
const OTHERS: [&str; 9] = ["loop", "ram", "zram", "sr", "fd", "dm-", "md", "nbd", "mtdblock"];

/// A disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disk {
    /// The kernel's name for it.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// Bytes of its sectors.
    pub sector: u64,
    /// What its maker calls it.
    pub model: String,
    /// Its serial number as udev knows it: the one on its label first, which with SAS is not the short one.
    pub serials: Vec<String>,
    /// Its names by place.
    pub paths: Vec<String>,
}

impl Disk {
    /// Its node.
    #[must_use]
    pub fn node(&self) -> PathBuf {
        Path::new("/dev").join(&self.name)
    }

    fn is(&self, choice: &Choice) -> bool {
        match choice {
            Choice::Serial(serial) => self.serials.contains(serial),
            Choice::Path(path) => self.paths.contains(path),
        }
    }

    /// It in a few words, for a person.
    #[must_use]
    pub fn described(&self) -> String {
        let model = if self.model.is_empty() { "disk" } else { &self.model };
        let serial = self.serials.first().map_or("none", String::as_str);
        format!("{model}, {}, serial {serial}", size(self.bytes))
    }

    /// What udev and the kernel say of a disk.
    fn of(name: &str, properties: &str, sectors: u64, sector: u64) -> Self {
        let value = |key: &str| {
            properties.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).map(str::to_owned)
        };
        let keys = ["ID_SCSI_SERIAL", "ID_SERIAL_SHORT", "ID_SERIAL"];
        let mut serials: Vec<String> = keys.iter().filter_map(|key| value(key)).collect();
        serials.dedup();
        let links = value("DEVLINKS").unwrap_or_default();
        let paths = links.split_whitespace().filter_map(|link| link.strip_prefix(BY_PATH)).map(str::to_owned);
        Self {
            name: name.to_owned(),
            // The kernel counts in these whatever the disk's own are.
            bytes: sectors.saturating_mul(512),
            sector,
            model: value("ID_MODEL").unwrap_or_default().replace('_', " ").trim().to_owned(),
            serials,
            paths: paths.collect(),
        }
    }
}

/// Gigabytes as they stand on a disk's label.
#[must_use]
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

/// All disks of this machine.
///
/// # Errors
/// When udev cannot be asked.
pub fn of_machine() -> Result<Vec<Disk>> {
    let mut disks = Vec::new();
    for name in names() {
        let (folder, node) = (Path::new(BLOCK).join(&name), Path::new("/dev").join(&name));
        if !is_a_disk(&folder) || !node.exists() {
            continue;
        }
        let ask = Program::new("udevadm", "udev").args(["info", "--query=property"]);
        match ask.arg(format!("--name={}", node.display())).run() {
            Ok(properties) => disks.push(Disk::of(
                &name,
                &properties,
                number(&folder, "size"),
                number(&folder, "queue/logical_block_size"),
            )),
            // It was pulled out meanwhile.
            Err(_) if !node.exists() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(disks)
}

/// Whether the kernel's folder of it is a disk's. A path to an NVMe disk, of which there may be several, is hidden, and
/// has no node: the disk itself stands beside it.
fn is_a_disk(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let is_other = OTHERS.iter().any(|other| name.starts_with(other));
    !is_other && number(folder, "hidden") == 0 && number(folder, "size") > 0
}

/// The kernel's names of all its disks and drives.
#[must_use]
pub fn names() -> Vec<String> {
    let entries = fs::read_dir(BLOCK).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|it| it.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn number(folder: &Path, fact: &str) -> u64 {
    let text = fs::read_to_string(folder.join(fact)).unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}

/// The one that is meant. `medium` is what the machine was booted from.
///
/// # Errors
/// When there is none, or more than one, or it is the medium itself.
pub fn chosen<'a>(disks: &'a [Disk], choice: &Choice, medium: Option<&str>) -> Result<&'a Disk> {
    let mut matching = disks.iter().filter(|it| it.is(choice));
    let Some(disk) = matching.next() else {
        return Err(Error::refused(format!("this machine has no disk with {choice}"))
            .hint("plug it in: it is looked for all the time. Or make a medium for one of the disks above"));
    };
    if let Some(other) = matching.next() {
        return Err(Error::refused(format!("{} and {} both have {choice}", disk.name, other.name))
            .hint("make a medium that names the disk by its place: --disk path=NAME"));
    }
    if medium == Some(disk.name.as_str()) {
        return Err(Error::refused(format!(
            "the disk with {choice} is the medium that this machine was booted from"
        ))
        .hint("make a medium for another disk"));
    }
    Ok(disk)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SATA: &str = "DEVLINKS=/dev/disk/by-id/ata-QEMU_HARDDISK_disk1 /dev/disk/by-path/pci-0000:00:1f.2-ata-2 /dev/disk/by-path/pci-0000:00:1f.2-ata-2.0\nDEVNAME=/dev/sda\nID_MODEL=QEMU_HARDDISK\nID_SERIAL=QEMU_HARDDISK_disk1\nID_SERIAL_SHORT=disk1\n";
    const VIRTIO: &str = "DEVLINKS=/dev/disk/by-path/virtio-pci-0000:00:04.0\nID_SERIAL=disk0\n";

    fn disks() -> Vec<Disk> {
        vec![Disk::of("sda", SATA, 1 << 24, 512), Disk::of("vda", VIRTIO, 1 << 23, 512)]
    }

    #[test]
    fn a_disk_is_found_by_the_serial_on_its_label_and_by_each_name_of_its_place() {
        let disks = disks();
        for (choice, name) in [
            ("serial=disk1", "sda"),
            ("serial=disk0", "vda"),
            ("path=pci-0000:00:1f.2-ata-2.0", "sda"),
            ("path=virtio-pci-0000:00:04.0", "vda"),
        ] {
            assert_eq!(chosen(&disks, &choice.parse().unwrap(), None).unwrap().name, name);
        }
        assert_eq!(disks[0].described(), "QEMU HARDDISK, 8.5 GB, serial disk1");
        assert_eq!(disks[1].described(), "disk, 4.2 GB, serial disk0");
    }

    #[test]
    fn a_sas_disk_shows_the_serial_on_its_label_and_not_its_worldwide_name() {
        let sas = "ID_MODEL=ST1200\nID_SERIAL=35000c500a1b2c3d7\nID_SERIAL_SHORT=5000c500a1b2c3d7\nID_SCSI_SERIAL=WFK0A1B2\n";
        let disks = [Disk::of("sda", sas, 1 << 24, 512)];
        assert!(disks[0].described().ends_with("serial WFK0A1B2"), "{}", disks[0].described());
        chosen(&disks, &"serial=5000c500a1b2c3d7".parse().unwrap(), None).unwrap();
    }

    #[test]
    fn a_hidden_path_to_a_disk_an_empty_drive_and_a_disk_of_disks_are_none() {
        let kernels = tempfile::tempdir().unwrap();
        for (name, size, hidden, is_one) in [
            ("nvme0n1", "4096", "0", true),
            ("nvme0c0n1", "4096", "1", false),
            ("sdb", "0", "0", false),
            ("dm-0", "4096", "0", false),
            ("mmcblk0", "4096", "", true),
        ] {
            let folder = kernels.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("size"), size).unwrap();
            fs::write(folder.join("hidden"), hidden).unwrap();
            assert_eq!(is_a_disk(&folder), is_one, "{name}");
        }
    }

    #[test]
    fn a_part_of_a_serial_or_another_disks_is_none() {
        for wrong in ["serial=disk", "serial=sda", "path=pci-0000:00:1f.2-ata"] {
            let error = chosen(&disks(), &wrong.parse().unwrap(), None).unwrap_err();
            assert!(error.what.contains("has no disk with"), "{error}");
        }
    }

    #[test]
    fn two_disks_of_one_serial_and_the_medium_itself_are_refused() {
        let mut disks = disks();
        let choice = "serial=disk1".parse().unwrap();
        let error = chosen(&disks, &choice, Some("sda")).unwrap_err();
        assert!(error.what.contains("is the medium"), "{error}");
        disks[1].serials = vec!["disk1".into()];
        let error = chosen(&disks, &choice, None).unwrap_err();
        assert!(error.what.contains("sda and vda both have serial disk1"), "{error}");
    }
}
