//! The whole path on each release that can be had, with a kernel of its own: there, again, over a reboot, and back.
//!
//! The first boot is the quick one, by the kernel alone; the second of a Debian is by its own boot loader,
//! which a stand-in has not.

use vm_tests::error::Result;
use vm_tests::guest::machine::VirtualMachine;
use vm_tests::guest::package_pool;
use vm_tests::guest::{Guest, can_run};
use vm_tests::journey::{self, DOCKER_MIRROR, UP};
use vm_tests::machine_images::releases::{self, Image};
use vm_tests::machine_images::stand_ins;
use vm_tests::packages::Packages;
use vm_tests::programs;
use vm_tests::system::{StandIn, System};
use vm_tests::world::World;

use crate::{TO_REGISTER, counted, instance, scenario_in};

#[test]
#[ignore = "in scripts/test --full: the whole path on it is tried in a container in each run, and on a machine for Debian 13 and CentOS Stream 9"]
fn debian_11_registers_and_comes_back_the_same_by_its_own_boot_loader() -> Result<()> {
    debian("debian-11")
}

#[test]
#[ignore = "in scripts/test --full: the whole path on it is tried in a container in each run, and on a machine for Debian 13 and CentOS Stream 9"]
fn debian_12_registers_and_comes_back_the_same_by_its_own_boot_loader() -> Result<()> {
    debian("debian-12")
}

#[test]
fn debian_13_registers_and_comes_back_the_same_by_its_own_boot_loader() -> Result<()> {
    debian("debian-13")
}

#[test]
#[ignore = "in scripts/test --full: the whole path on it is tried in a container in each run, and on a machine for Debian 13 and CentOS Stream 9"]
fn debian_sid_registers_and_comes_back_the_same_by_its_own_boot_loader() -> Result<()> {
    debian("debian-sid")
}

#[test]
#[ignore = "in scripts/test --full: the whole path on it is tried in a container in each run, and on a machine for Debian 13 and CentOS Stream 9"]
fn a_centos_stream_9_with_dnf_4_registers_and_comes_back_the_same() -> Result<()> {
    stand_in(StandIn::El9)
}

#[test]
#[ignore = "in scripts/test --full: the whole path on it is tried in a container in each run, and on a machine for Debian 13 and CentOS Stream 9"]
fn a_fedora_43_with_dnf_5_registers_and_comes_back_the_same() -> Result<()> {
    stand_in(StandIn::Fedora43)
}

#[test]
#[ignore = "in scripts/test --full: the whole path on it is tried in a container in each run, and on a machine for Debian 13 and CentOS Stream 9"]
fn a_sles_15_with_zypper_registers_and_comes_back_the_same() -> Result<()> {
    stand_in(StandIn::Sles15)
}

#[test]
#[ignore = "in scripts/test --full: the whole path on it is tried in a container in each run, and on a machine for Debian 13 and CentOS Stream 9"]
fn an_amazon_linux_2023_with_dnf_4_registers_and_comes_back_the_same() -> Result<()> {
    stand_in(StandIn::Al2023)
}

#[test]
#[ignore = "in scripts/test --full: the whole path on it is tried in a container in each run, and on a machine for Debian 13 and CentOS Stream 9"]
fn a_centos_7_with_a_dnf_4_that_is_called_yum_registers_and_comes_back_the_same() -> Result<()> {
    stand_in(StandIn::El7)
}

#[test]
#[ignore = "in scripts/test --full: the whole path on it is tried in a container in each run, and on a machine for Debian 13 and CentOS Stream 9"]
fn a_tumbleweed_with_zypper_registers_and_comes_back_the_same() -> Result<()> {
    stand_in(StandIn::Tumbleweed)
}

/// What differs between them.
pub(crate) struct Release {
    pub(crate) image: Image,
    up: String,
    /// Prints the packages that there are.
    packages: &'static str,
    has_boot_loader: bool,
    /// Its Docker comes without a command line, and it has to be of this release of Debian.
    command_line: Option<String>,
}

impl Release {
    pub(crate) fn of_stand_in(image: Image) -> Self {
        let up = format!("{UP} {DOCKER_MIRROR}");
        Self { image, up, packages: "rpm -qa | sort", has_boot_loader: false, command_line: None }
    }
}

fn debian(name: &str) -> Result<()> {
    if !can_run() {
        return Ok(());
    }
    let suite = releases::suite(name)?;
    let (image, up) = (releases::debian(name)?, UP.to_owned());
    let command_line = (!["bullseye", "bookworm"].contains(&&*suite)).then(|| suite.clone());
    let packages = "dpkg-query --show";
    let release = Release { image, up, packages, has_boot_loader: true, command_line };
    let world = || World::with(&Packages::small(&suite)?);
    scenario_in(world, |world| there_again_rebooted_and_back(world, &release))
}

fn stand_in(stand_in: StandIn) -> Result<()> {
    if !can_run() {
        return Ok(());
    }
    let release = Release::of_stand_in(stand_ins::with(stand_in, &[])?);
    scenario_in(|| world_of(stand_in), |world| there_again_rebooted_and_back(world, &release))
}

