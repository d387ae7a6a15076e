//! Whose packages are installed, and which: everything else ends with exit code 1 (or with 2, before
//! anything was touched) and leaves nothing behind, the activation unused.

use std::fs;
use std::path::{Path, PathBuf};

use stand_in_packages::{Flaw, TestKey};
use vm_tests::error::{Result, While};
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::journey::{self, UP};
use vm_tests::packages::{self, Packages};
use vm_tests::world::{SUITE, World};

use crate::guests_can_run;

const SSM: &str = "amazon-ssm-us-east-1/latest/debian_amd64/amazon-ssm-agent.deb";
const ECS: &str = "amazon-ecs-agent-us-east-1/amazon-ecs-init-latest.amd64.deb";
const ECS_URL: &str =
    "https://mirror.landfall.test/amazon-ecs-agent-us-east-1/amazon-ecs-init-latest.amd64.deb";

/// A guest with an unused activation and small packages, and what is installed on it.
fn machine() -> Result<Option<(World, Container, String)>> {
    if !guests_can_run() {
        return Ok(None);
    }
    let mut world = World::with(&Packages::small(SUITE)?)?;
    let guest = world.guest()?;
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let installed = guest.must("dpkg-query --show")?;
    Ok(Some((world, guest, installed)))
}

/// Puts another file in an object's place, whose own bytes other worlds may share.
fn put(world: &World, object: &str, content: &[u8]) -> Result<()> {
    let path = world.objects().join(object);
    let _ = fs::remove_file(&path);
    fs::write(&path, content).doing(|| format!("writing {}", path.display()))
}

fn object(folder: &Path, object: &str) -> Result<Vec<u8>> {
    let path: PathBuf = folder.join(object);
    fs::read(&path).doing(|| format!("reading {}", path.display()))
}

/// Runs a command that must say this and leave nothing: no package, no file, no registration.
fn refused(world: &World, guest: &Container, installed: &str, command: &str, why: &str) -> Result<()> {
    let output = guest.run(command)?;
    println!(
        "== {why}\n{}",
        output.stderr.lines().filter(|line| line.contains(": ")).collect::<Vec<_>>().join("\n")
    );
    assert_eq!(output.status, 1, "{why}: {}", output.stderr);
    assert!(output.stderr.contains(why), "{why}: {}", output.stderr);
    assert_eq!(guest.must("dpkg-query --show")?, installed, "{why}");
    assert_eq!(guest.must("find /var/lib/landfall/downloads -type f 2>/dev/null || true")?, "", "{why}");
    assert!(world.aws()?.managed_instances().unwrap().is_empty(), "{why}");
    Ok(())
}

#[test]
fn a_signature_that_does_not_count_installs_nothing_and_uses_up_no_activation() -> Result<()> {
    let Some((world, guest, installed)) = machine()? else { return Ok(()) };
    let key = TestKey::open_or_make(&packages::signing_keys()?).doing(|| "opening the signing key")?;
    let elsewhere = tempfile::tempdir()?;
    let stranger = TestKey::open_or_make(elsewhere.path()).doing(|| "making another key")?;
    let package = object(&world.objects(), ECS)?;
    let good = object(&world.objects(), &format!("{ECS}.asc"))?;
    let flawed = |flaw| key.flawed(&package, flaw).doing(|| "signing").map(String::into_bytes);
    let not_signed = "holds no OpenPGP signature";
    let cases: Vec<(Option<Vec<u8>>, &str)> = vec![
        (None, "is not there (HTTP 404)"),
        (Some(Vec::new()), not_signed),
        (Some(good[..good.len() / 2].to_vec()), not_signed),
        (Some(stranger.detached(&package).doing(|| "signing")?), "that key is not trusted for this package"),
        (Some(object(&world.objects(), &format!("{SSM}.sig"))?), "the file is not what"),
        (Some(flawed(Flaw::OlderThanTheKey)?), "when that key was not valid"),
        (Some(flawed(Flaw::Ended)?), "it was good until"),
        (Some(flawed(Flaw::Sha1)?), "at least SHA-256 is asked for"),
        (Some(flawed(Flaw::OverText)?), "not a signature over a binary file"),
    ];
    for (signature, why) in cases {
        match signature {
            Some(signature) => put(&world, &format!("{ECS}.asc"), &signature)?,
            None => fs::remove_file(world.objects().join(format!("{ECS}.asc")))?,
        }
        refused(&world, &guest, &installed, UP, why)?;
    }
    put(&world, &format!("{ECS}.asc"), &good)?;
    guest.must(UP)?;
    journey::container_instance(&guest)?;
    Ok(())
}

