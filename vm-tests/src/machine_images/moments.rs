//! Moments of machines, each kept once in the disk of the machine and in UEFI's variables: one that is made of copies goes
//! on there, within seconds. Each of those is the same machine.

use std::fs;
use std::path::{Path, PathBuf};

use image_recipes::machine::{Accelerator, Firmware, arguments};

use super::{IMAGE, golden, releases, with_docker};
use crate::cache;
use crate::error::{Result, While};
use crate::first_boot::{TO_REGISTER, is_in};
use crate::guest::Guest;
use crate::guest::machine::{Boots, Setup, VirtualMachine};
use crate::host_command;
use crate::programs;
use crate::world::World;

/// The name that moments have in a disk.
const MOMENT: &str = "kept";

/// A disk with a moment in it, and the hardware that goes with it.
pub struct Moment {
    /// The disk.
    pub disk: PathBuf,
    /// What goes on with it, and with nothing else.
    pub setup: Setup,
}

/// A clone of the golden image that runs Docker and waits for a seed: for a scenario that has nothing to say of a boot.
pub fn waiting() -> Result<Moment> {
    kept("machine-waiting", &golden()?, Setup::default(), |machine| {
        machine.wait_for(TO_REGISTER, "Docker runs and a seed is waited for", |it| {
            Ok(it.run("systemctl is-active docker")?.status == 0 && is_in(it, &["waiting-for-seed"])?)
        })
    })
}

/// An untouched Debian of this release that has booted and found no seed: a new server.
pub fn booted(release: &str, setup: Setup) -> Result<Moment> {
    kept("machine-booted", &releases::untouched(release)?, setup, |_| Ok(()))
}

/// The same with Docker, which runs.
pub fn with_docker(release: &str, setup: Setup) -> Result<Moment> {
    kept("machine-booted", &with_docker::debian(release)?, setup, |it| {
        it.must("systemctl is-active docker").map(drop)
    })
}

/// Only the emulator that wrote a moment reads it, for the same hardware and firmware; and only over the image that was
/// below it.
fn kept(
    kind: &str,
    image: &Path,
    setup: Setup,
    until: impl FnOnce(&mut VirtualMachine) -> Result<()>,
) -> Result<Moment> {
    let emulator = host_command::run(arguments::program(setup.architecture), ["--version"])?;
    let hardware = format!("{setup:?} {:?} {}", Accelerator::of(setup.architecture), guest_agent::PORTS);
    let mut code = Vec::new();
    for part in ["accelerator.rs", "arguments.rs", "firmware.rs"] {
        code.extend(fs::read(programs::workspace().join("image-recipes/src/machine").join(part))?);
    }
    let (below, firmware) = (state(image)?, firmware(&setup)?);
    let texts = [&below, &firmware, &emulator, &hardware].map(|it| it.as_bytes());
    let ingredients = [&texts[..], &[&code]].concat();
    let entry = cache::entry(kind, &ingredients, |folder| {
        let mut world = World::empty()?;
        let mut machine = world.machine(image, setup.clone())?;
        machine.boot()?;
        until(&mut machine)?;
        machine.save(MOMENT)?;
        machine.power_cut()?;
        machine.hand_over(&folder.join(IMAGE))
    })?;
    let setup = Setup { resumes: Some(MOMENT.to_owned()), ..setup };
    Ok(Moment { disk: entry.join(IMAGE), setup })
}

/// UEFI's, which the machine has in its memory; BIOS comes with the emulator.
fn firmware(setup: &Setup) -> Result<String> {
    if setup.boots == Boots::ByBios {
        return Ok(String::new());
    }
    let (code, variables) =
        Firmware::find_uefi(setup.architecture).doing(|| "looking for UEFI's firmware")?;
    Ok(state(Path::new(code))? + &state(Path::new(variables))?)
}

/// Which file it is, and whether it is another by now.
fn state(file: &Path) -> Result<String> {
    let modified = fs::metadata(file).and_then(|it| it.modified());
    Ok(format!("{} {:?}", file.display(), modified.doing(|| format!("looking at {}", file.display()))?))
}
