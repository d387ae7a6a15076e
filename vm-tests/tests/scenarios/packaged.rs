//! Landfall's own packages, installed, renewed and removed by the real package managers.

use std::fs;

use tempfile::TempDir;
use vm_tests::error::{Error, Result};
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::host_command;
use vm_tests::journey;
use vm_tests::programs;
use vm_tests::reviewed_leftovers::all_is_explained;
use vm_tests::system::StandIn;
use vm_tests::world::World;

use crate::{completes, guests_can_run, up};

/// A key that signs nothing here: self-update is refused before anybody is asked.
const KEY: &str = "RWScoKYWL/n5KcZsoOM4Xez/sr84spnywWIbVD4/57lrC8XCmiRTuYPn";

/// Two packages of one kind, in a guest's /root: this Landfall, and a later one.
const OLDER: &str = "1.0.0";
const NEWER: &str = "1.0.1";

/// How a package manager is asked, without questions.
struct Manager {
    install: &'static str,
    remove: &'static str,
    /// What is behind the version in the name of a file.
    ending: &'static str,
}

const APT: Manager = Manager {
    install: "DEBIAN_FRONTEND=noninteractive apt-get -qq install",
    remove: "apt-get -qq purge landfall",
    ending: "-1_amd64.deb",
};
const DPKG: Manager = Manager { install: "dpkg --install", remove: "dpkg --remove landfall", ..APT };
const DNF: Manager = Manager {
    install: "dnf --assumeyes install",
    remove: "dnf --assumeyes remove landfall",
    ending: "-1.x86_64.rpm",
};
const ZYPPER: Manager = Manager {
    install: "zypper --non-interactive install --allow-unsigned-rpm",
    remove: "zypper --non-interactive remove landfall",
    ..DNF
};

impl Manager {
    /// Makes the packages and puts them into the guest.
    fn bring(&self, guest: &Container) -> Result<()> {
        let program = fs::read(programs::landfall()?)?;
        for version in [OLDER, NEWER] {
            let folder = TempDir::new()?;
            // What stands behind a program is not run: so each version is another file, as versions are.
            let content = [&program, version.as_bytes()].concat();
            fs::write(folder.path().join("landfall-x86_64-linux"), content)?;
            fs::write(folder.path().join("landfall-x86_64-linux.cdx.json"), "{}")?;
            let mut build = programs::script("build-packages");
            build.args(["--base-url", "https://releases.example", "--version", version]).arg(folder.path());
            let made = host_command::finish(&mut build)?;
            let name = made.lines().find(|name| name.ends_with(self.ending));
            let name = name.ok_or_else(|| Error::new(made.clone()))?;
            guest.copy_in(&folder.path().join(name), &self.file(version), 0o644)?;
        }
        Ok(())
    }

    fn file(&self, version: &str) -> String {
        format!("/root/{version}{}", self.ending)
    }

    fn install(&self, guest: &Container, version: &str) -> Result<()> {
        completes(guest, &format!("{} {}", self.install, self.file(version))).map(drop)
    }

    fn remove(&self, guest: &Container) -> Result<String> {
        Ok(completes(guest, self.remove)?.stderr)
    }

    /// There, to the next version, and back: what the package manager itself keeps is all that stays.
    fn comes_renews_and_goes(&self, mut world: World) -> Result<()> {
        let mut guest = world.guest_without_landfall(&[])?;
        guest.boot()?;
        self.bring(&guest)?;
        let before = guest.tree()?;
        for version in [OLDER, NEWER] {
            self.install(&guest, version)?;
            assert!(runs(&guest, version)?);
        }
        guest.must("landfall --version && landfall plan --region us-east-1")?;
        guest.must("test -s /usr/share/man/man1/landfall-up.1.gz && test ! -e /usr/local/bin/landfall")?;
        self.remove(&guest)?;
        assert_ne!(guest.run("command -v landfall || ls -d /usr/share/*/landfall")?.status, 0);
        all_is_explained(&before, &guest)
    }
}

/// Whether what people run, and units, is the program of this version.
fn runs(guest: &Container, version: &str) -> Result<bool> {
    Ok(guest.must(&format!("tail -c {} $(command -v landfall)", version.len()))? == version)
}

#[test]
fn apt_installs_landfall_renews_it_and_removes_it_without_a_trace() -> Result<()> {
    if !guests_can_run() {
        return Ok(());
    }
    APT.comes_renews_and_goes(World::new()?)
}

#[test]
fn dnf_4_installs_landfall_renews_it_and_removes_it_without_a_trace() -> Result<()> {
    if !guests_can_run() {
        return Ok(());
    }
    DNF.comes_renews_and_goes(World::of_stand_in(StandIn::El9)?)
}

#[test]
fn zypper_installs_landfall_renews_it_and_removes_it_without_a_trace() -> Result<()> {
    if !guests_can_run() {
        return Ok(());
    }
    ZYPPER.comes_renews_and_goes(World::of_stand_in(StandIn::Sles15)?)
}

/// Its rpm 6 alone would not have a package that is not signed inside.
#[test]
fn dnf_5_installs_landfall_renews_it_and_removes_it_without_a_trace() -> Result<()> {
    if !guests_can_run() {
        return Ok(());
    }
    DNF.comes_renews_and_goes(World::of_stand_in(StandIn::Fedora43)?)
}

#[test]
fn a_packaged_landfall_registers_is_renewed_under_its_units_and_may_go_before_the_instance_does() -> Result<()>
{
    if !guests_can_run() {
        return Ok(());
    }
    let mut world = World::new()?;
    let mut guest = world.guest_without_landfall(&[])?;
    guest.boot()?;
    DPKG.bring(&guest)?;
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let before = guest.tree()?;
    DPKG.install(&guest, OLDER)?;
    let told = up(&guest)?;
    assert_eq!(told.status, 0, "{}", told.stderr);
    let arn = journey::container_instance(&guest)?;
    assert_eq!(guest.must("readlink /usr/local/bin/landfall")?, "/usr/bin/landfall\n");

    DPKG.install(&guest, NEWER)?;
    assert!(runs(&guest, NEWER)? && guest.must("command -v landfall")?.starts_with("/usr/local/bin/"));
    let refused = guest.run(&format!("landfall self-update --from https://releases.example --key {KEY}"))?;
    assert_eq!(refused.status, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("belongs to the package landfall 1.0.1-1"), "{}", refused.stderr);

    let told = DPKG.remove(&guest)?;
    assert!(told.contains("'landfall uninstall' takes it back"), "{told}");
    guest.must("test ! -e /usr/bin/landfall && test ! -L /usr/local/bin/landfall")?;
    assert!(runs(&guest, NEWER)?);
    guest.stop()?;
    guest.boot()?;
    let is_up = "for _ in $(seq 90); do landfall status && exit 0; sleep 1; done; exit 1";
    guest.must(&format!("{is_up} >/dev/null 2>&1"))?;
    guest.must(
        "systemctl is-active ecs amazon-ssm-agent landfall-guard landfall-credentials-endpoint.timer",
    )?;
    assert_eq!(journey::container_instance(&guest)?, arn);

    completes(&guest, "landfall uninstall")?;
    guest.must("test ! -e /usr/local/bin/landfall")?;
    all_is_explained(&before, &guest)
}
