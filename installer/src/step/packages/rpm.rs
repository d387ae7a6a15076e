//! dnf, yum and zypper: names in a transaction of theirs, the verified files in one of rpm's own.
//!
//! AWS signs its packages beside, not inside, and rpm 6 refuses what is not signed inside. Each manager could
//! be told to let that pass, for the whole transaction and with it for packages from repositories too. rpm
//! itself is told so for the two files alone, which were verified before and lie where only root can write.
//! What the files require has to be here by then: the release's tools, which come by name.

use super::InstallPackages;
use crate::brought;
use crate::error::Result;
use crate::host::{Host, Output, Packages};
use crate::package_lock;
use crate::package_words::refusal;

impl InstallPackages {
    pub(super) fn apply_with_rpm(&self, host: &mut dyn Host) -> Result<()> {
        let files = self.fetched_files(host)?;
        let names = self.names_to_install(host)?;
        if !names.is_empty() {
            let install = Packages::Install {
                names,
                files: Vec::new(),
                enable: self.enable.clone(),
                record: brought::record(),
                downgrade: false,
            };
            self.transaction(host, install)?;
        }
        if !files.is_empty() {
            let downgrade = self.allow_downgrade;
            self.transaction(host, Packages::InstallFiles { files, downgrade })?;
        }
        Ok(())
    }

    /// One transaction, with its beginning and its end in the record.
    fn transaction(&self, host: &mut dyn Host, packages: Packages) -> Result<()> {
        let before = self.database(host)?;
        brought::begin(host, self.manager)?;
        let output = package_lock::run(host, self.manager, packages, self.patience());
        brought::end(host, &before)?;
        let output = output?;
        if output.ok() { Ok(()) } else { Err(refusal(self.manager, &Output::default(), &output)) }
    }
}
