//! Secure Boot: what Debian signed starts, and nothing else.

use std::time::Duration;

use image_recipes::machine::Accelerator;
use vm_tests::error::{Error, Result};
use vm_tests::esp;
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Boots, Setup, VirtualMachine};
use vm_tests::machine_images;

use crate::{is_still, registers, scenario, seeded};

/// Where firmware looks on any disk: the shim. And what the shim starts.
const SHIM: &str = "/EFI/BOOT/BOOTX64.EFI";
const GRUB: &str = "/EFI/BOOT/grubx64.efi";

/// The firmware's own word, and the kernel's: it locks itself down.
const IS_ON: &str = "[ $(od -An -tu1 -j4 -N1 /sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c) = 1 ] \
     && dmesg | grep -i 'secure boot enabled' && grep -F '[integrity]' /sys/kernel/security/lockdown";

/// As dpkg does it when a new version of the signed GRUB was unpacked.
const IS_UPDATED: &str = "set -e; findmnt /boot/efi; rm /boot/efi/EFI/BOOT/grubx64.efi /boot/efi/EFI/BOOT/BOOTX64.EFI; \
     dpkg-trigger --by-package=grub-efi-amd64-signed /usr/lib/grub/x86_64-efi-signed; \
     DEBIAN_FRONTEND=noninteractive dpkg --configure --pending; cd /boot/efi/EFI/BOOT; \
     cmp grubx64.efi /usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed; cmp BOOTX64.EFI /usr/lib/shim/shimx64.efi.signed";

#[test]
#[ignore = "in scripts/test --full: the same image boots by BIOS in each run"]
fn a_golden_image_boots_by_secure_boot_registers_and_installs_an_updated_boot_loader() -> Result<()> {
    scenario(|world| {
        let setup = Setup { boots: Boots::BySecureBoot, ..seeded(world)? };
        let mut machine = world.machine(&machine_images::golden()?, setup)?;
        machine.boot()?;
        println!("{}", machine.must(IS_ON)?);
        let id = registers(world, &mut machine)?;
        println!("{}", machine.must(IS_UPDATED)?);
        machine.reboot()?;
        machine.must(IS_ON)?;
        is_still(world, &machine, &id)?;
        machine.stop()
    })
}

/// What the firmware and the shim may take to refuse something.
const TO_REFUSE: Duration = Duration::from_secs(10);

/// Waits until the console says so; no agent ever answers such a machine.
fn says(machine: &VirtualMachine, any_of: &[&str]) -> Result<()> {
    let deadline = std::time::Instant::now() + Accelerator::here().patience(TO_REFUSE);
    while std::time::Instant::now() < deadline {
        let console = machine.console()?;
        if any_of.iter().any(|words| console.contains(words)) {
            assert!(!console.contains("Linux version"), "{console}");
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Err(Error::new(format!("it does not say any of {any_of:?}:\n{}", machine.console()?)))
}

#[test]
#[ignore = "in scripts/test --full: it tries the firmware of the other scenario"]
fn secure_boot_refuses_a_changed_shim_and_the_shim_a_changed_grub_and_without_it_both_boot() -> Result<()> {
    scenario(|world| {
        let image = machine_images::debian()?;
        for (changed, words) in [
            (SHIM, ["Access Denied", "Security Violation"]),
            (GRUB, ["Verification failed", "Security Violation"]),
        ] {
            let setup = Setup { boots: Boots::BySecureBoot, ..Setup::default() };
            let mut machine = world.machine(&image, setup)?;
            esp::break_signature(&machine.disk(), changed)?;
            machine.power_on()?;
            says(&machine, &words)?;
            machine.power_cut()?;
        }
        let mut machine = world.machine(&image, Setup { boots: Boots::ByUefi, ..Setup::default() })?;
        for changed in [SHIM, GRUB] {
            esp::break_signature(&machine.disk(), changed)?;
        }
        machine.power_on()?;
        machine.wait_for_agent()?;
        machine.must("[ -d /sys/firmware/efi ]")?;
        machine.power_cut()
    })
}
