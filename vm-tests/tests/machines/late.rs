//! What comes late is waited for.

use std::time::Duration;

use image_recipes::machine::{Accelerator, Bus};
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Cable, Setup, VirtualMachine};
use vm_tests::journey;
use vm_tests::machine_images;

use crate::{TO_REGISTER, counted, disk, first_boot_is_done, is_in, scenario};

const LATE: Duration = Duration::from_secs(60);

#[test]
#[ignore = "in scripts/test --full: a seed that comes late is waited for on a container in each run"]
fn an_activation_that_comes_a_minute_late_registers_the_machine() -> Result<()> {
    scenario(|world| {
        let mut machine = world.machine(&machine_images::golden()?, Setup::default())?;
        machine.boot()?;
        machine.wait_for(TO_REGISTER, "it waits for a seed", |it| is_in(it, &["waiting-for-seed"]))?;
        std::thread::sleep(LATE);
        machine.attach(&disk(&journey::seed(world, 1)?, Bus::Virtio)?)?;
        first_boot_is_done(&mut machine)?;
        assert_eq!(counted(world)?, (1, 1));
        machine.stop()
    })
}

#[test]
#[ignore = "in scripts/test --full: it waits for minutes"]
fn a_network_that_comes_late_registers_the_machine() -> Result<()> {
    scenario(|world| {
        let setup = Setup { cable: Cable::Out, ..Setup::default() }
            .with(disk(&journey::seed(world, 1)?, Bus::Virtio)?);
        let mut machine = world.machine(&machine_images::golden()?, setup)?;
        machine.power_on()?;
        machine.wait_for_agent()?;
        machine.wait_for(TO_REGISTER * 2, "it waits for the network", |it| {
            is_in(it, &["waiting-for-network"])
        })?;
        assert_eq!(counted(world)?, (0, 0));
        machine.plug_network(true)?;
        first_boot_is_done(&mut machine)?;
        assert_eq!(counted(world)?, (1, 1));
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
        assert_eq!(counted(world)?, (1, 1));
        machine.stop()
    })
}

/// What the guard may add to a boot.
const AT_MOST: Duration = Duration::from_secs(1);

/// From the start of the guard's process to its end, without the time in which it was not its turn yet.
fn seconds_of_its_own(machine: &VirtualMachine) -> Result<f64> {
    let times = machine.must(
        "systemctl show landfall-guard --value -p ExecMainStartTimestampMonotonic -p ExecMainExitTimestampMonotonic",
    )?;
    let times: Vec<u64> = times.lines().filter_map(|time| time.trim().parse().ok()).collect();
    match times[..] {
        [one, other] if one > 0 && other > 0 => Ok(one.abs_diff(other) as f64 / 1e6),
        _ => Err(vm_tests::error::Error::new(format!("systemd names no start and end: {times:?}"))),
    }
}
