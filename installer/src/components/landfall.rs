//! Landfall itself: the program that its units call.

use std::path::PathBuf;

use crate::plan::{Item, item};
use crate::step::{InstallProgram, Step};

/// Where the program is kept.
pub const PROGRAM: &str = "/usr/local/bin/landfall";

/// Where a package of Landfall's has it.
pub const PACKAGED: &str = "/usr/bin/landfall";

pub(crate) fn steps() -> [Item; 1] {
    [item(
        "systemd units and people call Landfall again after today, so it gets a place of its own",
        Step::InstallProgram(InstallProgram { path: PathBuf::from(PROGRAM) }),
    )]
}
