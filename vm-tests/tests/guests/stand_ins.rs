//! The stand-ins held to their word: each boots as what it poses as, and its own package manager installs a
//! Docker that runs from a signed repository, and refuses one that was tampered with.

use std::time::Instant;

use vm_tests::error::Result;
use vm_tests::guest::container::Container;
use vm_tests::guest::{self, Guest};
use vm_tests::system::StandIn;
use vm_tests::world::World;

/// How a stand-in's package manager is asked to install, without questions.
pub fn install(stand_in: StandIn) -> &'static str {
    match stand_in {
        StandIn::El7 => "yum --assumeyes install",
        StandIn::El9 | StandIn::Al2023 | StandIn::Fedora43 => "dnf --assumeyes install",
        StandIn::Sles15 | StandIn::Tumbleweed => "zypper --non-interactive install --no-recommends",
    }
}

/// A booted guest of a stand-in in a world of its own; nothing where guests cannot run, which is said.
pub fn booted(stand_in: StandIn) -> Result<Option<(World, Container)>> {
    if !guest::can_run() {
        return Ok(None);
    }
    let started = Instant::now();
    let mut world = World::of_stand_in(stand_in)?;
    println!("{:6.2} s  a world for {}", started.elapsed().as_secs_f64(), stand_in.name());
    let mut guest = world.guest_without_landfall(&[])?;
    let started = Instant::now();
    guest.boot()?;
    println!("{:6.2} s  boot", started.elapsed().as_secs_f64());
    Ok(Some((world, guest)))
}

/// Runs a command line that has to succeed, and prints its time and what it said.
pub fn timed(guest: &Container, script: &str) -> Result<String> {
    let output = guest.run(script)?;
    println!("{:6.2} s  {script}\n{}{}", output.seconds, output.stdout, output.stderr);
    assert_eq!(output.status, 0, "{script}");
    Ok(output.stdout)
}

/// Nothing is there that an installer would have to bring, and nothing that gives the Debian away.
fn is_bare(guest: &Container) -> Result<()> {
    let programs = "docker dockerd containerd runc iptables ip6tables sysctl ps dmidecode curl apt-get dpkg";
    let found =
        guest.run(&format!("for it in {programs}; do command -v $it; done; ls /etc/debian_version"))?;
    assert_eq!(found.stdout, "");
    assert_eq!(guest.must("systemctl --failed --no-legend --plain")?, "");
    assert!(guest.must("rpm -qa --queryformat '%{name}.%{arch}\\n'")?.contains("rpm.x86_64\n"));
    Ok(())
}

fn docker_runs(guest: &Container) -> Result<()> {
    assert_eq!(
        guest.run("systemctl is-active docker")?.stdout,
        "inactive\n",
        "a package of RPM starts nothing"
    );
    timed(guest, "systemctl start docker.service")?;
    timed(guest, "docker version")?;
    assert!(timed(guest, "iptables -t nat -S POSTROUTING")?.contains("MASQUERADE"));
    timed(guest, "sysctl -q -w net.ipv4.conf.all.route_localnet=1 && dmidecode --version")?;
    Ok(())
}

fn installs_the_distributions_docker(stand_in: StandIn, docker: &str) -> Result<()> {
    let Some((_world, guest)) = booted(stand_in)? else { return Ok(()) };
    is_bare(&guest)?;
    timed(&guest, &format!("{} {docker} iptables procps dmidecode", install(stand_in)))?;
    docker_runs(&guest)
}

fn installs_dockers_docker(stand_in: StandIn, system: &str) -> Result<()> {
    let Some((world, guest)) = booted(stand_in)? else { return Ok(()) };
    is_bare(&guest)?;
    add_dockers_repository(&world, &guest, system)?;
    timed(&guest, &format!("{} docker-ce procps dmidecode", install(stand_in)))?;
    let signer =
        timed(&guest, "rpm -q --queryformat '%{epoch} %{sigpgp:pgpsig}%{rsaheader:pgpsig}\\n' docker-ce")?;
    assert!(signer.starts_with("3 ") && signer.contains("RSA/SHA256"), "{signer}");
    docker_runs(&guest)
}