/// A world for it, with agents that are not padded to their real sizes: emulated, that is a minute's work of checking.
pub(crate) fn world_of(stand_in: StandIn) -> Result<World> {
    World::with_docker_server_of(&Packages::small_of(&System::StandIn(stand_in))?)
}

fn there_again_rebooted_and_back(world: &mut World, release: &Release) -> Result<()> {
    let mut machine = world.machine(&release.image.disk, release.image.quickly())?;
    machine.boot()?;
    machine.must("! command -v landfall && ! command -v docker && [ ! -e /var/lib/landfall ]")?;
    let packages = machine.must(release.packages)?;

    registered(world, &machine, release)?;
    let (arn, id) = (journey::container_instance(&machine)?, instance(&machine)?);
    memory_is_limited(&machine)?;

    let again = machine.must(&format!("{} --json 2>/dev/null", release.up))?;
    assert!(again.contains("\"changed\": 0"), "{again}");

    if release.has_boot_loader {
        machine.boot_by_its_own_loader();
        machine.stop()?;
        machine.boot()?;
    } else {
        machine.reboot()?;
    }
    is_back(&mut machine, &arn)?;
    assert_eq!((instance(&machine)?, counted(world)?), (id, (1, 1)));

    machine.must("landfall uninstall")?;
    assert_eq!(machine.must(release.packages)?, packages);
    machine.must("! systemctl cat ecs && ! systemctl cat amazon-ssm-agent && [ ! -e /var/lib/landfall ]")?;
    machine.stop()
}

/// Landfall comes onto the machine, and registers it.
pub(crate) fn registered(world: &World, machine: &VirtualMachine, release: &Release) -> Result<()> {
    machine.copy_in(&programs::landfall()?, "/usr/local/bin/landfall", 0o755)?;
    journey::bring_activation(world, machine, 1, 86_400)?;
    let up = machine.run_streaming(&release.up, &mut |line| println!("{line}"))?;
    assert_eq!(up.status, 0, "{}", up.stderr);
    println!("up took {:.0} s", up.seconds);
    machine.must("landfall status")?;
    if let Some(suite) = &release.command_line {
        machine.write("/usr/local/bin/docker", &package_pool::command_line(suite)?, 0o755)?;
    }
    machine.must(IMAGE).map(drop)
}

/// The agents run, and the way to credentials is there as before: rules, settings and an answer.
pub(crate) fn is_back(machine: &mut VirtualMachine, arn: &str) -> Result<()> {
    machine.wait_for(TO_REGISTER, "the ECS agent has registered", |it| {
        Ok(journey::container_instance(it).is_ok_and(|now| now == arn))
    })?;
    machine.must("systemctl is-active amazon-ssm-agent ecs docker landfall-credentials-endpoint.timer")?;
    let rules = machine.must("iptables -t nat -S")?;
    for rule in ["-A PREROUTING -j LANDFALL-PREROUTING", "-A OUTPUT -j LANDFALL-OUTPUT"] {
        assert!(rules.contains(rule), "{rules}");
    }
    machine.must("grep -qx 1 /proc/sys/net/ipv4/conf/all/route_localnet")?;
    asks_for_credentials(machine)?;
    machine.must("landfall status").map(drop)
}

/// An answer of any status shows that the agent was reached: on the machine itself, and in a container.
pub(crate) fn asks_for_credentials(machine: &VirtualMachine) -> Result<()> {
    let ask = r#"exec 3<>/dev/tcp/169.254.170.2/80 && printf "GET /v2/credentials/none HTTP/1.0\r\n\r\n" >&3 && cat <&3"#;
    for place in [format!("bash -c '{ask}'"), format!("docker run --rm shell:latest bash -c '{ask}'")] {
        let answer = machine.must(&format!("timeout -s KILL 60 {place}"))?;
        assert!(answer.starts_with("HTTP/1."), "{place}: {answer}");
    }
    Ok(())
}

/// A container image with a shell and what it is linked to: there is no registry to pull one from.
const IMAGE: &str = "tar -C / -ch usr/bin/bash usr/bin/cat $(ldd /bin/bash /bin/cat | grep -o '/lib[^ ]*' | sort -u | sed s:^/::) \
                     | docker import --change 'ENV PATH=/usr/bin' - shell:latest";

/// Asks for 64 MiB, and says so where it had them.
const TAKE: &str =
    r#"bash -c 'all=$(printf "%01048576d" 0); for time in 1 2 3 4 5 6; do all=$all$all; done; echo ${#all}'"#;

/// The kernel ends what takes more memory than its container has, and nothing else.
fn memory_is_limited(machine: &VirtualMachine) -> Result<()> {
    let told = machine.must("docker info 2>&1")?;
    assert!(!told.contains("No memory limit support") && !told.contains("WARNING: No memory"), "{told}");
    let taking = |limit: &str| machine.run(&format!("docker run --rm --memory {limit} shell:latest {TAKE}"));
    let enough = taking("512m")?;
    assert_eq!((enough.status, enough.stdout.trim()), (0, "67108864"), "{}", enough.stderr);
    let little = taking("16m")?;
    assert_eq!(little.status, 137, "{}{}", little.stdout, little.stderr);
    Ok(())
}
