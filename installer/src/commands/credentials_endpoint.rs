//! `credentials-endpoint`: what Landfall's own timer calls, and the ECS agent's unit when it has stopped.

use crate::components::credentials_endpoint::now;
use crate::error::Result;
use crate::host::Host;
use crate::receipt::Receipt;
use crate::step::{Change, Context, Step};

/// Sets what is missing. It does not take the lock of a whole run, so that no run is in its way and it is in no
/// run's; and it does nothing where the receipt does not hold it, so that nothing comes back behind an uninstall.
///
/// # Errors
/// When the machine refuses.
pub fn run(host: &mut dyn Host) -> Result<()> {
    let receipt = Receipt::read(host)?;
    if !receipt.entries.iter().any(|entry| matches!(entry.change, Step::Firewall(_))) {
        return Ok(());
    }
    for item in now() {
        if item.step.check(host)?.is_some() {
            item.step.apply(host, &Context::default())?;
        }
    }
    Ok(())
}
