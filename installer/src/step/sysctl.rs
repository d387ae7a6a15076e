//! Set a kernel setting, now.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Before, Leftovers};
use crate::error::Result;
use crate::host::Host;

/// A kernel setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sysctl {
    /// Its dotted name.
    pub key: String,
    /// The value it should have.
    pub value: String,
}

impl Sysctl {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let value = self.current(host)?;
        Ok((value != self.value).then_some(Before::Setting { value }))
    }

    pub(super) fn apply(&self, host: &mut dyn Host) -> Result<()> {
        host.set_kernel(&self.key, &self.value)
    }

    pub(super) fn undo(&self, host: &mut dyn Host, before: &Before) -> Result<Leftovers> {
        if let Before::Setting { value } = before
            && self.current(host)? == self.value
        {
            host.set_kernel(&self.key, value)?;
        }
        Ok(Leftovers::new())
    }

    pub(super) fn current(&self, host: &dyn Host) -> Result<String> {
        let path = PathBuf::from("/proc/sys").join(self.key.replace('.', "/"));
        let value = host.read(&path)?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&value).trim().to_owned())
    }
}
