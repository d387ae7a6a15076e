//! A Debian on which somebody has installed Docker, and nothing else.

use std::path::PathBuf;

use super::releases::{suite, untouched_that_knows_the_mirror};
use super::{FORGET, IMAGE, convert};
use crate::cache;
use crate::error::Result;
use crate::guest::Guest;
use crate::guest::machine::{Setup, TO_STOP};
use crate::packages::Packages;
use crate::world::World;

const INSTALL: &str = "apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install docker.io && \
                       systemctl is-active docker";

/// What Docker has made of its own, an id and addresses among it.
const FORGET_DOCKER: &str = "systemctl stop docker.socket docker.service containerd.service\n\
                             rm -rf /etc/docker/key.json /var/lib/docker /var/lib/containerd";

/// The release with its own Docker, put there by apt; a boot of it is a first one. It tells every unit of the tests'
/// mirror.
pub fn debian(release: &str) -> Result<PathBuf> {
    let packages = Packages::small(&suite(release)?)?;
    let untouched = untouched_that_knows_the_mirror(release)?;
    let forget = format!("set -e\n{FORGET_DOCKER}\n{FORGET}\nsystemctl --no-block poweroff");
    let places = [untouched.as_os_str(), packages.repository.as_os_str()].map(|it| it.as_encoded_bytes());
    let ingredients = [places[0], places[1], INSTALL.as_bytes(), forget.as_bytes()];
    let entry = cache::entry("machine-docker", &ingredients, |folder| {
        let mut world = World::with(&packages)?;
        let mut machine = world.machine(&untouched, Setup::default())?;
        machine.boot()?;
        machine.must(INSTALL)?;
        machine.must(&forget)?;
        machine.wait_until_off(TO_STOP)?;
        convert(&machine.disk(), "qcow2", &folder.join(IMAGE))
    })?;
    Ok(entry.join(IMAGE))
}
