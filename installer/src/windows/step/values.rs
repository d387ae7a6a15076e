//! Set values under a key of the registry; undo puts the earlier ones back, and removes those that were not there.
//!
//! Whoever reads them at its start is stopped before they change, and started by a step of its own afterwards: that
//! they were changed needs no memory, also where the run is cut short between the two. Undo starts it itself, where it
//! ran.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::step::{Before, Leftovers};
use crate::windows::door::{Service, Value, Windows};

use super::leave_cluster::forget_what_is_saved;

/// The variable that names the ECS agent's cluster.
const CLUSTER: &str = "ECS_CLUSTER";

/// Values that a key should have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Values {
    /// The key, below the local machine; it is there already.
    pub key: String,
    /// What they are to be; those without a value are not to be there.
    pub values: BTreeMap<String, Option<Value>>,
    /// The service that reads them at its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_by: Option<String>,
}

impl Values {
    pub(super) fn check(&self, host: &dyn Windows) -> Result<Option<Before>> {
        let there = host.values(&self.key)?.unwrap_or_default();
        let before: BTreeMap<_, _> =
            self.values.keys().map(|name| (name.clone(), there.get(name).cloned())).collect();
        if before == self.values {
            return Ok(None);
        }
        let read = self.reader(host)?.is_some_and(|(_, service)| service.running);
        Ok(Some(Before::Values { values: before, read }))
    }

    pub(super) fn apply(&self, host: &mut dyn Windows) -> Result<()> {
        self.set(host, &self.values)
    }

    pub(super) fn undo(&self, host: &mut dyn Windows, before: &Before) -> Result<Leftovers> {
        let Before::Values { values, read } = before else { return Ok(Leftovers::new()) };
        // The key of a service goes with the service.
        if let Some(there) = host.values(&self.key)? {
            // With what it saved in the cluster that it leaves now, the agent would not start in its earlier one.
            if values.get(CLUSTER).is_some_and(|earlier| earlier.as_ref() != there.get(CLUSTER)) {
                forget_what_is_saved(host)?;
            }
            self.set(host, values)?;
        }
        if let Some((name, service)) = self.reader(host)?
            && *read
            && !service.running
        {
            host.start_service(name)?;
        }
        Ok(Leftovers::new())
    }

    pub(super) fn describe(&self) -> String {
        let one = |(name, value): (&String, &Option<Value>)| match value {
            Some(value) => format!("{name}={value}"),
            None => format!("{name} away"),
        };
        let all: Vec<String> = self.values.iter().map(one).collect();
        format!("set {} in HKLM\\{}", all.join(" "), self.key)
    }

    /// What an earlier run set stays known, so that undo finds it.
    pub(super) fn absorb(mut self, earlier: &Self) -> Self {
        for (name, value) in &earlier.values {
            self.values.entry(name.clone()).or_insert_with(|| value.clone());
        }
        self
    }

    /// The service that reads them, where it is here.
    fn reader(&self, host: &dyn Windows) -> Result<Option<(&str, Service)>> {
        let Some(name) = self.read_by.as_deref() else { return Ok(None) };
        Ok(host.service(name)?.map(|service| (name, service)))
    }

    fn set(&self, host: &mut dyn Windows, wanted: &BTreeMap<String, Option<Value>>) -> Result<()> {
        let there = host.values(&self.key)?.ok_or_else(|| {
            Error::failed(format!("the key HKLM\\{} is not in the registry", self.key)).hint("run again")
        })?;
        let differing = wanted.iter().filter(|(name, value)| there.get(*name) != value.as_ref());
        let differing: Vec<_> = differing.collect();
        if differing.is_empty() {
            return Ok(());
        }
        if let Some((name, service)) = self.reader(host)?
            && service.running
        {
            host.stop_service(name)?;
        }
        differing.into_iter().try_for_each(|(name, value)| host.set_value(&self.key, name, value.as_ref()))
    }
}
