//! Forget the cluster that the ECS agent belongs to, where that is another one: its saved state is of that cluster, and
//! with it the agent refuses to start in the new one. The registration with SSM stays as it is.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::step::{Before, forget_folder};
use crate::windows::door::{Value, Windows};
use crate::windows::places::{ECS_DATA, ECS_SERVICE, ENVIRONMENT};

/// The cluster that counts from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveCluster {
    /// Its name.
    pub cluster: String,
}

impl LeaveCluster {
    pub(super) fn check(&self, host: &dyn Windows) -> Result<Option<Before>> {
        Ok(self.other(host)?.is_some().then_some(Before::Nothing))
    }

    pub(super) fn apply(&self, host: &mut dyn Windows) -> Result<()> {
        let Some(other) = self.other(host)? else { return Ok(()) };
        if host.service(ECS_SERVICE)?.is_some_and(|it| it.running) {
            host.stop_service(ECS_SERVICE)?;
        }
        host.tell(&format!(
            "note: this machine leaves the cluster {other}, which goes on listing its container instance: \
             'aws ecs deregister-container-instance' removes it; tasks of that cluster that run here are nobody's any more"
        ));
        for name in host.list(Path::new(ECS_DATA))? {
            forget_folder(host, &Path::new(ECS_DATA).join(name))?;
        }
        Ok(())
    }

    /// The other cluster, where there is saved state of one.
    fn other(&self, host: &dyn Windows) -> Result<Option<String>> {
        let variables = host.values(ENVIRONMENT)?.unwrap_or_default();
        let known = variables.get("ECS_CLUSTER").and_then(Value::text).map(str::to_owned);
        let other = known.filter(|known| *known != self.cluster);
        Ok(if host.list(Path::new(ECS_DATA))?.is_empty() { None } else { other })
    }
}
