//! Read the package lists, where what they say decides about a later step of the same run.
//!
//! A source that does not answer is no failure yet: whether it matters, the steps that follow know.

use std::time::Duration;

use distro_matrix::Manager;
use serde::{Deserialize, Serialize};

use super::{Before, Context, is_apt};
use crate::error::Result;
use crate::host::{Host, Packages};
use crate::package_database::PackageDatabase;
use crate::package_lock;

/// Read the package lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadPackageLists {
    /// Where any of these is installed, nothing is left to decide.
    pub until: Vec<String>,
    /// The package manager.
    #[serde(default, skip_serializing_if = "is_apt")]
    pub manager: Manager,
    /// Seconds to wait while somebody else holds the package manager's lock.
    pub lock_seconds: u64,
}

impl ReadPackageLists {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let database = PackageDatabase::read(host, self.manager.format())?;
        let decided = self.until.iter().any(|name| database.installed(name).is_some());
        Ok((!decided).then_some(Before::Nothing))
    }

    pub(super) fn apply(&self, host: &mut dyn Host, context: &Context) -> Result<()> {
        let patience = Duration::from_secs(self.lock_seconds);
        context.keep_lists(package_lock::run(host, self.manager, Packages::Update, patience)?);
        Ok(())
    }
}
