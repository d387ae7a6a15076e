//! Put Landfall's own program where units and people find it again.
//!
//! The unit of the credentials endpoint and the ECS agent's drop-in call it, so it has to stay when
//! the file it was first run from is gone. A package's file stays: a link leads to it, so that what the package manager
//! brings is what units and people run, and nothing of an older version stands before it on the search path. Where
//! that package goes, its script puts a copy in the link's place.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Before, Leftovers};
use crate::components::landfall::{PACKAGED, PROGRAM};
use crate::durable;
use crate::error::{Error, Result};
use crate::host::{EntryKind, Machine};

const MODE: u32 = 0o755;

/// The program itself, at a place of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallProgram {
    /// Where.
    pub path: PathBuf,
}

impl InstallProgram {
    pub(crate) fn check(&self, host: &dyn Machine) -> Result<Option<Before>> {
        let own = host.own_program()?;
        if own == self.path {
            return Ok(None);
        }
        if self.leads_to(&own) {
            let Some(there) = host.stat(&self.path)? else { return Ok(Some(Before::Nothing)) };
            let is_so = there.kind == EntryKind::Link && host.resolve(&self.path)? == Some(own);
            return Ok((!is_so).then_some(Before::OlderProgram));
        }
        match host.read(&self.path)? {
            None => Ok(Some(Before::Nothing)),
            Some(there) => Ok((there != content(host, &own)?).then_some(Before::OlderProgram)),
        }
    }

    pub(crate) fn apply(&self, host: &mut dyn Machine) -> Result<()> {
        let own = host.own_program()?;
        if self.leads_to(&own) {
            return durable::link(host, &self.path, &own);
        }
        let program = content(host, &own)?;
        durable::write(host, &self.path, &program, MODE)
    }

    /// Not in the tree of a system that does not run: that may have no such package.
    fn leads_to(&self, own: &Path) -> bool {
        own == Path::new(PACKAGED) && self.path == Path::new(PROGRAM)
    }

    pub(crate) fn undo(&self, host: &mut dyn Machine, before: &Before) -> Result<Leftovers> {
        match before {
            Before::Nothing => durable::remove(host, &self.path)?,
            _ => durable::forget_attempt(host, &self.path)?,
        }
        Ok(Leftovers::new())
    }
}

fn content(host: &dyn Machine, own: &Path) -> Result<Vec<u8>> {
    host.read(own)?.ok_or_else(|| Error::failed(format!("our own program {} is gone", own.display())))
}
