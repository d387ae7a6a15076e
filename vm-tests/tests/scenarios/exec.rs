//! ECS Exec: what the ECS agent must find before its first start, out of the SSM agent's signed package.

use std::fs;
use std::path::Path;

use aws_simulator::Record;
use stand_in_packages::{Agents, Architecture, TestKey, write_store};
use vm_tests::error::{Result, While};
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::journey::{self, UP};
use vm_tests::world::World;
use vm_tests::{packages, programs};

use crate::{completes, machine, registered, up};

const FOLDER: &str = "/var/lib/ecs/deps/execute-command";
const OTHER: &str = "3.4.0.0";
const SSM: &str = "amazon-ssm-us-east-1";

/// Whether the container instance was last registered with the capability.
fn is_offered(world: &World) -> Result<bool> {
    let instances = world.aws()?.container_instances().unwrap();
    assert_eq!(instances.len(), 1);
    let attributes = instances[0].attributes.as_array().unwrap();
    Ok(attributes.iter().any(|it| it["name"] == "ecs.capability.execute-command"))
}

/// The SSM agent's package in another version, with this session worker, signed as the others are.
fn other_package(world: &World, session_worker: &Path, version: &str, place: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let tools = programs::test_tools()?;
    let own = folder.path().join("programs");
    fs::create_dir(&own)?;
    for name in packages::AGENTS {
        fs::copy(tools.join(name), own.join(name))?;
    }
    fs::copy(session_worker, own.join("ssm-session-worker")).doing(|| "taking the session worker")?;
    let key = TestKey::open_or_make(&packages::signing_keys()?).doing(|| "opening the signing key")?;
    let (architecture, ssm_version, ecs_version) = (Architecture::Amd64, version.into(), "1.105.1".into());
    let agents = Agents { programs: own, architecture, small: true, ssm_version, ecs_version };
    let out = folder.path().join("objects");
    write_store(&agents, &key, &out).doing(|| "writing packages")?;
    let kind = "debian_amd64";
    let to = world.objects().join(SSM).join(place).join(kind);
    fs::create_dir_all(&to)?;
    for file in ["amazon-ssm-agent.deb", "amazon-ssm-agent.deb.sig"] {
        // The file may share its bytes with others: replaced, not rewritten.
        let _ = fs::remove_file(to.join(file));
        fs::copy(out.join(SSM).join(version).join(kind).join(file), to.join(file))?;
    }
    Ok(())
}

fn downloads(world: &World) -> Result<Vec<String>> {
    let requests = world.aws()?.requests(Some("amazon-ssm-agent.deb")).unwrap();
    let path = |record| match record {
        Record::Request(request) => Some(request.path),
        Record::Frame(_) => None,
    };
    Ok(requests.into_iter().filter_map(path).filter(|path| path.ends_with(".deb")).collect())
}

fn versions(guest: &Container) -> Result<String> {
    guest.must(&format!("ls -A {FOLDER}/bin"))
}

#[test]
fn exec_is_offered_from_the_first_registration_on_and_goes_with_uninstall() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    let said = registered(&world, &guest)?;
    println!("{}", said.lines().find(|line| line.starts_with("took")).unwrap_or_default());
    assert!(is_offered(&world)?);
    assert_eq!(world.aws()?.requests(Some("RegisterContainerInstance")).unwrap().len(), 1);
    assert_eq!(downloads(&world)?.len(), 1, "the package was fetched more than once");
    assert_eq!(guest.must(&format!("stat -c '%a %U' {FOLDER}/certs/tls-ca-bundle.pem"))?, "400 root\n");
    guest.must(&format!("cmp {FOLDER}/certs/tls-ca-bundle.pem /etc/ssl/certs/ca-certificates.crt"))?;
    for program in ["amazon-ssm-agent", "ssm-agent-worker", "ssm-session-worker"] {
        let path = format!("{FOLDER}/bin/3.3.0.0/{program}");
        guest.must(&format!("cmp {path} /usr/bin/{program} && test \"$(stat -c %a {path})\" = 755"))?;
    }
    guest.must("landfall uninstall && test ! -e /var/lib/ecs")?;
    Ok(())
}

#[test]
fn a_program_that_runs_is_no_obstacle_to_the_next_version() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    registered(&world, &guest)?;
    let running = format!("{FOLDER}/bin/3.3.0.0/ssm-session-worker");
    guest.must(&format!("systemd-run --quiet --unit=session {running}"))?;
    // The real trap: the same path is to be written again while it runs.
    guest.must(&format!("rm {FOLDER}/bin/3.3.0.0/ssm-agent-worker"))?;
    let again = up(&guest)?;
    assert_eq!(again.status, 0, "{}", again.stderr);
    let session_worker = programs::test_tools()?.join("ssm-session-worker");
    other_package(&world, &session_worker, OTHER, OTHER)?;
    completes(&guest, &format!("{UP} --exec-version {OTHER}"))?;
    assert_eq!(versions(&guest)?, format!("3.3.0.0\n{OTHER}\n"));
    assert!(guest.must("systemctl is-active session")?.starts_with("active"));
    assert!(is_offered(&world)?);
    journey::container_instance(&guest)?;
    let (instances, requests) = (world.aws()?.container_instances().unwrap(), downloads(&world)?);
    // Each change was one restart, and nothing is fetched or started again now.
    assert_eq!(instances[0].registrations, 3);
    let nothing = guest.run(&format!("{UP} --exec-version {OTHER}"))?;
    assert!(nothing.status == 0 && nothing.stderr.contains("nothing to do"), "{}", nothing.stderr);
    assert_eq!(downloads(&world)?, requests);
    assert_eq!(world.aws()?.container_instances().unwrap()[0].registrations, 3);
    Ok(())
}

#[test]
fn a_dynamically_linked_program_leaves_exec_off_and_the_machine_registers() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    let dynamic = tempfile::NamedTempFile::new()?;
    guest.copy_out("/usr/bin/true", dynamic.path())?;
    other_package(&world, dynamic.path(), OTHER, "latest")?;
    let said = registered(&world, &guest)?;
    let sentence =
        format!("ECS Exec is left off: ssm-session-worker of version {OTHER} is not linked statically");
    assert!(said.contains(&sentence), "{said}");
    assert!(!is_offered(&world)?);
    assert_eq!(versions(&guest)?, "");
    let second = up(&guest)?;
    assert!(second.status == 0 && second.stderr.contains("nothing to do"), "{}", second.stderr);
    assert_eq!(downloads(&world)?.len(), 1);
    Ok(())
}
