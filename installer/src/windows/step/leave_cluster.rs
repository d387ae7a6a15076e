//! Forget the cluster that the ECS agent belongs to, where that is another one: its saved state is of that cluster, and
//! with it the agent refuses to start in the new one. The registration with SSM stays as it is.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::step::{Before, Leftovers, forget_folder};
use crate::windows::components::ecs_agent::DEFAULT_CLUSTER;
use crate::windows::door::{Service, Value, Windows};
use crate::windows::places::{ECS_DATA, ECS_SERVICE, ENVIRONMENT};

/// The cluster that counts from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveCluster {
    /// Its name.
    pub cluster: String,
}

impl LeaveCluster {
    pub(super) fn check(&self, host: &dyn Windows) -> Result<Option<Before>> {
        if self.other(host)?.is_none() {
            return Ok(None);
        }
        let agent = host.service(ECS_SERVICE)?;
        let before =
            |it: Service| Before::Service { start: it.start, running: it.running, recovery: it.recovery };
        Ok(Some(agent.map_or(Before::Nothing, before)))
    }

    /// What was saved does not come back: the agent joins its earlier cluster as another container instance.
    pub(super) fn undo(&self, host: &mut dyn Windows, before: &Before) -> Result<Leftovers> {
        let ran = matches!(before, Before::Service { running: true, .. });
        if ran && host.service(ECS_SERVICE)?.is_some_and(|now| !now.running) {
            host.start_service(ECS_SERVICE)?;
        }
        Ok(Leftovers::new())
    }

    pub(super) fn apply(&self, host: &mut dyn Windows) -> Result<()> {
        let Some(other) = self.other(host)? else { return Ok(()) };
        if is_saved(host)? {
            host.tell(&format!(
                "note: this machine leaves the cluster {other}, which goes on listing its container instance: \
                 'aws ecs deregister-container-instance' removes it; tasks of that cluster that run here are nobody's any more"
            ));
        }
        forget_what_is_saved(host)
    }

    /// The other cluster, where the machine's variables or what is saved are of one.
    fn other(&self, host: &dyn Windows) -> Result<Option<String>> {
        let variables = host.values(ENVIRONMENT)?.unwrap_or_default();
        let named = variables.get("ECS_CLUSTER").and_then(Value::text).map(str::to_owned);
        let known = match named {
            None if is_saved(host)? => Some(DEFAULT_CLUSTER.to_owned()),
            named => named,
        };
        Ok(known.filter(|known| *known != self.cluster))
    }
}

fn is_saved(host: &dyn Windows) -> Result<bool> {
    Ok(!host.list(Path::new(ECS_DATA))?.is_empty())
}

/// The agent rests first, because it keeps what it knows and would write it again.
pub(super) fn forget_what_is_saved(host: &mut dyn Windows) -> Result<()> {
    if host.service(ECS_SERVICE)?.is_some_and(|it| it.running) {
        host.stop_service(ECS_SERVICE)?;
    }
    for name in host.list(Path::new(ECS_DATA))? {
        forget_folder(host, &Path::new(ECS_DATA).join(name))?;
    }
    Ok(())
}
