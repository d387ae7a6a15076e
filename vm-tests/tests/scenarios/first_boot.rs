//! A machine out of an image gets its identity by itself at its first boot, and says how it stands.

use std::time::{Duration, Instant};

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::journey;
use vm_tests::world::World;

use crate::installed::TRUST;
use crate::{guests_can_run, machine};

/// What an image has besides the programs: the mark that it is one, and whose packages are trusted.
fn seal(guest: &Container) -> Result<()> {
    guest.must(&format!("landfall install {TRUST}"))?;
    guest.must(
        "mkdir -p /etc/landfall && cat > /etc/landfall/config.toml <<END\n\
         mirror = \"https://mirror.landfall.test\"\n\
         trust-key = \"/root/trust-key.asc\"\n\
         trust-fingerprint = \"$(cat /root/trust-key.fingerprint)\"\n\
         END\n\
         install -m 600 /dev/null /var/lib/landfall/sealed",
    )?;
    Ok(())
}

/// A seed for this world's AWS, with a code that it knows or not.
fn seed(world: &World, guest: &Container, is_good: bool) -> Result<String> {
    journey::bring_activation(world, guest, 1, 86_400)?;
    let activation = String::from_utf8_lossy(&guest.read("/root/activation.json")?).into_owned();
    guest.must("rm /root/activation.json")?;
    let field = |name: &str| {
        let rest = activation.split(&format!("\"{name}\"")).nth(1).unwrap_or_default();
        rest.split('"').nth(1).unwrap_or_default().to_owned()
    };
    let code = if is_good { field("ActivationCode") } else { "WrongWrongWrongWrong".into() };
    Ok(format!(
        "region = \"us-east-1\"\ncluster = \"test-cluster\"\nactivation-id = \"{}\"\nactivation-code = \"{code}\"\n",
        field("ActivationId"),
    ))
}

fn reboot(guest: &mut Container) -> Result<()> {
    guest.stop()?;
    guest.boot()
}

/// Waits until the report says this, and returns it.
fn stands(guest: &Container, state: &str) -> Result<String> {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let report = guest.run("cat /run/landfall/first-boot.json")?.stdout;
        if report.contains(&format!("\"state\": \"{state}\"")) {
            return Ok(report);
        }
        assert!(Instant::now() < deadline, "not {state}: {report}\n{}", guest.journal()?);
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn a_sealed_machine_registers_by_itself_at_its_first_boot_and_says_so() -> Result<()> {
    let Some((world, mut guest)) = machine()? else { return Ok(()) };
    seal(&guest)?;
    let seed = seed(&world, &guest, true)?;
    reboot(&mut guest)?;
    // Without a seed it waits, and neither a boot nor a login waits for it.
    stands(&guest, "waiting-for-seed")?;
    let waiting = guest.run("systemctl is-active multi-user.target && landfall status")?;
    assert_eq!(waiting.status, 3, "{}{}", waiting.stdout, waiting.stderr);
    assert!(waiting.stdout.contains("the first boot is not done: waiting for a seed"), "{}", waiting.stdout);
    guest.write("/etc/landfall/seed.toml", seed.as_bytes(), 0o600)?;
    stands(&guest, "done")?;
    // With --nocapture, each step's seconds: what of them is Landfall's own.
    println!("{}", guest.must("journalctl --no-pager -o short-precise -b -u landfall-first-boot")?);
    journey::container_instance(&guest)?;
    guest
        .must("landfall status && test ! -e /etc/landfall/seed.toml && test ! -e /var/lib/landfall/sealed")?;
    let message = guest.must("cat /run/motd.d/50-landfall")?;
    assert!(
        message.contains("registered as mi-") && message.contains("in cluster test-cluster"),
        "{message}"
    );
    assert!(
        !guest.journal()?.contains(seed.split('"').nth_back(1).unwrap_or(&seed)),
        "the code is in the journal"
    );
    let managed = world.aws()?.managed_instances().unwrap().len();
    reboot(&mut guest)?;
    guest.must("systemctl show -p ConditionResult landfall-first-boot | grep -q =no")?;
    assert_eq!((world.aws()?.managed_instances().unwrap().len(), managed), (1, 1));
    Ok(())
}

/// systemd 247 does not start a unit with a credential that is nowhere, unless the unit has another to fall back on.
#[test]
fn a_sealed_debian_11_registers_by_itself_where_no_credential_was_handed_to_it() -> Result<()> {
    if !guests_can_run() {
        return Ok(());
    }
    let mut world = World::of("bullseye")?;
    let mut guest = world.guest()?;
    seal(&guest)?;
    let seed = seed(&world, &guest, true)?;
    guest.write("/etc/landfall/seed.toml", seed.as_bytes(), 0o600)?;
    reboot(&mut guest)?;
    let report = stands(&guest, "done")?;
    assert!(report.contains("/etc/landfall/seed.toml"), "{report}");
    journey::container_instance(&guest)?;
    guest.must("landfall status")?;
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);
    Ok(())
}

#[test]
fn a_wrong_activation_ends_a_first_boot_loudly_and_a_better_seed_completes_it() -> Result<()> {
    let Some((world, mut guest)) = machine()? else { return Ok(()) };
    seal(&guest)?;
    let wrong = seed(&world, &guest, false)?;
    guest.write("/etc/landfall/seed.toml", wrong.as_bytes(), 0o600)?;
    reboot(&mut guest)?;
    let report = stands(&guest, "failed")?;
    assert!(report.contains("the service does not know this activation"), "{report}");
    let status = guest.run("landfall status")?;
    assert_eq!(status.status, 3, "{}", status.stderr);
    assert!(
        status.stdout.contains("the first boot is not done: failed: the service does not know"),
        "{}",
        status.stdout
    );
    guest.must("grep -q 'failed: the service does not know' /run/motd.d/50-landfall")?;
    guest.must("systemctl is-failed landfall-first-boot")?;
    guest.write("/etc/landfall/seed.toml", seed(&world, &guest, true)?.as_bytes(), 0o600)?;
    guest.must("systemctl restart landfall-first-boot")?;
    stands(&guest, "done")?;
    guest.must("landfall status")?;
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);
    Ok(())
}
