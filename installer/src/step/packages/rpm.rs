//! dnf, yum and zypper: names in a transaction of theirs, the verified files in one of rpm's own.
//!
//! AWS signs its packages beside, not inside, and rpm can be told to take nothing that is not signed inside.
//! Each manager could be told to let that pass, some for the whole transaction and with it for packages from
//! repositories too, and none where rpm itself demands it. So rpm alone is told, for the two files alone, which
//! were verified before and lie where only root can write. What the files require has to be here by then: the
//! release's tools, which come by name.
//!
//! What counts is what is here afterwards, not the code that a manager ends with: a script of a package that
//! fails is an error to some and none to others, and to zypper a repository that did not answer is one.

use super::super::Context;
use super::InstallPackages;
use crate::brought;
use crate::error::{Error, Result};
use crate::host::{Host, Output, Packages};
use crate::package_lock;
use crate::package_words::{refusal, telling, would_remove};

impl InstallPackages {
    pub(super) fn apply_with_rpm(&self, host: &mut dyn Host, context: &Context) -> Result<()> {
        let mut update = Output::default();
        if !self.is_complete(&self.database(host)?) {
            update = self.read_lists(host, context)?;
        }
        let files = self.fetched_files(host)?;
        let names = self.names_to_install(host)?;
        if !names.is_empty() {
            let output = self.install_names(host, names)?;
            let is_done = self.is_complete(&self.database(host)?);
            self.judge(host, &update, &output, is_done)?;
        }
        if !files.is_empty() {
            let downgrade = self.allow_downgrade;
            let output = self.transaction(host, Packages::InstallFiles { files, downgrade })?;
            let is_done = self.missing_files(host)?.is_empty();
            self.judge(host, &Output::default(), &output, is_done)?;
        }
        Ok(())
    }

    /// Asked first what it would do, the manager says too where it would refuse.
    fn install_names(&self, host: &mut dyn Host, names: Vec<String>) -> Result<Output> {
        let enable = self.enable.clone();
        let preview = Packages::Preview { names: names.clone(), enable: enable.clone() };
        let preview = package_lock::run(host, self.manager, preview, self.patience())?;
        let removed = would_remove(self.manager, &preview);
        if !removed.is_empty() {
            return Err(Error::failed(format!(
                "{} would take {} away to install {}",
                self.manager.program(),
                removed.join(", "),
                names.join(" ")
            ))
            .hint(format!(
                "nothing was changed: remove it by yourself if nothing needs it ('{} remove {}'), and run again",
                self.manager.program(),
                removed.join(" ")
            )));
        }
        let record = brought::record();
        self.transaction(
            host,
            Packages::Install { names, files: Vec::new(), enable, record, downgrade: false },
        )
    }

    /// One transaction, with its beginning and its end in the record. What others install while it waits for
    /// them is theirs, so it waits before it looks.
    fn transaction(&self, host: &mut dyn Host, packages: Packages) -> Result<Output> {
        package_lock::wait(host, self.manager, self.patience())?;
        let before = self.database(host)?;
        brought::begin(host, self.manager)?;
        let output = package_lock::run(host, self.manager, packages, self.patience());
        brought::end(host, &before)?;
        output
    }

    fn judge(&self, host: &dyn Host, update: &Output, output: &Output, is_done: bool) -> Result<()> {
        if !is_done {
            return Err(refusal(self.manager, self.hint.as_deref(), update, output));
        }
        if !output.ok() {
            let program = self.manager.program();
            host.tell(&format!("{program} installed everything and was not content: {}", telling(output)));
        }
        Ok(())
    }
}
