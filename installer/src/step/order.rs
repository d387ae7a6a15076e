//! Which steps have to be done before another can be looked at for good.

use std::path::Path;

use super::Step;

impl Step {
    /// Whether a look at this step may come out differently once that earlier one was done.
    #[must_use]
    pub(crate) fn hangs_on(&self, earlier: &Self) -> bool {
        use Step::{
            AddRepository, AtBoot, Await, ExecPrograms, Firewall, FirewalldRules, InstallPackages,
            ReadPackageLists, Register, RepairPackages, Unit,
        };
        match (self, earlier) {
            (InstallPackages(_) | ExecPrograms(_) | ReadPackageLists(_), RepairPackages(_))
            | (ExecPrograms(_), InstallPackages(_))
            // Its package may enable and start it, or have it restarted by another; what enables one has all read anew.
            | (Unit(_) | AtBoot(_), RepairPackages(_) | InstallPackages(_) | Unit(_) | AtBoot(_))
            // Docker and its package write rules too.
            | (Firewall(_) | FirewalldRules(_), RepairPackages(_) | InstallPackages(_) | Unit(_))
            | (Register(_), Register(_))
            | (Await(_), RepairPackages(_) | InstallPackages(_) | Unit(_) | Register(_) | Await(_)) => true,
            (AddRepository(step), ReadPackageLists(_)) => step.is_fall_back(),
            (Unit(step), earlier) => earlier.written().is_some_and(|path| step.is_told_by(path)),
            (AtBoot(step), earlier) => earlier.written().is_some_and(|path| step.is_told_by(path)),
            _ => false,
        }
    }

    /// What a step writes, where that is one file or folder.
    fn written(&self) -> Option<&Path> {
        match self {
            Self::WriteFile(step) => Some(&step.path),
            Self::EnvFile(step) => Some(&step.path),
            Self::CopyFile(step) => Some(&step.path),
            Self::MergeJson(step) => Some(&step.path),
            Self::ExecPrograms(_) => Some(Path::new(super::BIN)),
            _ => None,
        }
    }
}
