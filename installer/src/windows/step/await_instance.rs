//! Wait, bounded, until the ECS agent is part of its cluster.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::step::Before;
use crate::windows::door::Windows;
use crate::windows::places::ECS_SERVICE;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The container instance to wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AwaitInstance {
    /// The cluster it must be in.
    pub cluster: String,
    /// How long, in seconds.
    pub seconds: u64,
}

impl AwaitInstance {
    pub(super) fn check(&self, host: &dyn Windows) -> Result<Option<Before>> {
        Ok((!self.is_there(host)).then_some(Before::Nothing))
    }

    pub(super) fn apply(&self, host: &mut dyn Windows) -> Result<()> {
        let started = host.elapsed();
        let mut pause = FIRST_PAUSE;
        while !self.is_there(host) {
            let waited = host.elapsed() - started;
            let rests = host.service(ECS_SERVICE)?.is_none_or(|service| !service.running);
            if waited >= Duration::from_secs(self.seconds) || rests && waited > LONGEST_PAUSE * 10 {
                let why = if rests { ": its service has stopped" } else { "" };
                return Err(Error::failed(format!(
                    "the ECS agent did not register within {} s{why}",
                    waited.as_secs()
                ))
                .hint(
                    r"see C:\ProgramData\Amazon\ECS\log\ecs-agent.log, mend the cause, and run again: no new activation is needed for that",
                ));
            }
            host.sleep(pause);
            pause = (pause * 5 / 4).min(LONGEST_PAUSE);
        }
        Ok(())
    }

    fn is_there(&self, host: &dyn Windows) -> bool {
        let agent = host.introspection().filter(|agent| agent.cluster == self.cluster);
        agent.and_then(|agent| agent.container_instance_arn).is_some_and(|arn| !arn.is_empty())
    }
}
