//! Gather the programs of ECS Exec by AWS's own script, which takes them from the SSM agent's folder.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::durable;
use crate::error::{Error, Result};
use crate::step::{Before, Leftovers};
use crate::windows::door::{Program, Windows};
use crate::windows::places::{EXEC_ARCHIVE, shown};

/// The archive that the ECS agent looks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecArtifacts {}

impl ExecArtifacts {
    pub(super) fn check(&self, host: &dyn Windows) -> Result<Option<Before>> {
        Ok(host.stat(Path::new(EXEC_ARCHIVE))?.is_none().then_some(Before::Nothing))
    }

    pub(super) fn apply(&self, host: &mut dyn Windows) -> Result<()> {
        let output = host.run(&Program::GatherExecArtifacts)?;
        if output.ok() && host.stat(Path::new(EXEC_ARCHIVE))?.is_some() {
            return Ok(());
        }
        // Half of an archive would be taken for one by the next run.
        let _ = durable::remove(host, Path::new(EXEC_ARCHIVE));
        Err(Error::failed(format!(
            "AWS's script did not make {}: {}",
            shown(Path::new(EXEC_ARCHIVE)),
            output.tail()
        ))
        .hint("run again; without it, only ECS Exec is missing"))
    }

    pub(super) fn undo(&self, host: &mut dyn Windows, _: &Before) -> Result<Leftovers> {
        durable::remove(host, Path::new(EXEC_ARCHIVE))?;
        Ok(Leftovers::new())
    }
}
