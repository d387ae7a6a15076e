//! The golden image on the disks, cards and file systems that machines have.

use image_recipes::machine::{Bus, Card};
use image_recipes::recipe::{FileSystem, Format};
use vm_tests::error::{Error, Result};
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Boots, Setup, VirtualMachine};
use vm_tests::machine_images::{self, variants};

use crate::{counted, registers, report, scenario, seed_disk, seeded};

/// What drives the disk of the root, and every network card. A disk of NVMe hangs below no controller: it may have several.
fn drivers(machine: &VirtualMachine) -> Result<String> {
    machine.must(
        "root=$(findmnt -nvo SOURCE /); place=$(readlink -f /sys/class/block/${root#/dev/}/..); \
         while [ $place != /sys/devices ]; do [ ! -e $place/driver ] || basename $(readlink $place/driver); \
         place=${place%/*}; done; for it in /sys/class/net/e*/device/driver /sys/class/nvme/*/device/driver; do \
         [ ! -e $it ] || basename $(readlink $it); done",
    )
}

fn has(drivers: &str, wanted: &[&str]) -> Result<()> {
    match wanted.iter().find(|it| !drivers.lines().any(|line| line == **it)) {
        None => Ok(()),
        Some(missing) => Err(Error::new(format!("{missing} drives nothing here:\n{drivers}"))),
    }
}

#[test]
#[ignore = "in scripts/test --full: the same image boots from virtio in each run"]
fn a_vmdk_boots_on_vmwares_disk_controller_and_network_card_and_registers() -> Result<()> {
    scenario(|world| {
        let setup = Setup { bus: Bus::Pvscsi, card: Card::Vmxnet3, ..seeded(world)? };
        let mut machine = world.machine(&variants::exported(Format::Vmdk)?, setup)?;
        machine.boot()?;
        has(&drivers(&machine)?, &["sd", "vmw_pvscsi", "vmxnet3"])?;
        registers(world, &mut machine)?;
        machine.stop()
    })
}

#[test]
#[ignore = "in scripts/test --full: the same image boots from virtio in each run"]
fn the_disk_of_an_ova_boots_from_nvme_by_uefi_and_registers() -> Result<()> {
    scenario(|world| {
        let setup = Setup { bus: Bus::Nvme, boots: Boots::ByUefi, ..seeded(world)? };
        let mut machine = world.machine(&variants::exported(Format::Ova)?, setup)?;
        machine.boot()?;
        has(&drivers(&machine)?, &["nvme", "virtio_net"])?;
        registers(world, &mut machine)?;
        machine.stop()
    })
}

#[test]
#[ignore = "in scripts/test --full: the same image boots from virtio in each run"]
fn a_raw_disk_boots_on_sata_with_a_card_of_intels_and_takes_a_seed_from_a_stick_where_its_policy_says_so()
-> Result<()> {
    scenario(|world| {
        let image =
            variants::golden_and(&[("/etc/landfall/policy.toml", "sources = [\"removable-disk\"]\n")])?;
        let stick = seed_disk(world, Bus::Usb)?;
        let setup = Setup { bus: Bus::Ahci, card: Card::E1000e, ..Setup::default() }.with(stick);
        let mut machine = world.machine(&image, setup)?;
        machine.boot()?;
        has(&drivers(&machine)?, &["sd", "ahci", "e1000e"])?;
        registers(world, &mut machine)?;
        let source = report(&machine)?["source"].to_string();
        assert!(source.contains("LANDFALL") && source.contains("sd"), "{source}");
        machine.stop()
    })
}

/// Larger than every golden image here.
const LARGER: &str = "12G";

/// The root has the larger disk, but for what a file system keeps to itself; cloud-init had no part in it.
fn has_grown(machine: &VirtualMachine) -> Result<()> {
    println!("{}", machine.must("systemctl status grow-root | cat; df -h /; cat /proc/partitions")?);
    machine.must("[ $(df --block-size=M --output=size / | tr -dc 0-9) -gt 11200 ]")?;
    machine.must("systemctl is-active grow-root && [ ! -e /run/cloud-init/enabled ]")?;
    Ok(())
}

#[test]
#[ignore = "in scripts/test --full: it boots twice more, for what one unit does"]
fn the_root_takes_the_whole_of_a_larger_disk_where_cloud_init_finds_nothing() -> Result<()> {
    scenario(|world| {
        let setup = Setup { bus: Bus::VirtioScsi, size: Some(LARGER), ..seeded(world)? };
        let mut machine = world.machine(&machine_images::golden()?, setup)?;
        machine.boot()?;
        has(&drivers(&machine)?, &["virtio_scsi"])?;
        has_grown(&machine)?;
        registers(world, &mut machine)?;
        machine.stop()?;
        machine.boot()?;
        has_grown(&machine)?;
        assert_eq!(counted(world)?, (1, 1));
        machine.stop()
    })
}

fn is_baked_boots_and_grows(file_system: FileSystem) -> Result<()> {
    scenario(|world| {
        let setup = Setup { size: Some(LARGER), ..seeded(world)? };
        let mut machine = world.machine(&variants::golden_on(file_system)?, setup)?;
        machine.boot()?;
        assert_eq!(machine.must("findmnt -no FSTYPE /")?.trim(), file_system.word());
        has_grown(&machine)?;
        // What a copy may lose: content, permissions and links. What a package has in /var, its programs change.
        machine.must(
            "! cat /var/lib/dpkg/info/*.md5sums | (cd / && md5sum -c 2>/dev/null) | \
             grep ': FAILED$' | grep -v ^var/",
        )?;
        machine.must("[ -u /usr/bin/sudo ] && [ /usr/bin/perl -ef /usr/bin/perl5.36.0 ]")?;
        registers(world, &mut machine)?;
        machine.stop()
    })
}

#[test]
#[ignore = "in scripts/test --full: it makes and bakes a base of its own"]
fn an_image_with_its_root_on_btrfs_is_baked_boots_grows_and_registers() -> Result<()> {
    is_baked_boots_and_grows(FileSystem::Btrfs)
}

#[test]
#[ignore = "in scripts/test --full: it makes and bakes a base of its own"]
fn an_image_with_its_root_on_xfs_is_baked_boots_grows_and_registers() -> Result<()> {
    is_baked_boots_and_grows(FileSystem::Xfs)
}
