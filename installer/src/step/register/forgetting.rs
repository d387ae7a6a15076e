//! Takes all of an identity off a machine that is not the one it was made for, without a word to AWS.
//!
//! More than undo, which leaves what the agents keep to the folders that Landfall made: here the agents stay,
//! and must find nothing of the earlier identity. No program is run: this also happens early at a boot.

use std::path::Path;

use super::{MARKER, VAULT, attempt, credentials, credentials_aside};
use crate::durable;
use crate::error::Result;
use crate::facts::AGENT_STATE;
use crate::host::Host;
use crate::receipt::Receipt;
use crate::registration::LINUX;
use crate::step::{Step, forget_folder, state_folder};

const SSM_AGENT: &str = "/var/lib/amazon/ssm";
/// Notes of both agents that name the instance.
const NOTES: [&str; 3] =
    [AGENT_STATE, "/var/lib/ecs/data/ecs_agent_data.json", "/var/lib/amazon/ssm/registration"];

/// Forgets it, the marker first. Done again, it does what is left.
///
/// # Errors
/// When the machine refuses.
pub(crate) fn forget_identity(host: &mut dyn Host) -> Result<()> {
    durable::remove(host, Path::new(MARKER))?;
    attempt::end(host)?;
    credentials::take_away(host, &LINUX, &credentials_aside())?;
    for path in NOTES.map(Path::new) {
        durable::remove(host, path)?;
    }
    for name in host.list(Path::new(SSM_AGENT))?.into_iter().filter(|name| name.starts_with("mi-")) {
        forget_folder(host, &Path::new(SSM_AGENT).join(name))?;
    }
    forget_folder(host, &state_folder().join("vault-before"))?;
    forget_folder(host, Path::new(VAULT))?;
    forget_the_step(host)
}

/// The next registration is a step of its own, and undo takes it back whatever was here before this one.
fn forget_the_step(host: &mut dyn Host) -> Result<()> {
    Receipt::forget_where(host, |step| matches!(step, Step::Register(_)))
}
