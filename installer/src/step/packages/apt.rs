//! apt: names and files together in one transaction, so that dependencies are met once and dpkg runs once.

use super::super::Context;
use super::InstallPackages;
use crate::brought;
use crate::error::Result;
use crate::host::{Host, Packages};
use crate::package_lock;
use crate::package_words::refusal;

impl InstallPackages {
    pub(super) fn apply_with_apt(&self, host: &mut dyn Host, context: &Context) -> Result<()> {
        let update = self.read_lists(host, context)?;
        let files = self.fetched_files(host)?;
        let names = self.names_to_install(host)?;
        brought::prepare(host)?;
        let install = Packages::Install {
            names,
            files,
            enable: Vec::new(),
            record: brought::record(),
            downgrade: self.allow_downgrade,
        };
        let output = package_lock::run(host, self.manager, install, self.patience())?;
        if output.ok() { Ok(()) } else { Err(refusal(self.manager, self.hint.as_deref(), &update, &output)) }
    }
}
