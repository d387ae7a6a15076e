//! Bare metal: a machine with empty disks, a medium or a network to boot from, and nobody at the keyboard.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use image_recipes::machine::Bus;
use image_recipes::outputs::sha256;
use vm_tests::error::{Error, Result, While};
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{BootMedium, Boots, NetworkBoot, Setup, VirtualMachine};
use vm_tests::host_command;
use vm_tests::journey;
use vm_tests::machine_images;
use vm_tests::programs;
use vm_tests::world::World;

use crate::{registers, report, scenario};

/// Up to the live system's first words: firmware, boot loader, kernel.
const TO_START: Duration = Duration::from_secs(60);
/// Verifying, writing and reading back.
const TO_WRITE: Duration = Duration::from_secs(90);
/// A boot loader has no agent to ask.
const TO_BOOT: Duration = Duration::from_secs(60);
/// More than the image's, so that the root has somewhere to grow.
const GIB: u32 = 10;

/// A seed's file for this world, for nobody else to read.
fn seed(world: &World, folder: &Path) -> Result<PathBuf> {
    let file = folder.join("landfall.toml");
    fs::write(&file, journey::seed(world, 1)?)?;
    fs::set_permissions(&file, Permissions::from_mode(0o600))?;
    Ok(file)
}

/// A medium that writes the golden image, by what people type.
fn medium(folder: &Path, arguments: &[&str], seed: &Path) -> Result<PathBuf> {
    let iso = folder.join("medium.iso");
    let mut make = Command::new(programs::landfall_image()?);
    make.arg("media").arg(machine_images::golden()?).args(arguments);
    host_command::finish(make.arg("--seed").arg(seed).arg("--output").arg(&iso))?;
    assert_eq!(fs::metadata(&iso)?.permissions().mode() & 0o777, 0o600);
    Ok(iso)
}

/// A disk that is somebody's, and what it has to have afterwards.
fn somebodys_disk(folder: &Path) -> Result<(PathBuf, String)> {
    let file = folder.join("somebodys.raw");
    let line = b"these bytes are somebody's; ";
    let mut disk = File::create(&file)?;
    for _ in 0..(64 << 20) / line.len() {
        disk.write_all(line)?;
    }
    disk.set_len(128 << 20)?;
    let digest = sha256(&file).doing(|| "reading a disk")?;
    Ok((file, digest))
}

/// From the medium's reboot on: the machine that the image makes.
fn it_registers(machine: &mut VirtualMachine, world: &World) -> Result<()> {
    machine.wait_for(TO_BOOT, "the image has booted", |_| Ok(true))?;
    registers(world, machine)?;
    let report = report(machine)?;
    assert_eq!(report["source"], "landfall.toml on the disk vda4 (LANDFALL)", "{report:#}");
    // By itself, up to the partition with the seed.
    machine.must("systemctl is-active grow-root || { journalctl --no-pager -b -u grow-root; exit 1; }")?;
    let kib = machine.must("df --output=size / | tail -1")?;
    assert!(kib.trim().parse::<u64>().is_ok_and(|it| it > (9 << 20)), "{kib}");
    println!("{}", machine.must("lsblk -o NAME,SIZE,FSTYPE,LABEL,PARTLABEL; sfdisk --verify /dev/vda")?);
    Ok(())
}

#[test]
#[ignore = "in scripts/test --full: it writes a disk and boots it, which takes minutes where that is emulated"]
fn a_medium_writes_the_disk_that_it_names_alone_and_the_machine_registers_with_nobody_there() -> Result<()> {
    scenario(|world| {
        let folder = tempfile::tempdir_in("/var/tmp")?;
        let iso = medium(folder.path(), &["--disk", "serial=disk0"], &seed(world, folder.path())?)?;
        let (other, before) = somebodys_disk(folder.path())?;
        let setup = Setup {
            boot_medium: Some(BootMedium { file: iso, bus: Bus::Cdrom }),
            further_disks: vec![other.clone()],
            ..Setup::default()
        };
        let mut machine = world.bare_machine(GIB, setup)?;
        machine.power_on()?;
        machine.wait_for_text(TO_START, "writes an image to a disk of this machine")?;
        machine.wait_for_text(TO_WRITE, "Done. The machine starts anew")?;
        // The disc stays in the drive: it starts the disk that it wrote.
        it_registers(&mut machine, world)?;
        machine.must("[ ! -d /sys/firmware/efi ]")?;
        machine.stop()?;
        assert_eq!(sha256(&other).doing(|| "reading a disk")?, before);
        Ok(())
    })
}

