//! Bring a feature of Windows, which may ask for a restart before anything can go on; undo takes it away.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::host::Output;
use crate::step::{Before, Leftovers};
use crate::windows::door::{Feature, Program, Windows};

/// What DISM ends with where the change takes effect at the next start.
const RESTART: i32 = 3010;

/// A feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnableFeature {
    /// Its name, in DISM's words.
    pub feature: String,
}

impl EnableFeature {
    pub(super) fn check(&self, host: &dyn Windows) -> Result<Option<Before>> {
        Ok((host.feature(&self.feature)? != Feature::Enabled).then_some(Before::Nothing))
    }

    pub(super) fn apply(&self, host: &mut dyn Windows) -> Result<()> {
        // One that is pending is only waited for; DISM would say the same again, minutes later.
        if host.feature(&self.feature)? != Feature::EnablePending {
            let output = host.run(&Program::EnableFeature(self.feature.clone()))?;
            must_have_worked(&output, "brought", &self.feature)?;
        }
        match host.feature(&self.feature)? {
            Feature::Enabled => Ok(()),
            _ => Err(Error::restart(format!(
                "Windows brings the feature {} at its next start, and nothing goes on before that",
                self.feature
            ))),
        }
    }

    pub(super) fn undo(&self, host: &mut dyn Windows) -> Result<Leftovers> {
        if matches!(host.feature(&self.feature)?, Feature::Disabled | Feature::Unknown) {
            return Ok(Leftovers::new());
        }
        if host.feature(&self.feature)? != Feature::DisablePending {
            let output = host.run(&Program::DisableFeature(self.feature.clone()))?;
            must_have_worked(&output, "taken away", &self.feature)?;
        }
        let pending = host.feature(&self.feature)? != Feature::Disabled;
        let later = || format!("the Windows feature {} goes at the next start", self.feature);
        Ok(pending.then(later).into_iter().collect())
    }
}

fn must_have_worked(output: &Output, what: &str, feature: &str) -> Result<()> {
    if output.ok() || output.code == RESTART {
        return Ok(());
    }
    Err(Error::failed(format!("the Windows feature {feature} could not be {what}: {}", output.tail()))
        .hint(r"see C:\Windows\Logs\DISM\dism.log, and run again"))
}
