//! Power cuts at a first boot.

use std::time::Duration;

use image_recipes::machine::Bus;
use vm_tests::error::{Error, Result};
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Setup, VirtualMachine};
use vm_tests::machine_images;

use crate::{TO_REGISTER, counted, is_in, report, scenario, seed_disk};

type Moment = (&'static str, fn(&VirtualMachine) -> Result<bool>);

/// In the order in which they come. The moment in which SSM has answered and the agent has not yet written that down
/// is nobody's to mend: a container's scenario holds that it is said.
const MOMENTS: [Moment; 4] = [
    ("commands can be run", |_| Ok(true)),
    ("the first boot has begun", |it| is_in(it, &["installing", "registering", "done"])),
    ("the machine is marked as registered", |it| {
        Ok(it.run("[ -e /var/lib/landfall/registered ]")?.status == 0 || is_in(it, &["done"])?)
    }),
    ("the first boot is done", |it| is_in(it, &["done"])),
];

#[test]
#[ignore = "in scripts/test --full: power cuts at every step are tried in memory and on containers in each run"]
fn a_machine_that_loses_power_again_and_again_ends_registered_with_one_activation() -> Result<()> {
    scenario(|world| {
        let setup = Setup::default().with(seed_disk(world, Bus::Virtio)?);
        let mut machine = world.machine(&machine_images::golden()?, setup)?;
        for (what, is_so) in MOMENTS {
            machine.power_on()?;
            machine.wait_for(TO_REGISTER + Duration::from_secs(20), what, |it| {
                Ok(is_so(it)? || it.run("[ -e /var/lib/landfall/sealed ]")?.status != 0)
            })?;
            machine.power_cut()?;
        }
        machine.boot()?;
        machine.wait_for(TO_REGISTER, "the agents run", |it| {
            if it.run("[ -e /var/lib/landfall/sealed ]")?.status == 0 && is_in(it, &["failed"])? {
                return Err(Error::new(format!("the first boot failed: {:#}", report(it)?)));
            }
            Ok(it.run("systemctl is-active amazon-ssm-agent ecs && landfall status")?.status == 0)
        })?;
        assert_eq!(counted(world)?, (1, 1));
        machine.stop()
    })
}
