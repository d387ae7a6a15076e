//! Baking and registering as two commands.

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::journey;

use crate::machine;

pub(crate) const TRUST: &str = "--region us-east-1 --cluster test-cluster --mirror https://mirror.landfall.test \
                     --trust-key /root/trust-key.asc --trust-fingerprint \"$(cat /root/trust-key.fingerprint)\"";

#[test]
fn an_installed_machine_starts_no_agent_until_it_is_registered_from_standard_input() -> Result<()> {
    let Some((world, mut guest)) = machine()? else { return Ok(()) };
    guest.must(&format!("landfall install {TRUST}"))?;
    let idle = "! systemctl is-active amazon-ssm-agent && ! systemctl is-active ecs && test ! -e /root/.aws/credentials";
    guest.must(idle)?;
    // Started at boot, the agents' units are held back by the gate.
    guest.stop()?;
    guest.boot()?;
    guest.must(idle)?;
    assert!(world.aws()?.managed_instances().unwrap().is_empty());
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let activation = guest.read("/root/activation.json")?;
    guest.must("rm /root/activation.json")?;
    let registered =
        guest.run_with_input(&format!("landfall register {TRUST} --activation-file -"), &activation)?;
    assert_eq!(registered.status, 0, "{}", registered.stderr);
    journey::container_instance(&guest)?;
    Ok(())
}

#[test]
fn an_activation_may_come_as_a_systemd_credential() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    guest.must(&format!(
        "systemd-run --quiet --wait --pipe -p LoadCredential=landfall.activation:/root/activation.json \
         landfall up {TRUST}"
    ))?;
    journey::container_instance(&guest)?;
    Ok(())
}
