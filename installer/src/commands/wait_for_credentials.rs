//! `wait-for-credentials`: what the ECS agent's unit calls before it starts the agent.

use crate::error::Result;
use crate::host::Host;
use crate::step::Await;

/// Waits, bounded.
///
/// # Errors
/// When there are none after that.
pub fn run(host: &mut dyn Host, seconds: u64) -> Result<()> {
    Await::Credentials { seconds }.wait_to_the_end(host)
}
