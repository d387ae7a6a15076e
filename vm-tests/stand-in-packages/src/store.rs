//! The objects as AWS's buckets have them: one folder per bucket, the same keys, each with its signature.

use crate::{Result, TestKey, ecs_package, ssm_package};
use std::fs;
use std::path::{Path, PathBuf};

const REGION: &str = "us-east-1";

/// What to build.
pub struct Agents {
    /// The folder with the static programs.
    pub programs: PathBuf,
    /// Without padding.
    pub small: bool,
    /// The SSM agent's version, without a revision.
    pub ssm_version: String,
    /// The ECS agent's version, without a revision.
    pub ecs_version: String,
}

/// Builds both packages and writes them under their latest and their versioned keys; the files written.
pub fn write_store(agents: &Agents, key: &TestKey, out: &Path) -> Result<Vec<PathBuf>> {
    let bucket = out.join(format!("amazon-ssm-{REGION}"));
    let place = |version: &str| bucket.join(version).join("debian_amd64/amazon-ssm-agent.deb");
    let latest = place("latest");
    ssm_package::build(&agents.programs, &agents.ssm_version, agents.small, &latest)?;
    let signature = key.detached(&fs::read(&latest)?)?;
    let mut written = publish(&latest, &place(&agents.ssm_version), "sig", &signature)?;

    let bucket = out.join(format!("amazon-ecs-agent-{REGION}"));
    let place = |version: &str| bucket.join(format!("amazon-ecs-init-{version}.amd64.deb"));
    let latest = place("latest");
    ecs_package::build(&agents.programs, &agents.ecs_version, agents.small, &latest)?;
    let signature = key.detached_armored(&fs::read(&latest)?)?;
    let versioned = place(&format!("{}-1", agents.ecs_version));
    written.extend(publish(&latest, &versioned, "asc", signature.as_bytes())?);
    Ok(written)
}

/// The versioned name is the same file: a link where the file system has them.
fn publish(latest: &Path, versioned: &Path, suffix: &str, signature: &[u8]) -> Result<Vec<PathBuf>> {
    if let Some(folder) = versioned.parent() {
        fs::create_dir_all(folder)?;
    }
    if versioned.exists() {
        fs::remove_file(versioned)?;
    }
    if fs::hard_link(latest, versioned).is_err() {
        fs::copy(latest, versioned)?;
    }
    let mut written = Vec::new();
    for package in [latest, versioned] {
        let beside = PathBuf::from(format!("{}.{suffix}", package.display()));
        fs::write(&beside, signature)?;
        written.extend([package.to_owned(), beside]);
    }
    Ok(written)
}