#[test]
fn an_old_and_a_swapped_package_are_refused_however_well_they_are_signed() -> Result<()> {
    let Some((world, guest, installed)) = machine()? else { return Ok(()) };
    let old = packages::small_agents("2.3.1644.0", "1.52.0")?;
    let now = [SSM, ECS].map(|package| object(&world.objects(), package));
    let signatures = [format!("{SSM}.sig"), format!("{ECS}.asc")];
    let key = TestKey::open_or_make(&packages::signing_keys()?).doing(|| "opening the signing key")?;
    let [ssm, ecs] = now;
    let (ssm, ecs) = (ssm?, ecs?);
    let good = [object(&world.objects(), &signatures[0])?, object(&world.objects(), &signatures[1])?];

    put(&world, SSM, &object(&old, SSM)?)?;
    put(&world, &signatures[0], &object(&old, &signatures[0])?)?;
    refused(&world, &guest, &installed, UP, "it is version 2.3.1644.0-1, and 3.1.1208.0 is the least")?;
    put(&world, SSM, &ssm)?;
    put(&world, &signatures[0], &good[0])?;

    put(&world, ECS, &object(&old, ECS)?)?;
    put(&world, &signatures[1], &object(&old, &signatures[1])?)?;
    refused(&world, &guest, &installed, UP, "it is version 1.52.0-1, and 1.81.0 is the least")?;

    put(&world, ECS, &ssm)?;
    put(&world, &signatures[1], key.detached_armored(&ssm).doing(|| "signing")?.as_bytes())?;
    refused(&world, &guest, &installed, UP, "it is the package amazon-ssm-agent")?;

    put(&world, ECS, &ecs)?;
    put(&world, &signatures[1], &good[1])?;
    guest.must(UP)?;
    journey::container_instance(&guest)?;
    Ok(())
}

#[test]
fn an_operators_key_does_not_count_for_what_comes_from_aws() -> Result<()> {
    let Some((world, guest, installed)) = machine()? else { return Ok(()) };
    let given_for_ecs_alone =
        UP.replace("--mirror https://mirror.landfall.test", &format!("--deb-url {ECS_URL}"));
    let why = "that key is not trusted for this package";
    refused(&world, &guest, &installed, &given_for_ecs_alone, why)?;
    let before = guest.tree()?;
    for (official, why) in [
        (UP.replace("--mirror https://mirror.landfall.test", ""), "no address that it could count for"),
        (UP.replace("mirror.landfall.test", "s3.us-east-1.amazonaws.com"), "AWS's own address"),
        (UP.replace("$(cat /root/trust-key.fingerprint)", &"0".repeat(40)), "has the fingerprint"),
        (format!("{UP} --skip-gpg-check"), "--skip-gpg-check cannot be honoured by itself"),
    ] {
        let output = guest.run(&official)?;
        assert_eq!(output.status, 2, "{official}: {}", output.stderr);
        assert!(output.stderr.contains(why) && output.stderr.contains("hint: "), "{}", output.stderr);
    }
    let changes: Vec<String> = before.changes(&guest.tree()?).iter().map(ToString::to_string).collect();
    assert!(changes.is_empty(), "{changes:#?}");
    Ok(())
}

#[test]
fn a_package_without_a_signature_is_taken_by_its_sum_alone_and_only_where_both_are_asked_for() -> Result<()> {
    let Some((world, guest, installed)) = machine()? else { return Ok(()) };
    fs::remove_file(world.objects().join(format!("{ECS}.asc")))?;
    let sum = guest_sum(&world)?;
    let by = |sum: &str| format!("{UP} --deb-url {ECS_URL} --package-sha256 {sum}");
    refused(&world, &guest, &installed, &by(&sum), "is not there (HTTP 404)")?;
    let wrong = format!("{} --skip-gpg-check", by(&"0".repeat(64)));
    refused(&world, &guest, &installed, &wrong, "and not that of --package-sha256")?;
    guest.must(&format!("{} --skip-gpg-check", by(&sum)))?;
    journey::container_instance(&guest)?;
    Ok(())
}

fn guest_sum(world: &World) -> Result<String> {
    let sum = vm_tests::host_command::run("sha256sum", [world.objects().join(ECS)])?;
    Ok(sum.split(' ').next().unwrap_or_default().to_owned())
}

#[test]
fn an_agent_is_upgraded_when_a_newer_one_is_asked_for_and_downgraded_when_that_is_allowed() -> Result<()> {
    let Some((world, guest, _)) = machine()? else { return Ok(()) };
    let other = packages::small_agents("3.2.2222.0", "1.104.0")?;
    for name in ["amazon-ecs-init-1.104.0-1.amd64.deb", "amazon-ecs-init-1.104.0-1.amd64.deb.asc"] {
        let name = format!("amazon-ecs-agent-us-east-1/{name}");
        put(&world, &name, &object(&other, &name)?)?;
    }
    let version = "dpkg-query --show --showformat '${Version}' amazon-ecs-init";
    guest.must(&format!("{UP} --ecs-version 1.104.0"))?;
    assert_eq!(guest.must(version)?, "1.104.0-1");
    let upgraded = guest.run(&format!("{UP} --ecs-version 1.105.1"))?;
    assert_eq!(upgraded.status, 0, "{}", upgraded.stderr);
    assert!(upgraded.stderr.contains("enable and start ecs.service"), "{}", upgraded.stderr);
    assert_eq!(guest.must(version)?, "1.105.1-1");
    let refused = guest.run(&format!("{UP} --ecs-version 1.104.0"))?;
    assert!(refused.status == 2 && refused.stderr.contains("--allow-downgrade"), "{}", refused.stderr);
    assert_eq!(guest.must(version)?, "1.105.1-1");
    guest.must(&format!("{UP} --ecs-version 1.104.0 --allow-downgrade"))?;
    assert_eq!(guest.must(version)?, "1.104.0-1");
    journey::container_instance(&guest)?;
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);
    Ok(())
}
