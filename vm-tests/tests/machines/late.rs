//! What comes late is waited for.

use std::time::Duration;

use image_recipes::machine::Bus;
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Cable, Setup};
use vm_tests::machine_images;

use crate::{TO_REGISTER, counted, is_in, registers, scenario, seed_disk, waiting};

const LATE: Duration = Duration::from_secs(60);

#[test]
#[ignore = "in scripts/test --full: a seed that comes late is waited for on a container in each run"]
fn an_activation_that_comes_a_minute_late_registers_the_machine() -> Result<()> {
    scenario(|world| {
        let mut machine = waiting(world)?;
        std::thread::sleep(LATE);
        machine.attach(&seed_disk(world, Bus::Virtio)?)?;
        registers(world, &mut machine)?;
        machine.stop()
    })
}

#[test]
#[ignore = "in scripts/test --full: it waits for minutes"]
fn a_network_that_comes_late_registers_the_machine() -> Result<()> {
    scenario(|world| {
        let setup = Setup { cable: Cable::Out, ..Setup::default() }.with(seed_disk(world, Bus::Virtio)?);
        let mut machine = world.machine(&machine_images::golden()?, setup)?;
        machine.power_on()?;
        machine.wait_for_agent()?;
        machine.wait_for(TO_REGISTER * 2, "it waits for the network", |it| {
            is_in(it, &["waiting-for-network"])
        })?;
        assert_eq!(counted(world)?, (0, 0));
        machine.plug_network(true)?;
        registers(world, &mut machine)?;
        machine.stop()
    })
}
