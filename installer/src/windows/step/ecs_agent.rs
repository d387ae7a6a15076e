//! Have AWS's own module for PowerShell bring the ECS agent: `Initialize-ECSAgent -ExternalInstance`, the way that AWS
//! supports. It fetches the agent, makes its service, and sets up how tasks reach their credentials.
//!
//! What it leaves in the machine's variables besides what Landfall sets itself is its own matter, so undo takes away
//! every variable of the agent's that was not there before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::step::{Before, Leftovers};
use crate::windows::door::{Initialize, Program, Value, Windows};
use crate::windows::places::{ECS_SERVICE, ENVIRONMENT};

/// What the ECS agent's variables begin with.
const OF_THE_AGENT: &str = "ECS_";

/// The ECS agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcsAgent {
    /// What it is told.
    #[serde(flatten)]
    pub initialize: Initialize,
}

impl EcsAgent {
    pub(super) fn check(&self, host: &dyn Windows) -> Result<Option<Before>> {
        if host.service(ECS_SERVICE)?.is_some() {
            return Ok(None);
        }
        let values = variables(host)?.into_iter().map(|(name, value)| (name, Some(value))).collect();
        Ok(Some(Before::Values { values, read: false }))
    }

    pub(super) fn apply(&self, host: &mut dyn Windows) -> Result<()> {
        let output = host.run(&Program::InitializeEcsAgent(self.initialize.clone()))?;
        if output.ok() && host.service(ECS_SERVICE)?.is_some() {
            return Ok(());
        }
        // A service without its agent would be taken for the agent by the next run.
        if host.service(ECS_SERVICE)?.is_some() {
            host.stop_service(ECS_SERVICE)?;
            host.delete_service(ECS_SERVICE)?;
        }
        let said = output.tail();
        let hint = if said.contains("S3Object") || said.contains("AWSPowerShell") {
            "'Install-Module AWSPowerShell -Scope AllUsers' brings the module of AWS's that it wants; then run again"
        } else {
            r"see C:\ProgramData\Amazon\ECS\log, mend the cause, and run again"
        };
        Err(Error::failed(format!("Initialize-ECSAgent did not bring the ECS agent: {said}")).hint(hint))
    }

    pub(super) fn undo(&self, host: &mut dyn Windows, before: &Before) -> Result<Leftovers> {
        let mut leftovers = Leftovers::new();
        if host.service(ECS_SERVICE)?.is_some() {
            let output = host.run(&Program::RemoveEcsAgent)?;
            if !output.ok() {
                leftovers.push(format!(
                    "what Initialize-ECSAgent set up for tasks, because Remove-ECSAgentInstallation failed: {}",
                    output.tail()
                ));
            }
        }
        if let Some(service) = host.service(ECS_SERVICE)? {
            if service.running {
                host.stop_service(ECS_SERVICE)?;
            }
            host.delete_service(ECS_SERVICE)?;
        }
        let Before::Values { values, .. } = before else { return Ok(leftovers) };
        for name in variables(host)?.into_keys().filter(|name| !values.contains_key(name)) {
            host.set_value(ENVIRONMENT, &name, None)?;
        }
        for (name, value) in values {
            host.set_value(ENVIRONMENT, name, value.as_ref())?;
        }
        Ok(leftovers)
    }
}

/// The agent's own variables, as the machine has them.
fn variables(host: &dyn Windows) -> Result<BTreeMap<String, Value>> {
    let mut variables = host.values(ENVIRONMENT)?.unwrap_or_default();
    variables.retain(|name, _| name.starts_with(OF_THE_AGENT));
    Ok(variables)
}
