//! The golden image boots anywhere and registers.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use image_recipes::machine::Bus;
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Boots, Setup};
use vm_tests::journey;
use vm_tests::machine_images;

use crate::{TO_REGISTER, counted, disk, first_boot_is_done, instance, report, scenario};

#[test]
fn a_golden_image_boots_by_bios_registers_and_is_the_same_instance_after_a_reboot() -> Result<()> {
    scenario(|world| {
        let medium = disk(&journey::seed(world, 1)?, Bus::Virtio)?;
        let mut machine = world.machine(&machine_images::golden()?, Setup::default().with(medium))?;
        machine.boot()?;
        machine.must("[ ! -d /sys/firmware/efi ]")?;
        let id = first_boot_is_done(&mut machine)?;
        let console = machine.console()?;
        assert!(console.contains("landfall: first boot: registered as mi-"), "{console}");
        let arn = journey::container_instance(&machine)?;
        println!("{}", machine.run("systemd-analyze; systemd-analyze blame | grep landfall")?.stdout);
        machine.take_media();
        machine.stop()?;
        machine.boot()?;
        machine.wait_for(TO_REGISTER, "the ECS agent has registered", |it| {
            Ok(journey::container_instance(it).is_ok_and(|now| now == arn))
        })?;
        assert_eq!(instance(&machine)?, id);
        machine.must("landfall status")?;
        println!("{}", machine.run("systemd-analyze; systemd-analyze blame | grep landfall")?.stdout);
        assert_eq!(counted(world)?, (1, 1));
        machine.stop()
    })
}

#[test]
#[ignore = "in scripts/test --full: the same image boots by BIOS in each run"]
fn a_golden_image_boots_by_uefi_and_registers_with_a_seed_from_smbios() -> Result<()> {
    scenario(|world| {
        let seed = format!("landfall.seed={}", BASE64_STANDARD.encode(journey::seed(world, 1)?));
        let setup = Setup { boots: Boots::ByUefi, oem_strings: vec![seed], ..Setup::default() };
        let mut machine = world.machine(&machine_images::golden()?, setup)?;
        machine.boot()?;
        machine.must("[ -d /sys/firmware/efi ]")?;
        first_boot_is_done(&mut machine)?;
        assert_eq!(report(&machine)?["source"], "SMBIOS type 11");
        assert_eq!(counted(world)?, (1, 1));
        machine.stop()
    })
}
