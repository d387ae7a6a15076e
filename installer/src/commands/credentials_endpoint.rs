//! `credentials-endpoint`: what Landfall's own unit calls at each boot.

use crate::components::credentials_endpoint::now;
use crate::error::Result;
use crate::host::Host;
use crate::step::Context;

/// Sets what is missing. Nothing enters the receipt: a reboot takes it back by itself.
///
/// # Errors
/// When the machine refuses.
pub fn run(host: &mut dyn Host) -> Result<()> {
    for item in now() {
        if item.step.check(host)?.is_some() {
            item.step.apply(host, &Context::default())?;
        }
    }
    Ok(())
}
