//! A Debian on which somebody has installed Docker, and nothing else.

use std::path::PathBuf;

use super::releases::{suite, untouched_that_knows_the_mirror};
use super::{IMAGE, convert};
use crate::cache;
use crate::error::Result;
use crate::guest::Guest;
use crate::guest::machine::Setup;
use crate::packages::Packages;
use crate::world::World;

const INSTALL: &str = "apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install docker.io && \
                       systemctl is-active docker";

/// Takes away what a boot leaves of a machine of its own.
pub(crate) const FORGET: &str = include_str!("forget.sh");

/// The release with its own Docker, put there by apt; a boot of it is a first one. It tells every unit of the tests'
/// mirror.
pub fn debian(release: &str) -> Result<PathBuf> {
    let packages = Packages::small(&suite(release)?)?;
    let untouched = untouched_that_knows_the_mirror(release)?;
    let ingredients = [untouched.as_os_str(), packages.repository.as_os_str(), FORGET.as_ref()];
    let entry = cache::entry("machine-docker", &ingredients.map(|it| it.as_encoded_bytes()), |folder| {
        let mut world = World::with(&packages)?;
        let mut machine = world.machine(&untouched, Setup::default())?;
        machine.boot()?;
        machine.must(INSTALL)?;
        machine.must(FORGET)?;
        machine.stop()?;
        convert(&machine.disk(), "qcow2", &folder.join(IMAGE))
    })?;
    Ok(entry.join(IMAGE))
}
