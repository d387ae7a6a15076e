//! A step on Windows: one change to a machine, as a value. A closed set, like that for Linux.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::host::Machine;
use crate::step::{Before, Change, Context, Folders, InstallProgram, Leftovers, MergeJson, WriteFile};

use super::door::Windows;
use super::places::{RECEIPT, TAKEN_BACK, shown};

mod artifacts;
mod await_instance;
mod ecs_agent;
mod exec_artifacts;
mod feature;
mod leave_cluster;
mod register;
mod service;
mod ssm_agent;
mod values;

pub use artifacts::Artifacts;
pub use await_instance::AwaitInstance;
pub use ecs_agent::EcsAgent;
pub use exec_artifacts::ExecArtifacts;
pub use feature::EnableFeature;
pub use leave_cluster::LeaveCluster;
pub use register::Register;
pub(crate) use register::{folders_of_instances, forget_identity, forget_the_step};
pub use service::ServiceStep;
pub use ssm_agent::{Pin, SsmAgent};
pub use values::Values;

/// One change to a machine with Windows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// Make folders that Landfall or an agent will fill.
    Folders(Folders),
    /// Write a whole file.
    WriteFile(WriteFile),
    /// Put Landfall's own program in its place.
    InstallProgram(InstallProgram),
    /// Merge keys into a JSON file.
    MergeJson(MergeJson),
    /// Bring a feature of Windows.
    EnableFeature(EnableFeature),
    /// Take files out of AWS's archive.
    Artifacts(Artifacts),
    /// Make a service, say when it starts, start or stop it.
    Service(ServiceStep),
    /// Set values of the registry.
    Values(Values),
    /// Install the SSM agent.
    SsmAgent(SsmAgent),
    /// Gather what ECS Exec needs.
    ExecArtifacts(ExecArtifacts),
    /// Forget the cluster that the ECS agent belongs to.
    LeaveCluster(LeaveCluster),
    /// Give the machine its identity.
    Register(Register),
    /// Have AWS's own module bring the ECS agent.
    EcsAgent(EcsAgent),
    /// Wait, bounded, until the agent is part of its cluster.
    AwaitInstance(AwaitInstance),
}

impl Change for Step {
    type Host<'h> = dyn Windows + 'h;
    const RECEIPT: &str = RECEIPT;

