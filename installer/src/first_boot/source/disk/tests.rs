//! Media as the usual tools make them, media that somebody made to do harm, and which disks are asked at all.

use std::io::Read as _;

use flate2::read::GzDecoder;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::super::tests::{SEED, SIGNATURE as SIGNED, allowing, looked};
use super::*;
use crate::first_boot::Policy;
use crate::host::fake::{Fake, fresh};

/// Images of `installer/tests/seeds`, unpacked.
fn images() -> Vec<(&'static str, Vec<u8>)> {
    macro_rules! images {
        ($($name:literal)*) => {
            vec![$(($name, unpacked(include_bytes!(concat!("../../../../tests/seeds/", $name, ".gz"))))),*]
        };
    }
    images!["fat12.img" "fat16.img" "fat32.img" "joliet.iso" "joliet-rock-ridge.iso" "rock-ridge.iso" "plain.iso"
        "xorriso.iso"]
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut content).unwrap();
    content
}

/// A disk, where the kernel shows it, with this on it.
pub(in super::super) fn attach(fake: &mut Fake, name: &str, place: &str, removable: bool, content: &[u8]) {
    let place = format!("/sys/devices/{place}/block/{name}");
    fake.put(&format!("{place}/size"), "1000\n", 0o444);
    fake.put(&format!("{place}/removable"), if removable { "1\n" } else { "0\n" }, 0o444);
    fake.link(&format!("/sys/class/block/{name}"), &place);
    fake.put_bytes(&format!("/dev/{name}"), content, 0o660);
}

fn with_disk(content: &[u8]) -> Fake {
    let mut fake = fresh();
    attach(&mut fake, "vda", "pci0000:00/virtio0", false, content);
    fake
}

#[test]
fn media_of_the_usual_tools_give_their_seed_and_its_signature() {
    for (name, image) in images() {
        let found = looked(&with_disk(&image), &allowing(&[Source::Disk])).unwrap();
        let found = found.unwrap_or_else(|| panic!("{name} has no seed"));
        assert_eq!(found.seed.expose(), SEED, "{name}");
        assert!(found.place.starts_with("landfall.toml on the disk vda ("), "{}", found.place);
        let signature = (name != "plain.iso").then_some(SIGNED);
        assert_eq!(found.signature.as_deref(), signature, "{name}");
    }
}

#[test]
fn a_medium_with_another_label_is_nobodys_business() {
    for (name, mut image) in images() {
        for label in LABELS {
            for word in [label.to_owned(), label.to_lowercase(), label.to_uppercase()] {
                let wide: Vec<u8> = word.bytes().flat_map(|letter| [0, letter]).collect();
                for word in [word.into_bytes(), wide] {
                    let places: Vec<usize> = image
                        .windows(word.len())
                        .enumerate()
                        .filter(|(_, it)| *it == word)
                        .map(|(at, _)| at)
                        .collect();
                    places.into_iter().for_each(|at| image[at..at + word.len()].fill(b'X'));
                }
            }
        }
        assert!(looked(&with_disk(&image), &allowing(&[Source::Disk])).unwrap().is_none(), "{name}");
    }
}

#[test]
fn a_rogue_stick_is_not_opened_and_said_and_the_machine_is_not_touched() {
    let (_, image) = images().swap_remove(0);
    let mut fake = fresh();
    attach(&mut fake, "sdb", "pci0000:00/usb1/1-1/host2", false, &image);
    let state = fake.state();
    assert!(looked(&fake, &Policy::default()).unwrap().is_none());
    assert!(fake.opened.borrow().is_empty());
    let said = super::super::not_allowed(&fake, &Policy::default()).unwrap().join("\n");
    assert!(said.contains("the removable disk sdb") && said.contains("'removable-disk'"), "{said}");
    assert_eq!(fake.state(), state);
    assert!(looked(&fake, &allowing(&[Source::RemovableDisk])).unwrap().is_some());
}

