//! Copies: of an image, which are machines of their own, and of a registered machine, which must not pass for it.

use image_recipes::machine::Bus;
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Medium, Setup, VirtualMachine};
use vm_tests::journey;
use vm_tests::machine_images;
use vm_tests::world::World;

use crate::{TO_REGISTER, counted, first_boot_is_done, is_still, registers, scenario, seed_disk};

const ONE: &str = "0e4f7a10-5d3b-4c1e-9a77-1b2c3d4e5f60";
const OTHER: &str = "7b9c2d31-8e4f-4a5b-8c6d-9e0f1a2b3c4d";

/// Two machines with one seed, at the same time.
fn two_clones(world: &mut World, uuids: [&str; 2]) -> Result<()> {
    let (image, seed) = (machine_images::golden()?, journey::seed(world, 2)?);
    let mut clones = Vec::new();
    for uuid in uuids {
        let setup = Setup::default().called(uuid).with(Medium::with_seed(&seed, Bus::Virtio)?);
        clones.push(world.machine(&image, setup)?);
    }
    clones.iter_mut().try_for_each(|it| it.power_on())?;
    let mut known = Vec::new();
    for clone in &mut clones {
        clone.wait_for_agent()?;
        let id = first_boot_is_done(clone)?;
        let keys = clone.must("cat /etc/ssh/ssh_host_*_key.pub 2>/dev/null | cut -d' ' -f2 | sort")?;
        let vault = clone.must("sha256sum /var/lib/amazon/ssm/Vault/Store/* | cut -d' ' -f1")?;
        known.push((id, keys, vault, clone.must("cat /etc/machine-id")?));
    }
    let (one, other) = (&known[0], &known[1]);
    assert_ne!(one.0, other.0, "one managed instance for two machines");
    assert_ne!(one.2, other.2, "one key for two machines");
    assert!(one.1 != other.1 || one.1.is_empty(), "one ssh host key for two machines: {}", one.1);
    println!("machine-ids: {} and {}", one.3.trim(), other.3.trim());
    if uuids[0] != uuids[1] {
        assert_ne!(one.3, other.3, "one machine-id for two machines");
    }
    assert_eq!(counted(world)?, (2, 2));
    clones.iter_mut().try_for_each(|it| it.stop())
}

#[test]
fn two_clones_of_one_image_get_two_identities() -> Result<()> {
    scenario(|world| two_clones(world, [ONE, OTHER]))
}

#[test]
#[ignore = "in scripts/test --full: that clones get identities of their own is in each run with UUIDs of their own"]
fn two_clones_to_which_a_hypervisor_gave_one_uuid_get_two_identities() -> Result<()> {
    scenario(|world| two_clones(world, [ONE, ONE]))
}

#[test]
#[ignore = "in scripts/test --full: the guard is judged in the scenarios on containers in each run"]
fn a_copy_of_a_registered_disk_is_caught_and_the_original_goes_on() -> Result<()> {
    scenario(|world| {
        let setup = Setup::default().called(ONE).with(seed_disk(world, Bus::Virtio)?);
        let mut original = world.machine(&machine_images::golden()?, setup)?;
        original.boot()?;
        let id = registers(world, &mut original)?;
        original.take_media();
        original.stop()?;
        let mut copy = world.clone_of(&original, Setup::default().called(OTHER))?;
        copy.boot()?;
        let status = copy.run("landfall status")?;
        let said = format!("this machine is a copy of {id}");
        assert!(status.status == 3 && status.stdout.contains(&said), "{}{}", status.stdout, status.stderr);
        for unit in ["amazon-ssm-agent", "ecs"] {
            assert_ne!(
                copy.run(&format!("systemctl is-active {unit}"))?.status,
                0,
                "{unit} runs on the copy"
            );
        }
        assert!(copy.console()?.contains(&said), "{}", copy.console()?);
        copy.stop()?;
        original.boot()?;
        goes_on(world, &mut original, &id)?;
        original.stop()
    })
}

fn goes_on(world: &World, original: &mut VirtualMachine, id: &str) -> Result<()> {
    original.wait_for(TO_REGISTER, "the agents run", |it| {
        Ok(it.run("systemctl is-active amazon-ssm-agent ecs && landfall status")?.status == 0)
    })?;
    is_still(world, original, id)
}