/// As Docker's instructions have it: with the file that its server offers.
fn add_dockers_repository(world: &World, guest: &Container, system: &str) -> Result<()> {
    let repository = world.docker_server().join(system).join("docker-ce.repo");
    guest.copy_in(&repository, "/etc/yum.repos.d/docker-ce.repo", 0o644)
}

#[test]
#[ignore = "in scripts/test --full: the whole path of this stand-in runs the same Docker"]
fn centos_stream_9_runs_dockers_docker() -> Result<()> {
    installs_dockers_docker(StandIn::El9, "linux/centos")
}

#[test]
#[ignore = "in scripts/test --full: the whole path of this stand-in runs the same Docker"]
fn centos_7_runs_dockers_docker_by_yum_alone() -> Result<()> {
    installs_dockers_docker(StandIn::El7, "linux/centos")
}

#[test]
#[ignore = "in scripts/test --full: the whole path of this stand-in runs the same Docker"]
fn fedora_43_runs_dockers_docker() -> Result<()> {
    installs_dockers_docker(StandIn::Fedora43, "linux/fedora")
}

#[test]
fn fedora_43_runs_its_own_docker() -> Result<()> {
    installs_the_distributions_docker(StandIn::Fedora43, "moby-engine")
}

#[test]
#[ignore = "in scripts/test --full: the whole path of this stand-in runs the same Docker"]
fn amazon_linux_2023_runs_its_own_docker() -> Result<()> {
    installs_the_distributions_docker(StandIn::Al2023, "docker")
}

#[test]
#[ignore = "in scripts/test --full: the whole path of this stand-in runs the same Docker"]
fn sles_15_runs_its_own_docker() -> Result<()> {
    installs_the_distributions_docker(StandIn::Sles15, "docker")
}

#[test]
#[ignore = "in scripts/test --full: the whole path of this stand-in runs the same Docker"]
fn tumbleweed_runs_its_own_docker() -> Result<()> {
    installs_the_distributions_docker(StandIn::Tumbleweed, "docker")
}

#[test]
fn dockers_docker_takes_the_place_of_runc_unasked_and_of_podmans_look_alike_only_when_that_may_go()
-> Result<()> {
    let Some((world, guest)) = booted(StandIn::El9)? else { return Ok(()) };
    timed(&guest, &format!("{} podman-docker runc", install(StandIn::El9)))?;
    add_dockers_repository(&world, &guest, "linux/centos")?;
    let refused = guest.run(&format!("{} docker-ce", install(StandIn::El9)))?;
    println!("{}{}", refused.stdout, refused.stderr);
    assert_eq!(refused.status, 1);
    assert!(refused.stderr.contains("conflicts with docker-ce"), "{}", refused.stderr);
    timed(&guest, "rpm --erase podman-docker")?;
    timed(&guest, &format!("{} docker-ce", install(StandIn::El9)))?;
    assert_ne!(guest.run("rpm -q runc")?.status, 0, "containerd.io obsoletes it");
    Ok(())
}

#[test]
#[ignore = "in scripts/test --full: the whole path on sid runs the same Docker"]
fn debian_sid_boots_and_runs_its_own_docker() -> Result<()> {
    if !guest::can_run() {
        return Ok(());
    }
    let mut world = World::of("sid")?;
    let mut guest = world.guest_without_landfall(&[])?;
    guest.boot()?;
    timed(&guest, "grep -qx ID=debian /etc/os-release && ! grep VERSION_ID /etc/os-release")?;
    timed(&guest, "apt-get -qq update")?;
    let apt = "DEBIAN_FRONTEND=noninteractive apt-get -qq --no-install-recommends";
    timed(&guest, &format!("{apt} install docker.io iptables procps dmidecode"))?;
    timed(&guest, "systemctl is-active docker && sysctl -n kernel.ostype && dmidecode --version")?;
    Ok(())
}
