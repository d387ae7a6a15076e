//! The account that a machine must belong to, looked at before any agent starts.

use aws_simulator::{Fault, FaultName};
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::journey::{self, UP};

use crate::{completes, machine};

/// The simulator's.
const ACCOUNT: &str = "123456789012";
const OTHER: &str = "999999999999";

#[test]
fn a_wrong_account_is_cleared_before_any_agent_starts_and_the_right_one_completes() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let refused =
        guest.run_streaming(&format!("{UP} --expect-account {OTHER}"), &mut |line| println!("{line}"))?;
    assert_eq!(refused.status, 1, "{}", refused.stderr);
    let aws = world.aws()?;
    let orphan = aws.managed_instances().unwrap()[0].instance_id.clone();
    let sentence =
        format!("the activation belongs to the account {ACCOUNT}, not to {OTHER}: {orphan} was cleared");
    assert!(refused.stderr.contains(&sentence), "{}", refused.stderr);
    let command = format!("deregister-managed-instance --region us-east-1 --instance-id {orphan}");
    assert!(refused.stderr.contains(&command), "{}", refused.stderr);
    guest.must("test ! -e /var/lib/amazon/ssm/Vault && test ! -e /var/lib/landfall/registered")?;
    guest.must("test ! -e /root/.aws/credentials && ! systemctl is-active amazon-ssm-agent ecs")?;
    assert!(aws.requests(Some("UpdateInstanceInformation")).unwrap().is_empty(), "an agent was started");
    // One token, Landfall's own; the machine was asked whose it is by nobody else.
    assert_eq!(aws.requests(Some("RequestManagedInstanceRoleToken")).unwrap().len(), 1);

    journey::bring_activation(&world, &guest, 1, 86_400)?;
    completes(&guest, &format!("{UP} --expect-account {ACCOUNT}"))?;
    journey::container_instance(&guest)?;
    assert_eq!(aws.managed_instances().unwrap().len(), 2);
    let again = guest.run(&format!("{UP} --expect-account {ACCOUNT}"))?;
    assert!(again.status == 0 && again.stderr.contains("nothing to do"), "{}", again.stderr);
    let other = guest.run(&format!("{UP} --expect-account {OTHER}"))?;
    assert!(other.status == 1 && other.stderr.contains("its identity was kept"), "{}", other.stderr);
    journey::container_instance(&guest)?;
    Ok(())
}

#[test]
fn a_denied_role_token_is_one_sentence_and_the_next_run_needs_no_activation() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let denied =
        Fault { times: 0, ..Fault::once(FaultName::AccessDenied, "RequestManagedInstanceRoleToken") };
    world.aws()?.fault(&denied).unwrap();
    let refused = guest.run(&format!("{UP} --expect-account {ACCOUNT}"))?;
    assert_eq!(refused.status, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("asked for a role token: access is denied"), "{}", refused.stderr);
    world.aws()?.clear_faults().unwrap();
    // Not even a wrong one is looked at.
    guest.write("/root/activation.json", br#"{"ActivationId": "00000000-0000-4000-8000-000000000000", "ActivationCode": "WrongWrongWrongWrong"}"#, 0o600)?;
    let resumed = guest.run(&format!("{UP} --expect-account {ACCOUNT}"))?;
    assert_eq!(resumed.status, 0, "{}", resumed.stderr);
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);
    Ok(())
}