#[test]
#[ignore = "in scripts/test --full: it writes a disk and boots it, which takes minutes where that is emulated"]
fn a_stick_boots_by_uefi_refuses_a_disk_that_is_not_empty_and_wipes_it_when_it_was_made_to() -> Result<()> {
    scenario(|world| {
        let folder = tempfile::tempdir_in("/var/tmp")?;
        let seed = seed(world, folder.path())?;
        let iso = medium(folder.path(), &["--disk", "serial=disk0"], &seed)?;
        let boot_medium = Some(BootMedium { file: iso, bus: Bus::Usb });
        let setup = Setup { boots: Boots::ByUefi, boot_medium, ..Setup::default() };
        let mut machine = world.bare_machine(GIB, setup)?;
        let disk = machine.disk();
        let old = folder.path().join("old.raw");
        File::create(&old)?.set_len(u64::from(GIB) << 30)?;
        host_command::run("mke2fs", ["-q", "-F", "-t", "ext4", &old.display().to_string()])?;
        let convert = ["convert", "-O", "qcow2"].map(Path::new);
        host_command::run("qemu-img", convert.into_iter().chain([&*old, &*disk]))?;
        machine.power_on()?;
        machine.wait_for_text(TO_START, "vda is not empty: ext4; nothing was written")?;
        machine.wait_for_text(Duration::from_secs(5), "Nothing more happens until you press Enter")?;
        machine.power_cut()?;
        host_command::run("qemu-img", [Path::new("compare"), &old, &disk])?;

        // The screen told the disk's place, for whoever names it by that.
        let console = machine.console()?;
        let path = console.lines().find_map(|line| line.trim().strip_prefix("path "));
        let path = path.ok_or_else(|| Error::new(format!("no disk's place is told:\n{console}")))?;
        let choice = format!("path={path}");
        let iso = medium(folder.path(), &["--disk", &choice, "--wipe"], &seed)?;
        machine.boot_from(Some(BootMedium { file: iso, bus: Bus::Usb }));
        machine.power_on()?;
        machine.wait_for_text(TO_WRITE + TO_START, "Done. The machine starts anew")?;
        it_registers(&mut machine, world)?;
        machine.must("[ -d /sys/firmware/efi ]")?;
        machine.stop()
    })
}

#[test]
#[ignore = "in scripts/test --full: power cuts at every write are tried on files in each run"]
fn a_power_cut_while_a_disk_is_written_is_begun_anew_and_the_machine_registers() -> Result<()> {
    scenario(|world| {
        let folder = tempfile::tempdir_in("/var/tmp")?;
        let iso = medium(folder.path(), &["--disk", "serial=disk0"], &seed(world, folder.path())?)?;
        let boot_medium = Some(BootMedium { file: iso, bus: Bus::Cdrom });
        let mut machine = world.bare_machine(GIB, Setup { boot_medium, ..Setup::default() })?;
        machine.power_on()?;
        machine.wait_for_text(TO_WRITE + TO_START, "writing    50 %")?;
        machine.power_cut()?;
        machine.power_on()?;
        machine.wait_for_text(TO_START, "half-written by Landfall")?;
        machine.wait_for_text(TO_WRITE, "Done. The machine starts anew")?;
        it_registers(&mut machine, world)?;
        machine.stop()
    })
}

#[test]
#[ignore = "in scripts/test --full: it writes a disk and boots it, which takes minutes where that is emulated"]
fn a_machine_that_boots_from_the_network_is_written_and_registers() -> Result<()> {
    scenario(|world| {
        let folder = tempfile::tempdir_in("/var/tmp")?;
        let files = folder.path().join("netboot");
        let seed = seed(world, folder.path())?;
        let mut make = Command::new(programs::landfall_image()?);
        make.arg("netboot")
            .arg(machine_images::golden()?)
            .args(["--disk", "serial=disk0", "--seed"])
            .arg(seed);
        let url = format!("http://{}:{PORT}/", vm_tests::guest::network::GATEWAY);
        host_command::finish(make.args(["--url", &url, "--output"]).arg(&files))?;
        let _server = Server::start(world, &files)?;
        let boot = NetworkBoot { folder: files.clone(), file: "landfall.ipxe".into() };
        let mut machine = world.bare_machine(GIB, Setup { network_boot: Some(boot), ..Setup::default() })?;
        machine.power_on()?;
        machine.wait_for_text(TO_START * 2, "writes an image to a disk of this machine")?;
        machine.wait_for_text(TO_WRITE, "Done. The machine starts anew")?;
        it_registers(&mut machine, world)?;
        machine.stop()
    })
}

const PORT: u16 = 8069;

/// A web server at the gateway, ended with this value.
struct Server(std::process::Child);

impl Server {
    fn start(world: &mut World, folder: &Path) -> Result<Self> {
        let mut python = world.at_gateway(Path::new("python3"))?;
        python.args(["-m", "http.server", "--bind", vm_tests::guest::network::GATEWAY, "--directory"]);
        Ok(Self(python.arg(folder).arg(PORT.to_string()).spawn()?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