    fn machine<'m, 'h>(host: &'m Self::Host<'h>) -> &'m (dyn Machine + 'h) {
        host
    }

    fn machine_to_touch<'m, 'h>(host: &'m mut Self::Host<'h>) -> &'m mut (dyn Machine + 'h) {
        host
    }

    fn check(&self, host: &Self::Host<'_>) -> Result<Option<Before>> {
        match self {
            Self::Folders(step) => step.check(host),
            Self::WriteFile(step) => step.check(host),
            Self::InstallProgram(step) => step.check(host),
            Self::MergeJson(step) => step.check(host),
            Self::EnableFeature(step) => step.check(host),
            Self::Artifacts(step) => step.check(host),
            Self::Service(step) => step.check(host),
            Self::Values(step) => step.check(host),
            Self::SsmAgent(step) => step.check(host),
            Self::ExecArtifacts(step) => step.check(host),
            Self::LeaveCluster(step) => step.check(host),
            Self::Register(step) => step.check(host),
            Self::EcsAgent(step) => step.check(host),
            Self::AwaitInstance(step) => step.check(host),
        }
    }

    fn prefetch(&self, host: &mut Self::Host<'_>) -> Result<()> {
        match self {
            Self::SsmAgent(step) if step.check(host)?.is_some() => step.prefetch(host),
            _ => Ok(()),
        }
    }

    fn apply(&self, host: &mut Self::Host<'_>, context: &Context) -> Result<()> {
        match self {
            Self::Folders(step) => step.apply(host),
            Self::WriteFile(step) => step.apply(host),
            Self::InstallProgram(step) => step.apply(host),
            Self::MergeJson(step) => step.apply(host),
            Self::EnableFeature(step) => step.apply(host),
            Self::Artifacts(step) => step.apply(host),
            Self::Service(step) => step.apply(host),
            Self::Values(step) => step.apply(host),
            Self::SsmAgent(step) => step.apply(host),
            Self::ExecArtifacts(step) => step.apply(host),
            Self::LeaveCluster(step) => step.apply(host),
            Self::Register(step) => step.apply(host, context.activation.as_ref()),
            Self::EcsAgent(step) => step.apply(host),
            Self::AwaitInstance(step) => step.apply(host),
        }
    }

    fn undo(&self, host: &mut Self::Host<'_>, before: &Before) -> Result<Leftovers> {
        match self {
            Self::Folders(step) => step.undo(host, before),
            Self::WriteFile(step) => step.undo(host, before),
            Self::InstallProgram(step) if is_same(&host.own_program()?, &step.path) => {
                program_aside(host, step)
            }
            Self::InstallProgram(step) => step.undo(host, before),
            Self::MergeJson(step) => step.undo(host, before),
            Self::EnableFeature(step) => step.undo(host),
            Self::Artifacts(step) => step.undo(host, before),
            Self::Service(step) => step.undo(host, before),
            Self::Values(step) => step.undo(host, before),
            Self::SsmAgent(step) => step.undo(host, before),
            Self::ExecArtifacts(step) => step.undo(host, before),
            Self::Register(step) => step.undo(host, before),
            Self::EcsAgent(step) => step.undo(host, before),
            Self::LeaveCluster(step) => step.undo(host, before),
            Self::AwaitInstance(_) => Ok(Leftovers::new()),
        }
    }

    fn subject(&self) -> String {
        match self {
            Self::Folders(step) => format!("folders {}", list(&step.paths)),
            Self::WriteFile(step) => format!("file {}", shown(&step.path)),
            Self::InstallProgram(step) => format!("program {}", shown(&step.path)),
            Self::MergeJson(step) => format!("keys in {}", shown(&step.path)),
            Self::EnableFeature(step) => format!("feature {}", step.feature),
            Self::Artifacts(step) => format!("files {}", step.names()),
            Self::Service(step) => format!("service {}", step.service),
            Self::Values(step) => format!("values of {}", step.key),
            Self::SsmAgent(_) => "SSM agent".into(),
            Self::ExecArtifacts(_) => "programs of ECS Exec".into(),
            Self::LeaveCluster(_) => "the earlier cluster".into(),
            Self::Register(_) => "registration".into(),
            Self::EcsAgent(_) => "ECS agent".into(),
            Self::AwaitInstance(_) => "wait for the container instance".into(),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Folders(step) => format!("make {}", list(&step.paths)),
            Self::WriteFile(step) => format!("write {}", shown(&step.path)),
            Self::InstallProgram(step) => format!("install {}", shown(&step.path)),
            Self::MergeJson(step) => format!("merge {} into {}", step.keys, shown(&step.path)),
            Self::EnableFeature(step) => format!("enable the Windows feature {}", step.feature),
            Self::Artifacts(step) => format!("put {} in place", step.names()),
            Self::Service(step) => step.describe(),
            Self::Values(step) => step.describe(),
            Self::SsmAgent(step) => step.describe(),
            Self::ExecArtifacts(_) => "gather the programs of ECS Exec".into(),
            Self::LeaveCluster(step) => format!("leave every cluster but {}", step.cluster),
            Self::Register(step) => format!("register in {}", step.region),
            Self::EcsAgent(step) => {
                format!("run Initialize-ECSAgent for the cluster {}", step.initialize.cluster)
            }
            Self::AwaitInstance(_) => "wait for the container instance".into(),
        }
    }

    fn absorb(self, earlier: &Self) -> Self {
        match (self, earlier) {
            (Self::Values(now), Self::Values(earlier)) => Self::Values(now.absorb(earlier)),
            (Self::Service(now), Self::Service(earlier)) => Self::Service(now.absorb(earlier)),
            (now, _) => now,
        }
    }
}

/// As Windows has it: whatever the case, and the slashes.
fn is_same(path: &Path, other: &Path) -> bool {
    shown(path).eq_ignore_ascii_case(&shown(other))
}

/// A program that runs cannot be removed on Windows; but it can be renamed.
fn program_aside(host: &mut dyn Windows, step: &InstallProgram) -> Result<Leftovers> {
    if host.stat(&step.path)?.is_none() {
        return Ok(Leftovers::new());
    }
    let aside = Path::new(TAKEN_BACK);
    host.rename(&step.path, aside)?;
    Ok(vec![format!("{}, which runs now: remove it afterwards", shown(aside))])
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| shown(path)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_same_in_whatever_case_and_with_either_slash() {
        let path = Path::new("C:/Program Files/Landfall/landfall.exe");
        assert!(is_same(Path::new(r"c:\program files\landfall\LANDFALL.EXE"), path));
        assert!(!is_same(Path::new(r"C:\Users\admin\landfall.exe"), path));
    }
}
