//! A vendor's image, which nobody baked, with a seed that cloud-init reads.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use image_recipes::machine::Bus;
use vm_tests::error::{Result, While};
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Medium, Setup};
use vm_tests::host_command;
use vm_tests::journey::{self, UP};
use vm_tests::machine_images;
use vm_tests::programs;

use crate::{counted, scenario};

/// Docker and both agents are installed, which takes minutes where that is emulated.
const TO_INSTALL: Duration = Duration::from_secs(90);

#[test]
#[ignore = "in scripts/test --full: it installs all that a golden image has"]
fn a_vendors_image_registers_when_cloud_init_runs_the_one_liner() -> Result<()> {
    scenario(|world| {
        let activation = world.aws()?.activation(1, 86_400).doing(|| "asking for an activation")?;
        let activation = serde_json::to_string(&activation).doing(|| "writing the activation")?;
        let script = format!(
            "#!/bin/sh\nset -e\numask 077\nmkdir -p /run/medium\nmount -o ro LABEL=CIDATA /run/medium\n\
             install -m 0755 /run/medium/landfall /usr/local/bin/landfall\numount /run/medium\n\
             cat >/root/activation.json <<'END'\n{activation}\nEND\n{UP}\nrm /root/activation.json\n"
        );
        let landfall = std::fs::read(programs::landfall()?)?;
        let files: [(&str, &[u8]); 3] = [
            ("meta-data", b"instance-id: one-liner\n"),
            ("user-data", script.as_bytes()),
            ("landfall", &landfall),
        ];
        let setup = Setup::default().with(Medium::with("CIDATA", Bus::Virtio, &files)?);
        let mut machine = world.machine(&machine_images::debian()?, setup)?;
        machine.power_on()?;
        machine.wait_for_agent()?;
        machine.wait_for(TO_INSTALL, "cloud-init is done", |it| {
            Ok(it.run("[ -e /var/lib/cloud/instance/boot-finished ]")?.status == 0)
        })?;
        let log = machine.must("cat /var/log/cloud-init-output.log")?;
        println!("{log}");
        journey::container_instance(&machine)?;
        machine.must("landfall status && [ ! -e /root/activation.json ]")?;
        assert_eq!(counted(world)?, (1, 1));
        machine.stop()
    })
}

#[test]
#[ignore = "in scripts/test --full: it installs all that a golden image has"]
fn a_vendors_image_that_nobody_touched_registers_with_a_seed_disk() -> Result<()> {
    scenario(|world| {
        let activation = world.aws()?.activation(1, 86_400).doing(|| "asking for an activation")?;
        let folder = tempfile::tempdir()?;
        let inventory = folder.path().join("hosts.csv");
        let row = format!("host-1,{},{}", activation.activation_id, activation.activation_code);
        std::fs::write(&inventory, format!("hostname,activation-id,activation-code\n{row}\n"))?;
        std::fs::set_permissions(&inventory, Permissions::from_mode(0o600))?;
        let seeds = folder.path().join("seeds");
        let mut make = Command::new(programs::landfall_image()?);
        make.args(["seed", "--region", "us-east-1", "--cluster", "test-cluster", "--inventory"])
            .arg(&inventory);
        make.arg("--binary").arg(programs::landfall()?).arg("--output").arg(&seeds);
        host_command::finish(&mut make)?;
        let mut setup = Setup::default();
        for name in ["host-1.img", "landfall_binary.img"] {
            let content = std::fs::read(seeds.join(name)).doing(|| format!("reading the seed {name}"))?;
            setup = setup.with(Medium { content, bus: Bus::Virtio });
        }
        // No seed may name a mirror, and the real one's key is not the test's: so the image itself tells of it.
        let told =
            format!("[Manager]\nDefaultEnvironment={}\n", machine_images::mirror_in_the_environment()?);
        let image =
            machine_images::debian_with(&[("/etc/systemd/system.conf.d/mirror.conf", told.as_str())])?;
        let mut machine = world.machine(&image, setup)?;
        machine.power_on()?;
        machine.wait_for_agent()?;
        machine.wait_for(TO_INSTALL, "cloud-init is done", |it| {
            Ok(it.run("[ -e /var/lib/cloud/instance/boot-finished ]")?.status == 0)
        })?;
        println!("{}", machine.must("cat /var/log/cloud-init-output.log")?);
        journey::container_instance(&machine)?;
        machine.must("landfall status && [ $(hostname) = host-1 ]")?;
        assert_eq!(counted(world)?, (1, 1));
        machine.stop()
    })
}
