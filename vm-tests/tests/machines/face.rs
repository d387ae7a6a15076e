//! An emulated machine behind the face of a guest: what all other scenarios here rely on.

use std::time::{Duration, Instant};

use image_recipes::machine::Bus;
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Boots, Medium, Setup};
use vm_tests::machine_images;

use crate::scenario;

#[test]
#[ignore = "in scripts/test --full: what it tries, the scenarios of each run use too"]
fn a_machine_runs_commands_reboots_takes_a_disk_and_loses_power() -> Result<()> {
    scenario(|world| {
        let mut machine = world.machine(&machine_images::debian()?, Setup::default())?;
        machine.boot()?;
        let output = machine.run_with_input("cat; echo oh >&2; exit 7", b"in")?;
        assert_eq!((output.status, output.stdout.as_str(), output.stderr.as_str()), (7, "in", "oh\n"));
        assert_eq!(machine.run("kill -9 $$")?.status, -1);
        let started = Instant::now();
        (0..10).try_for_each(|_| machine.must("true").map(drop))?;
        println!("{:.3} s for a command", started.elapsed().as_secs_f64() / 10.0);

        let much = vec![b'x'; 100_000_000];
        let started = Instant::now();
        machine.write("/root/much", &much, 0o600)?;
        println!("{:.1} s for 100 MB in", started.elapsed().as_secs_f64());
        let started = Instant::now();
        assert!(machine.read("/root/much")? == much);
        println!("{:.1} s for 100 MB out", started.elapsed().as_secs_f64());

        machine.must("apt-get -qq update && apt-cache policy docker.io | grep -q packages.landfall.test")?;
        machine.attach(&Medium::with("LATE", Bus::Usb, &[("a", b"late")])?)?;
        machine.wait_for(Duration::from_secs(3), "the disk is there", |it| {
            Ok(it.run("mount -o ro LABEL=LATE /mnt")?.status == 0)
        })?;
        assert_eq!(machine.must("cat /mnt/a")?, "late");
        machine.plug_network(false)?;
        machine.wait_for(Duration::from_secs(3), "the cable is out", |it| {
            Ok(it.must("cat /sys/class/net/e*/carrier")?.trim() == "0")
        })?;
        machine.plug_network(true)?;

        machine.write("/root/synced", b"1", 0o600)?;
        machine.must("sync")?;
        machine.reboot()?;
        machine.write("/root/unsynced", b"1", 0o600)?;
        machine.power_cut()?;
        machine.boot()?;
        machine.must("[ -e /root/synced ] && [ ! -s /root/unsynced ]")?;
        machine.stop()
    })
}

#[test]
#[ignore = "in scripts/test --full: it only tries the tests' own means"]
fn an_untouched_base_boots_by_uefi_and_its_disk_can_be_listed() -> Result<()> {
    scenario(|world| {
        let uefi = Setup { boots: Boots::ByUefi, ..Setup::default() };
        let mut machine = world.machine(&machine_images::debian()?, uefi)?;
        machine.boot()?;
        machine.must("[ -d /sys/firmware/efi ]")?;
        let before = machine.tree()?;
        machine.write("/etc/new", b"1", 0o600)?;
        let changes: Vec<String> = before.changes(&machine.tree()?).iter().map(ToString::to_string).collect();
        assert!(changes.iter().any(|it| it.starts_with("added /etc/new (1 bytes")), "{changes:#?}");
        machine.stop()
    })
}
