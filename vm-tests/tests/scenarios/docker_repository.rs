//! Docker from Docker's own repository: a local one in its layout, signed with a key made for tests, which is
//! why it is named as a mirror with that key's fingerprint. Under Docker's own name it is refused.

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::journey::{self, DOCKER_MIRROR, UP};
use vm_tests::reviewed_leftovers::all_is_explained;
use vm_tests::world::World;

use crate::{completes, guests_can_run, machine};

const KEYRING: &str = "/etc/apt/keyrings/docker.asc";
const SOURCE: &str = "/etc/apt/sources.list.d/docker.sources";

/// A guest with an activation, in a world with Docker's server.
fn beside_docker() -> Result<Option<(World, Container)>> {
    if !guests_can_run() {
        return Ok(None);
    }
    let mut world = World::with_docker_server()?;
    let guest = world.guest()?;
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    Ok(Some((world, guest)))
}

/// The packages of a Docker that are installed: dpkg knows the others' names too.
fn dockers(guest: &Container) -> Result<Vec<String>> {
    let listed = guest.must("dpkg-query --showformat '${db:Status-Status} ${Package}\\n' --show")?;
    let name = |line: &str| line.strip_prefix("installed ").map(str::to_owned);
    let mut names: Vec<String> = listed.lines().filter_map(name).collect();
    names.retain(|name| name.contains("docker") || name.contains("containerd"));
    Ok(names)
}

fn changes(before: &vm_tests::guest::tree::Tree, guest: &Container) -> Result<Vec<String>> {
    Ok(before.changes(&guest.tree()?).iter().map(ToString::to_string).collect())
}

#[test]
fn docker_from_its_own_repository_registers_under_one_certificate_and_goes_without_a_trace() -> Result<()> {
    let Some((world, guest)) = beside_docker()? else { return Ok(()) };
    let before = guest.tree()?;
    let installed = guest.must("dpkg-query --show")?;
    let command = format!("{UP} --docker-install-source docker {DOCKER_MIRROR}");
    completes(&guest, &command)?;
    journey::container_instance(&guest)?;
    guest.must("docker info")?;
    assert_eq!(dockers(&guest)?, ["containerd.io", "docker-ce", "docker-ce-cli"]);

    // Two certificates were served, and the signer's alone was written.
    let served = std::fs::read_to_string(world.docker_server().join("linux/debian/gpg"))?;
    assert_eq!(served.matches("BEGIN PGP PUBLIC KEY BLOCK").count(), 2);
    assert_eq!(guest.read(KEYRING)?, guest.read("/root/trust-key.asc")?);
    assert_eq!(guest.must(&format!("stat -c %a {KEYRING} {SOURCE}"))?, "644\n644\n");
    let source = guest.must(&format!("cat {SOURCE}"))?;
    assert!(source.contains("\nSuites: bookworm\n") && source.contains(&format!("\nSigned-By: {KEYRING}\n")));
    guest.must("apt-get update")?;

    let again = guest.must(&format!("{command} --json 2>/dev/null"))?;
    assert!(again.contains("\"changed\": 0"), "{again}");

    guest.must("landfall uninstall")?;
    assert_eq!(guest.must("dpkg-query --show")?, installed);
    all_is_explained(&before, &guest)
}

/// What is served under Docker's own name is not signed by Docker's key here, as if somebody had taken the
/// server over.
#[test]
fn a_key_file_without_dockers_own_key_is_refused_before_apt_is_asked_for_anything() -> Result<()> {
    let Some((world, guest)) = beside_docker()? else { return Ok(()) };
    let apt = "find /etc/apt /var/lib/apt /var/cache/apt -type f -exec sha256sum {} + | sort";
    let (before, installed) = (guest.must(apt)?, guest.must("dpkg-query --show")?);
    let output = guest.run(&format!("{UP} --docker-install-source docker"))?;
    assert_eq!(output.status, 1, "{}", output.stderr);
    let sentence = "and not the pinned certificate 9DC858229FC7DD38854AE2D88D81803C0EBFCD88";
    assert!(output.stderr.contains(sentence), "{}", output.stderr);
    assert_eq!(guest.must(apt)?, before);
    assert_eq!(guest.must("dpkg-query --show")?, installed);
    assert!(world.aws()?.managed_instances().unwrap().is_empty());
    Ok(())
}

/// As where a release has no Docker of its own: apt knows the name, and has nothing for it.
#[test]
fn where_the_distribution_has_no_docker_it_comes_from_dockers_repository() -> Result<()> {
    let Some((_world, guest)) = beside_docker()? else { return Ok(()) };
    let pin = b"Package: docker.io\nPin: release *\nPin-Priority: -1\n";
    guest.write("/etc/apt/preferences.d/no-docker", pin, 0o644)?;
    completes(&guest, &format!("{UP} {DOCKER_MIRROR}"))?;
    journey::container_instance(&guest)?;
    assert_eq!(dockers(&guest)?, ["containerd.io", "docker-ce", "docker-ce-cli"]);
    Ok(())
}

/// AWS's script says that it installs no Docker, and then apt does, for the ECS agent's package (F13).
#[test]
fn f13_docker_from_nowhere_where_there_is_none_is_refused_before_anything_changes() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let before = guest.tree()?;
    let output = guest.run(&format!("{UP} --docker-install-source none"))?;
    assert_eq!(output.status, 2, "{}", output.stderr);
    assert!(
        output.stderr.contains("there is no Docker here, and it may come from nowhere"),
        "{}",
        output.stderr
    );
    let changes = changes(&before, &guest)?;
    assert!(changes.iter().all(|change| change.contains("/run/")), "{changes:#?}");
    Ok(())
}