#[test]
fn what_is_removable_is_told_by_the_kernel_and_a_virtual_machines_discs_are_not() {
    let mut fake = fresh();
    attach(&mut fake, "vda", "virtio0", false, b"");
    attach(&mut fake, "sda", "usb2/host1", false, b"");
    attach(&mut fake, "sdc", "ata1", true, b"");
    attach(&mut fake, "sr0", "ata2", true, b"");
    attach(&mut fake, "sr1", "usb1/ata3", true, b"");
    attach(&mut fake, "loop0", "virtual", false, b"");
    fake.put("/sys/devices/usb2/host1/block/sda/sda1/partition", "1\n", 0o444);
    fake.put("/sys/devices/usb2/host1/block/sda/sda1/size", "9\n", 0o444);
    fake.link("/sys/class/block/sda1", "/sys/devices/usb2/host1/block/sda/sda1");
    assert_eq!(named(&fake, Kind::Fixed).unwrap(), ["sr0", "vda"]);
    assert_eq!(named(&fake, Kind::Removable).unwrap(), ["sda", "sda1", "sdc", "sr1"]);
    // On a machine of metal anybody may put a disc in.
    fake.put("/sys/class/dmi/id/sys_vendor", "Dell Inc.\n", 0o444);
    assert_eq!(named(&fake, Kind::Fixed).unwrap(), ["vda"]);
}

#[test]
fn what_somebody_may_plug_in_without_opening_the_machine_is_removable() {
    let mut fake = fresh();
    fake.put("/sys/class/dmi/id/sys_vendor", "Dell Inc.\n", 0o444);
    for (name, place) in [
        ("mmcblk0", "platform/mmc_host/mmc0/mmc0:0001"),
        ("mmcblk1", "platform/mmc_host/mmc1/mmc1:aaaa"),
        ("nvme0n1", "pci0000:00/0000:00:1c.0/0000:02:00.0/nvme/nvme0"),
        ("nvme1n1", "pci0000:00/0000:00:07.0/0000:05:00.0/nvme/nvme1"),
        ("nvme2n1", "pci0000:00/0000:00:1d.0/0000:03:00.0/nvme/nvme2"),
        ("sdd", "pci0000:00/0000:00:17.0/ata1/host0"),
    ] {
        attach(&mut fake, name, place, false, b"");
    }
    let mut say =
        |path: &str, word: &str| fake.put(&format!("/sys/devices/{path}"), &format!("{word}\n"), 0o444);
    say("platform/mmc_host/mmc0/mmc0:0001/block/mmcblk0/device/type", "MMC");
    say("platform/mmc_host/mmc1/mmc1:aaaa/block/mmcblk1/device/type", "SD");
    say("pci0000:00/0000:00:1c.0/0000:02:00.0/removable", "fixed");
    // The bridge of a port for Thunderbolt says nothing, what hangs on it does.
    say("pci0000:00/0000:00:07.0/0000:05:00.0/removable", "removable");
    say("pci0000:00/0000:00:1d.0/removable", "unknown");
    // A number, and of the drive, is no word of the card's.
    say("pci0000:00/0000:00:17.0/ata1/host0/block/sdd/device/type", "0");
    for (name, number) in [("mmcblk1p1", "179:1"), ("mmcblk1p2", "179:2")] {
        let place = format!("/sys/devices/platform/mmc_host/mmc1/mmc1:aaaa/block/mmcblk1/{name}");
        fake.put(&format!("{place}/partition"), "1\n", 0o444);
        fake.put(&format!("{place}/size"), "9\n", 0o444);
        fake.link(&format!("/sys/class/block/{name}"), &place);
        fake.link(&format!("/sys/dev/block/{number}"), &place);
    }
    assert_eq!(named(&fake, Kind::Fixed).unwrap(), ["mmcblk0", "nvme0n1", "nvme2n1", "sdd"]);
    let removable = ["mmcblk1", "mmcblk1p1", "mmcblk1p2", "nvme1n1"];
    assert_eq!(named(&fake, Kind::Removable).unwrap(), removable);
    // The card that a Raspberry Pi boots from has the system on it: whoever changes that needs no seed.
    fake.put("/proc/self/mountinfo", "22 1 179:2 / / rw - ext4 /dev/root rw\n", 0o444);
    let fixed = ["mmcblk0", "mmcblk1", "mmcblk1p1", "mmcblk1p2", "nvme0n1", "nvme2n1", "sdd"];
    assert_eq!(named(&fake, Kind::Fixed).unwrap(), fixed);
    assert_eq!(named(&fake, Kind::Removable).unwrap(), ["nvme1n1"]);

    // The same with LVM in an encrypted partition of it, and with Btrfs, whose number is no device's.
    let card = "/sys/devices/platform/mmc_host/mmc1/mmc1:aaaa/block/mmcblk1/mmcblk1p2";
    for (upper, lower) in [("dm-1", "/sys/devices/virtual/block/dm-0"), ("dm-0", card)] {
        let name = lower.rsplit('/').next().unwrap();
        fake.link(&format!("/sys/devices/virtual/block/{upper}/slaves/{name}"), lower);
    }
    fake.link("/sys/dev/block/253:1", "/sys/devices/virtual/block/dm-1");
    for mounted in ["253:1 / / rw - ext4 /dev/mapper/vg-root rw", "0:30 /@ / rw - btrfs /dev/mmcblk1p2 rw"] {
        fake.put("/proc/self/mountinfo", &format!("22 1 {mounted}\n"), 0o444);
        assert_eq!(named(&fake, Kind::Removable).unwrap(), ["nvme1n1"], "{mounted}");
    }
    fake.put("/proc/self/mountinfo", "22 1 0:30 /@ / rw - btrfs /dev/sdd rw\n", 0o444);
    assert_eq!(named(&fake, Kind::Removable).unwrap(), removable);
}

