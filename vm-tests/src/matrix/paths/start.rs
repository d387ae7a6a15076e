//! What a path starts with: a world, and an image that knows it.

use image_recipes::bootstrap::packages;
use image_recipes::machine::Bus;
use image_recipes::recipe::Architecture;

use super::Trial;
use crate::error::{Error, Result};
use crate::guest::machine::{Boots, Setup};
use crate::journey::{DOCKER_MIRROR, UP};
use crate::machine_images::moments::{self, Moment};
use crate::machine_images::{self, releases, stand_ins, with_docker};
use crate::matrix::images::{self, Image};
use crate::matrix::{Cell, Path, preparing};
use crate::packages::Packages;
use crate::programs;
use crate::system::{StandIn, System};
use crate::world::{SUITE, World};

/// Two machines with one each, beside each other, do nearly twice of what one with two does: its processors mostly wait,
/// and where they are emulated, for each other.
const PROCESSORS: u32 = 1;

pub(super) fn of(cell: &Cell, image: &Image, outward: bool, is_booted: bool) -> Result<Trial> {
    match image {
        Image::Packages if cell.architecture == "x86_64" => packaged(cell, is_booted),
        Image::Packages => packaged_for_arm64(cell),
        Image::StandIn(stand_in) => posing(*stand_in),
        Image::Given(_) | Image::Vendor => brought(cell, image, outward),
        Image::None(why) => Err(Error::new(format!("{cell} has no image: {why}"))),
    }
}

fn boots(cell: &Cell) -> Boots {
    if cell.firmware == "uefi" { Boots::ByUefi } else { Boots::ByBios }
}

/// A Debian here. A path that begins with nobody's user data goes on from the moment after its first boot, unless that
/// boot is asked for. Docker is there but by BIOS before `up`, which shows that it is installed: the other paths would show
/// the same once more, a minute or two each.
fn packaged(cell: &Cell, is_booted: bool) -> Result<Trial> {
    let release = cell.distro.release.as_str();
    let packages = Packages::small(&releases::suite(release)?)?;
    let setup = Setup { boots: boots(cell), processors: PROCESSORS, ..Setup::default() };
    let has_docker = setup.boots == Boots::ByUefi || cell.path != Path::Up;
    let resumes = cell.path == Path::Up && !is_booted;
    let Moment { disk, setup } = match cell.path {
        Path::Golden => Moment { disk: releases::golden(release)?, setup },
        _ if resumes && has_docker => moments::with_docker(release, setup)?,
        _ if resumes => moments::booted(release, setup)?,
        _ if has_docker => Moment { disk: with_docker::debian(release)?, setup },
        _ => Moment { disk: releases::untouched(release)?, setup },
    };
    Ok(Trial { has_docker, ..trial(World::with(&packages)?, disk, setup)? })
}

fn packaged_for_arm64(cell: &Cell) -> Result<Trial> {
    let release = cell.distro.release.as_str();
    let suite = releases::suite(release)?;
    let world = World::with(&Packages::for_arm64(&suite)?)?;
    let mut further = Vec::new();
    if cell.path == Path::SeedDisk {
        further.push(releases::mirror_for_all()?);
    }
    let image = machine_images::arm64(release, &suite, further)?;
    trial(world, image, Setup { processors: PROCESSORS, ..Setup::of_arm64() })
}

/// It has no boot loader of its own: its kernel is started at each boot.
fn posing(stand_in: StandIn) -> Result<Trial> {
    let image = stand_ins::with(stand_in, &[])?;
    let setup = Setup { processors: PROCESSORS, ..image.quickly() };
    let trial = trial(world_of_stand_in(stand_in)?, image.disk, setup)?;
    let up = format!("{UP} {DOCKER_MIRROR}");
    Ok(Trial { up, packages_are_listed_by: "rpm -qa | sort", has_boot_loader: false, ..trial })
}

/// A world for it, with agents that are not padded to their real sizes: emulated, that is a minute's work of checking.
pub fn world_of_stand_in(stand_in: StandIn) -> Result<World> {
    World::with_docker_server_of(&Packages::small_of(&System::StandIn(stand_in))?)
}

/// From its vendor, or from somebody who has it. The tests' world has packages for it where it is a Debian; outward,
/// its own sources have them.
fn brought(cell: &Cell, image: &Image, outward: bool) -> Result<Trial> {
    if cell.architecture != "x86_64" || cell.path == Path::Golden {
        return Err(Error::new(format!("{cell}: images that are brought cannot go this path yet")));
    }
    let file = images::bring(cell, image)?;
    let system = system(cell)?;
    // What its vendor built it for is not known here.
    let setup = Setup {
        boots: boots(cell),
        bus: Bus::Virtio,
        outward,
        processors: PROCESSORS,
        has_plain_processor: false,
        ..Setup::default()
    };
    let image = preparing::prepared(&file, &system, &setup)?;
    let world = World::with(&Packages::small_of(&system)?)?;
    let trial = trial(world, image, setup)?;
    Ok(match system {
        System::Debian(_) => trial,
        System::StandIn(_) => Trial { packages_are_listed_by: "rpm -qa | sort", ..trial },
    })
}

/// Whose agents and keys the world has for it: those of what has the same package manager.
fn system(cell: &Cell) -> Result<System> {
    use distro_matrix::Manager;
    Ok(match cell.distro.packages.manager {
        Manager::Apt if packages::releases().contains(&cell.distro.release) => {
            System::Debian(releases::suite(&cell.distro.release)?)
        }
        Manager::Apt => System::Debian(SUITE.to_owned()),
        Manager::Yum => System::StandIn(StandIn::El7),
        Manager::Dnf => System::StandIn(StandIn::El9),
        Manager::Dnf5 => System::StandIn(StandIn::Fedora43),
        Manager::Zypper => System::StandIn(StandIn::Sles15),
    })
}

fn trial(world: World, image: std::path::PathBuf, setup: Setup) -> Result<Trial> {
    let landfall = match setup.architecture {
        Architecture::X86_64 => programs::landfall()?,
        Architecture::Aarch64 => programs::landfall_for_arm64()?,
    };
    Ok(Trial {
        world,
        image,
        setup,
        landfall,
        up: UP.to_owned(),
        packages_are_listed_by: "dpkg-query --show",
        has_docker: false,
        has_boot_loader: true,
        machine: None,
    })
}
