//! What comes out of the archive that AWS keeps for ECS Anywhere on Windows.

use std::path::PathBuf;

use crate::config::Config;
use crate::plan::{Item, item};
use crate::windows::places::{ECS_TOOLS, EXEC_SCRIPT};
use crate::windows::step::{Artifacts, ExecArtifacts, Step};

use super::folders;

/// Files of the archive, each with its place.
pub(super) fn of_archive(config: &Config, why: &str, files: &[(&str, String)]) -> Item<Step> {
    let endpoints = config.endpoints();
    let files = files.iter().map(|(name, path)| ((*name).to_owned(), PathBuf::from(path))).collect();
    item(
        why,
        Step::Artifacts(Artifacts {
            url: endpoints.windows_artifacts(""),
            sum_url: endpoints.windows_artifacts(".sha256"),
            files,
        }),
    )
}

/// AWS's module for PowerShell.
pub fn module(config: &Config) -> Vec<Item<Step>> {
    vec![
        folders("PowerShell looks for AWS's module in this folder", &[ECS_TOOLS], 0o755),
        of_archive(
            config,
            "the way to the ECS agent that AWS supports is its module for PowerShell",
            &[
                ("ECSTools/ECSTools.psd1", format!("{ECS_TOOLS}/ECSTools.psd1")),
                ("ECSTools/ECSTools.psm1", format!("{ECS_TOOLS}/ECSTools.psm1")),
            ],
        ),
    ]
}

/// What ECS Exec needs, from the SSM agent's own programs.
pub fn exec(config: &Config) -> Vec<Item<Step>> {
    vec![
        of_archive(
            config,
            "AWS's script knows which of the SSM agent's programs ECS Exec needs",
            &[("Exec/Add-ECSExecArtifacts.ps1", EXEC_SCRIPT.to_owned())],
        ),
        item(
            "the ECS agent gives these programs to tasks that allow ECS Exec",
            Step::ExecArtifacts(ExecArtifacts {}),
        ),
    ]
}