/// Where a bound fails, this does not end, or panics.
#[test]
fn no_medium_however_made_stops_the_machine() {
    let mut random = StdRng::seed_from_u64(1);
    for (name, image) in images() {
        for round in 0..150 {
            let mut bad = image.clone();
            for _ in 0..random.gen_range(1..40) {
                // What describes the rest is at the beginning of FAT, and 32 KiB in of ISO 9660.
                let from = if name.ends_with(".iso") && round % 4 != 0 { 0x8000 } else { 0 };
                let near = (from + if round % 2 == 0 { 600 } else { 0x4000 }).min(bad.len());
                let at = random.gen_range(from.min(near - 1)..near);
                bad[at] = *[0, 1, 0xff, 0x7f, random.r#gen::<u8>()].get(random.gen_range(0..5)).unwrap_or(&0);
            }
            bad.truncate(if round % 7 == 0 { random.gen_range(0..bad.len()) } else { bad.len() });
            let _ = looked(&with_disk(&bad), &allowing(&[Source::Disk]));
        }
    }
}

#[test]
fn a_chain_of_clusters_that_leads_back_into_itself_ends() {
    let (_, mut image) = images().swap_remove(0);
    let sectors = usize::from(medium::u16_at(&image, 14));
    // Every cluster is followed by cluster 2.
    for at in (0..image[sectors * 512..].len().min(600) - 3).step_by(3).skip(1) {
        image[sectors * 512 + at..][..3].copy_from_slice(&[0x02, 0x20, 0x00]);
    }
    let fake = with_disk(&image);
    let _ = looked(&fake, &allowing(&[Source::Disk]));
    // A file that says it is as large as can be, on it.
    let entry = image.windows(11).position(|it| it == b"LANDFA~1TOM").unwrap();
    image[entry + 28..entry + 32].copy_from_slice(&(1_u32 << 20).to_le_bytes());
    let _ = looked(&with_disk(&image), &allowing(&[Source::Disk]));
    image[entry + 28..entry + 32].fill(0xff);
    let fake = with_disk(&image);
    assert!(looked(&fake, &allowing(&[Source::Disk])).unwrap().is_none());
    assert!(fake.told().contains("far larger than a seed"), "{}", fake.told());
}
