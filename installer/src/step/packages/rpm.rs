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

use distro_matrix::Manager;

use super::super::Context;
use super::InstallPackages;
use crate::brought;
use crate::error::{Error, Result};
use crate::host::{Host, Output, Packages};
use crate::package_lock;
use crate::package_words::{Preview, refusal, spoken, telling};

impl InstallPackages {
    pub(super) fn apply_with_rpm(&self, host: &mut dyn Host, context: &Context) -> Result<()> {
        let mut update = Output::default();
        if !self.is_complete(&self.database(host)?) {
            update = self.read_lists(host, context)?;
        }
        let files = self.fetched_files(host)?;
        let names = self.names_to_install(host)?;
        if !names.is_empty() {
            let brought = self.preview(host, &update, &names)?;
            let enable = self.enable.clone();
            let install = Packages::Install {
                names,
                files: Vec::new(),
                enable,
                record: brought::record(),
                downgrade: false,
            };
            let output = self.transaction(host, install, brought)?;
            let is_done = self.is_complete(&self.database(host)?);
            self.judge(host, &update, &output, is_done)?;
        }
        if !files.is_empty() {
            let names = self.files.iter().map(|file| file.name.clone()).collect();
            let downgrade = self.allow_downgrade;
            let output = self.transaction(host, Packages::InstallFiles { files, downgrade }, names)?;
            let is_done = self.missing_files(host)?.is_empty();
            self.judge(host, &Output::default(), &output, is_done)?;
        }
        Ok(())
    }

    /// Has the manager fetch all, and say what it would bring. Where it does not come to that, it says why.
    fn preview(&self, host: &mut dyn Host, update: &Output, names: &[String]) -> Result<Vec<String>> {
        let preview = Packages::Preview { names: names.to_vec(), enable: self.enable.clone() };
        let output = package_lock::run(host, self.manager, preview, self.patience())?;
        if !succeeded(self.manager, &output) {
            let said = spoken(self.manager, &output);
            return Err(refusal(self.manager, self.hint.as_deref(), update, &said));
        }
        let preview = Preview::read(self.manager, &output);
        if preview.removed.is_empty() {
            return Ok(preview.brought);
        }
        let (program, removed) = (self.manager.program(), preview.removed.join(" "));
        Err(Error::failed(format!("{program} would take {removed} away to install {}", names.join(" "))).hint(
            format!(
                "nothing was changed: remove it by yourself if nothing needs it ('{program} remove {removed}'), and run again"
            ),
        ))
    }

    /// One transaction, with its beginning and its end in the record. What others install while it waits for
    /// them is theirs, so it waits before it looks.
    fn transaction(&self, host: &mut dyn Host, packages: Packages, mut names: Vec<String>) -> Result<Output> {
        package_lock::wait(host, self.manager, self.patience())?;
        let before = self.database(host)?.in_state("installed");
        names.retain(|name| !before.contains(name));
        brought::begin(host, &names)?;
        let output = package_lock::run(host, self.manager, packages, self.patience());
        let here = self.database(host)?.in_state("installed");
        names.retain(|name| here.contains(name));
        brought::end(host, &names)?;
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

/// zypper has codes of its own for what went well but for a repository that did not answer, or with a hint that
/// something should be started again.
fn succeeded(manager: Manager, output: &Output) -> bool {
    output.ok() || (manager == Manager::Zypper && [102, 103, 106].contains(&output.code))
}
