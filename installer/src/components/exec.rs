//! ECS Exec: a shell in a running container, for those whose role allows it.
//!
//! The ECS agent announces `ecs.capability.execute-command` when it finds three programs of the SSM
//! agent, certificates and a folder for configuration below `/var/lib/ecs/deps` at its start.

use std::path::PathBuf;

use distro_matrix::Distro;

use super::authorities;
use super::packages::ssm_agent;
use super::ssm_agent::folders;
use crate::config::Config;
use crate::error::Result;
use crate::facts::Facts;
use crate::plan::{Item, item};
use crate::step::{BIN, CopyFile, ExecPrograms, Step, upstream};

/// What TLS inside the containers trusts.
const CERTIFICATES: &str = "/var/lib/ecs/deps/execute-command/certs/tls-ca-bundle.pem";

/// The programs come last: when they are there, all is.
pub(crate) fn steps(facts: &Facts, config: &Config, distro: &Distro) -> Result<Vec<Item>> {
    const FOLDERS: [&str; 5] = [
        "/var/lib/ecs/deps",
        "/var/lib/ecs/deps/execute-command",
        BIN,
        "/var/lib/ecs/deps/execute-command/config",
        "/var/lib/ecs/deps/execute-command/certs",
    ];
    let certificates =
        CopyFile { from: authorities::places(config), path: PathBuf::from(CERTIFICATES), mode: 0o400 };
    let (version, apart) = choice(facts, config);
    let mut package = match &version {
        Some(version) if apart => Some(ssm_agent(facts, config, distro, Some(version.clone()))?),
        _ => None,
    };
    // The version that the machine runs already is taken however old it is.
    if let (Some(package), None) = (&mut package, &config.exec_version) {
        package.least = None;
    }
    Ok(vec![
        item("the ECS agent takes from here what ECS Exec needs", folders(&FOLDERS, 0o755)),
        item(
            "ECS Exec speaks TLS from within containers, whose images may hold no authorities",
            Step::CopyFile(certificates),
        ),
        item(
            "the ECS agent offers ECS Exec where it finds these at its first start; they are those of the SSM agent's signed package",
            Step::ExecPrograms(ExecPrograms { version, package, manager: distro.packages.manager }),
        ),
    ])
}

/// What the ECS agent is to notice when it comes later.
pub(crate) fn reads() -> [PathBuf; 2] {
    [PathBuf::from(BIN), PathBuf::from(CERTIFICATES)]
}

/// The version, where it is known, and whether its package has to be fetched apart: not where the
/// transaction of this plan installs the SSM agent in that version.
fn choice(facts: &Facts, config: &Config) -> (Option<String>, bool) {
    let without_revision = |version: &String| upstream(version).to_owned();
    let here = facts.packages.get("amazon-ssm-agent").map(without_revision);
    let asked = config.ssm_version.as_ref().filter(|asked| *asked != "latest").map(without_revision);
    let agent = asked.or_else(|| here.clone());
    let version = config.exec_version.clone().or_else(|| agent.clone());
    let comes_with_the_agent = version == agent && agent != here || version.is_none();
    (version, !comes_with_the_agent)
}
