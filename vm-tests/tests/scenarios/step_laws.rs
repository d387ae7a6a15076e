//! The laws of steps, kind by kind, on a real file system, systemd, dpkg, kernel and iptables.

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::programs;

use crate::{completes, machine};

#[test]
fn every_kind_of_step_keeps_its_laws_on_a_real_machine() -> Result<()> {
    let Some((_world, guest)) = machine()? else { return Ok(()) };
    guest.copy_in(&programs::step_laws()?, "/root/step_laws", 0o755)?;
    completes(&guest, "LANDFALL_GUEST=1 /root/step_laws")?;
    Ok(())
}
