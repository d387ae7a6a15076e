//! The golden image boots anywhere and registers.

use image_recipes::machine::Bus;
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Boots, Setup};
use vm_tests::journey;
use vm_tests::machine_images;
use vm_tests::matrix::paths::up::has_registered_as;

use crate::{is_still, registers, report, scenario, seed_disk, seeded};

#[test]
fn a_golden_image_boots_by_bios_registers_and_is_the_same_instance_after_a_reboot() -> Result<()> {
    scenario(|world| {
        let medium = seed_disk(world, Bus::Virtio)?;
        let mut machine = world.machine(&machine_images::golden()?, Setup::default().with(medium))?;
        machine.boot()?;
        machine.must("[ ! -d /sys/firmware/efi ]")?;
        let id = registers(world, &mut machine)?;
        let console = machine.console()?;
        assert!(console.contains("landfall: first boot: registered as mi-"), "{console}");
        let arn = journey::container_instance(&machine)?;
        println!("{}", machine.run("systemd-analyze; systemd-analyze blame | grep landfall")?.stdout);
        machine.take_media();
        machine.stop()?;
        machine.boot()?;
        has_registered_as(&mut machine, &arn)?;
        is_still(world, &machine, &id)?;
        machine.must("landfall status")?;
        println!("{}", machine.run("systemd-analyze; systemd-analyze blame | grep landfall")?.stdout);
        machine.stop()
    })
}

#[test]
#[ignore = "in scripts/test --full: the same image boots by BIOS in each run"]
fn a_golden_image_boots_by_uefi_and_registers_with_a_seed_from_smbios() -> Result<()> {
    scenario(|world| {
        let setup = Setup { boots: Boots::ByUefi, ..seeded(world)? };
        let mut machine = world.machine(&machine_images::golden()?, setup)?;
        machine.boot()?;
        machine.must("[ -d /sys/firmware/efi ]")?;
        registers(world, &mut machine)?;
        assert_eq!(report(&machine)?["source"], "SMBIOS type 11");
        machine.stop()
    })
}
