//! What happens to a registered machine later, and needs a boot loader or a kernel to happen.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Setup, VirtualMachine};
use vm_tests::journey;
use vm_tests::machine_images;
use vm_tests::world::World;

use crate::{TO_REGISTER, counted, first_boot_is_done, instance, report, scenario};

/// A registered machine out of the golden image, whose hypervisor has a seed for it; `source` is where it was found.
fn registered(world: &mut World, setup: Setup, source: &str) -> Result<(VirtualMachine, String)> {
    let mut machine = world.machine(&machine_images::golden()?, setup)?;
    machine.boot()?;
    let id = first_boot_is_done(&mut machine)?;
    assert_eq!(report(&machine)?["source"], source);
    Ok((machine, id))
}

/// Any answer shows that the agent was reached under the address that containers ask for credentials.
const ASK: &str = r#"timeout -s KILL 10 bash -c 'exec 3<>/dev/tcp/169.254.170.2/80 && printf "GET /v2/credentials/none HTTP/1.0\r\n\r\n" >&3 && cat <&3'"#;

#[test]
#[ignore = "in scripts/test --full: it makes an initial RAM disk, which takes minutes where that is emulated"]
fn a_kernel_that_is_installed_anew_boots_and_the_credentials_endpoint_answers() -> Result<()> {
    scenario(|world| {
        let seed = journey::seed(world, 1)?;
        let setup = Setup { fw_cfg: vec![("opt/landfall/seed".into(), seed)], ..Setup::default() };
        let (mut machine, id) = registered(world, setup, "fw_cfg opt/landfall/seed")?;
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
        assert_eq!((instance(&machine)?, counted(world)?), (id, (1, 1)));
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
