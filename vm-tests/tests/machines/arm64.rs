//! The whole path on machines of arm64: nothing of Landfall on them, then `landfall up`, and a reboot.

use std::time::{Duration, Instant};

use image_recipes::recipe::Architecture;
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Setup, VirtualMachine};
use vm_tests::journey::{self, UP};
use vm_tests::machine_images;
use vm_tests::machine_proofs;
use vm_tests::packages::Packages;
use vm_tests::programs;
use vm_tests::world::World;

use crate::{counted, instance};

/// What the ECS agent may take after a boot with hardware's help, until it says that it is registered.
const TO_REGISTER: Duration = Duration::from_secs(60);

#[test]
#[ignore = "in scripts/test --full: where arm64 is emulated, its base takes the better part of an hour to make"]
fn a_debian_12_on_arm64_registers_and_is_the_same_instance_after_a_reboot() -> Result<()> {
    whole_path("debian-12", "bookworm")
}

#[test]
#[ignore = "in scripts/test --full: where arm64 is emulated, its base takes the better part of an hour to make"]
fn a_debian_13_on_arm64_registers_and_is_the_same_instance_after_a_reboot() -> Result<()> {
    whole_path("debian-13", "trixie")
}

fn whole_path(release: &str, suite: &str) -> Result<()> {
    if !vm_tests::guest::can_run() {
        return Ok(());
    }
    let image = machine_images::arm64(release, suite)?;
    let mut world = World::with(&Packages::for_arm64(suite)?)?;
    let started = Instant::now();
    let mut machine = world.machine(&image, Setup::of_arm64())?;
    machine.boot()?;
    machine.must(
        "[ $(uname -m) = aarch64 ] && [ $(dpkg --print-architecture) = arm64 ] && [ -d /sys/firmware/efi ]",
    )?;
    machine.must("! command -v dockerd && ! command -v amazon-ssm-agent && [ ! -e /var/lib/landfall ]")?;

    machine.copy_in(&programs::landfall_for_arm64()?, "/usr/local/bin/landfall", 0o755)?;
    if let Err(error) = journey::register(&world, &machine, &mut |line| println!("{line}")) {
        println!("{}", machine.run("journalctl --no-pager --boot -u ecs -u docker | tail -60")?.stdout);
        return Err(error);
    }
    let arn = registered(&mut machine)?;
    machine.must("landfall status")?;
    let id = instance(&machine)?;
    let container = machine.must("docker inspect --format '{{.State.Running}}' ecs-agent")?;
    assert_eq!(container.trim(), "true");

    let told = machine.must(&format!("{UP} --json 2>/dev/null"))?;
    assert!(told.contains("\"changed\": 0") && told.contains("\"result\": \"done\""), "{told}");

    machine.reboot()?;
    assert_eq!(registered(&mut machine)?, arn);
    assert_eq!(instance(&machine)?, id);
    machine.must("landfall status")?;
    assert_eq!(counted(&world)?, (1, 1));
    machine.stop()?;
    machine_proofs::record_on(Architecture::Aarch64, started.elapsed())
}

/// The container instance that the ECS agent says it is, once it does.
fn registered(machine: &mut VirtualMachine) -> Result<String> {
    machine.wait_for(TO_REGISTER, "the ECS agent has registered", |it| {
        Ok(journey::container_instance(it).is_ok())
    })?;
    journey::container_instance(machine)
}
