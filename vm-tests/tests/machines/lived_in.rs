//! What happens to a registered machine later, and needs a boot loader or a kernel to happen.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use image_recipes::machine::{Accelerator, Bus};
use vm_tests::error::{Error, Result};
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Setup, VirtualMachine};
use vm_tests::journey;
use vm_tests::machine_images;
use vm_tests::world::World;

use crate::{TO_REGISTER, is_still, registers, report, scenario, seed_disk};

/// A registered machine out of the golden image, whose hypervisor has a seed for it; `source` is where it was found.
fn registered(world: &mut World, setup: Setup, source: &str) -> Result<(VirtualMachine, String)> {
    let mut machine = world.machine(&machine_images::golden()?, setup)?;
    machine.boot()?;
    let id = registers(world, &mut machine)?;
    assert_eq!(report(&machine)?["source"], source);
    Ok((machine, id))
}

/// Any answer shows that the agent was reached under the address that containers ask for credentials.
pub(crate) const ASK: &str = r#"timeout -s KILL 10 bash -c 'exec 3<>/dev/tcp/169.254.170.2/80 && printf "GET /v2/credentials/none HTTP/1.0\r\n\r\n" >&3 && cat <&3'"#;

#[test]
#[ignore = "in scripts/test --full: it makes an initial RAM disk, which takes minutes where that is emulated"]
fn a_kernel_that_is_installed_anew_boots_and_the_credentials_endpoint_answers() -> Result<()> {
    scenario(|world| {
        let setup = Setup::default().with(seed_disk(world, Bus::Virtio)?);
        let (mut machine, id) = registered(world, setup, "landfall.toml on the disk vdb (LANDFALL)")?;
        assert!(machine.must(ASK)?.starts_with("HTTP/1."));
        // What a new version of the kernel's package does at its end: its links, the RAM disk, GRUB's menu.
        machine.must(
            "set -e; kernel=$(uname -r); rm /boot/initrd.img-$kernel; before=$(stat -c %Y /boot/grub/grub.cfg); sleep 1; \
             DEBIAN_FRONTEND=noninteractive dpkg-reconfigure linux-image-$kernel; \
             [ -s /boot/initrd.img-$kernel ] && [ $(stat -c %Y /boot/grub/grub.cfg) -gt $before ]",
        )?;
        machine.reboot()?;
        machine.wait_for(TO_REGISTER, "the credentials endpoint answers", |it| {
            Ok(it.run(ASK)?.stdout.starts_with("HTTP/1."))
        })?;
        machine.must("landfall status")?;
        is_still(world, &machine, &id)?;
        machine.stop()
    })
}

#[test]
#[ignore = "in scripts/test --full: the uninstall itself is compared on a container in each run"]
fn a_machine_boots_after_an_uninstall_and_has_no_agents() -> Result<()> {
    scenario(|world| {
        let seed = BASE64_STANDARD.encode(journey::seed(world, 1)?);
        let credential = format!("io.systemd.credential.binary:landfall.seed={seed}");
        let setup = Setup { oem_strings: vec![credential], ..Setup::default() };
        let (mut machine, _) = registered(world, setup, "the systemd credential landfall.seed")?;
        machine.must("landfall uninstall")?;
        machine.reboot()?;
        for unit in ["amazon-ssm-agent", "ecs", "landfall-first-boot", "landfall-guard"] {
            assert_ne!(machine.run(&format!("systemctl cat {unit}"))?.status, 0, "{unit} was left");
        }
        let failed = machine.must("systemctl list-units --failed --plain --no-legend")?;
        assert!(!failed.contains("landfall") && !failed.contains("ecs"), "{failed}");
        machine.stop()
    })
}

/// What the guard may add to a boot.
const AT_MOST: Duration = Duration::from_secs(1);

#[test]
#[ignore = "in scripts/test --full: what it measures is printed of the golden image in each run"]
fn a_boot_without_a_network_waits_a_second_at_most_for_the_guard() -> Result<()> {
    scenario(|world| {
        let seed = journey::seed(world, 1)?;
        let setup = Setup { fw_cfg: vec![("opt/landfall/seed".into(), seed)], ..Setup::default() };
        let (mut machine, id) = registered(world, setup, "fw_cfg opt/landfall/seed")?;
        machine.plug_network(false)?;
        machine.stop()?;
        machine.power_on()?;
        machine.wait_for(TO_REGISTER * 2, "the guard has looked", |it| {
            Ok(it.run("systemctl is-active landfall-guard")?.status == 0)
        })?;
        let own = seconds_of_its_own(&machine)?;
        println!("the guard took {own} s of a boot without a network");
        assert!(own < Accelerator::here().patience(AT_MOST).as_secs_f64(), "{own} s");
        machine.must("! systemctl is-active landfall-first-boot")?;
        machine.plug_network(true)?;
        machine.wait_for(TO_REGISTER * 2, "the machine is whole again", |it| {
            Ok(it.run("landfall status")?.status == 0)
        })?;
        is_still(world, &machine, &id)?;
        machine.stop()
    })
}

/// From the start of the guard's process to its end, without the time in which it was not its turn yet.
fn seconds_of_its_own(machine: &VirtualMachine) -> Result<f64> {
    let times = machine.must(
        "systemctl show landfall-guard --value -p ExecMainStartTimestampMonotonic -p ExecMainExitTimestampMonotonic",
    )?;
    let times: Vec<u64> = times.lines().filter_map(|time| time.trim().parse().ok()).collect();
    match times[..] {
        [one, other] if one > 0 && other > 0 => Ok(one.abs_diff(other) as f64 / 1e6),
        _ => Err(Error::new(format!("systemd names no start and end: {times:?}"))),
    }
}
