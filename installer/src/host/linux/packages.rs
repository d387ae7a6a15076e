//! What the package managers of a real machine are asked without changing anything.

use std::path::Path;
use std::time::Duration;

use distro_matrix::{Format, Manager};

use super::arguments::{self, Invocation};
use super::{Linux, control_data};
use crate::error::{Error, Result};
use crate::host::{ControlData, Host, Machine};

/// Facts, plan and checks of one look are of one moment; later others may have been at work.
const ONE_LOOK: Duration = Duration::from_secs(1);

impl Linux {
    pub(super) fn control_data_of(&self, package: &Path, format: Format) -> Result<ControlData> {
        let output = self.child(&Invocation::control_data(package, format))?;
        if !output.ok() {
            return Err(Error::failed(format!("{} is no package: {}", package.display(), output.tail()))
                .hint("see what its address has, with 'file' on a copy of it"));
        }
        control_data::parse(&output.stdout)
            .ok_or_else(|| Error::failed(format!("{} does not say what package it is", package.display())))
    }

    pub(super) fn all_rpms(&self) -> Result<String> {
        if let Some((when, kept)) = self.rpms.borrow().as_ref()
            && self.elapsed() - *when < ONE_LOOK
        {
            return Ok(kept.clone());
        }
        if self.which("rpm").is_none() {
            return Ok(String::new());
        }
        let when = self.elapsed();
        let output = self.child(&Invocation::rpms())?;
        if !output.ok() {
            return Err(Error::failed(format!("rpm does not answer: {}", output.tail()))
                .hint("see 'rpm -qa'; a broken database is made anew by 'rpm --rebuilddb'"));
        }
        self.rpms.replace(Some((when, output.stdout.clone())));
        Ok(output.stdout)
    }

    pub(super) fn key_of_rpm(&self, fingerprint: &str) -> Result<Option<String>> {
        let output = self.child(&Invocation::rpm_keys())?;
        Ok(arguments::rpm::key_of(&output.stdout, fingerprint))
    }

    pub(super) fn offered_by(&self, manager: Manager, names: &[String]) -> Result<Vec<String>> {
        let output = self.child(&Invocation::offered(manager, names))?;
        match manager {
            Manager::Apt if output.ok() => Ok(arguments::candidates(&output.stdout)),
            Manager::Apt => Err(Error::failed(format!("apt-cache does not answer: {}", output.tail()))),
            // These end in an error where they find nothing: what they found is all that counts.
            manager => Ok(arguments::rpm::found(manager, &output.stdout, names)),
        }
    }
}
