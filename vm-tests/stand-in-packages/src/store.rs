//! The objects as AWS's buckets have them: one folder per bucket, the same keys, each with its signature.

use crate::{Architecture, Result, TestKey, ecs_package, ssm_package};
use std::fs;
use std::path::{Path, PathBuf};

const REGION: &str = "us-east-1";

/// What to build.
pub struct Agents {
    /// The folder with the static programs.
    pub programs: PathBuf,
    /// What those run on.
    pub architecture: Architecture,
    /// Without padding.
    pub small: bool,
    /// The SSM agent's version, without a revision.
    pub ssm_version: String,
    /// The ECS agent's version, without a revision.
    pub ecs_version: String,
}

/// Builds both packages in both formats, of which arm64 has the .deb alone here, and writes them under their latest and
/// their versioned keys; the files written. The .rpm files have no signature inside: as with AWS's, what counts stands beside them.
pub fn write_store(agents: &Agents, key: &TestKey, out: &Path) -> Result<Vec<PathBuf>> {
    let &Agents { ref programs, architecture, small, ref ssm_version, ref ecs_version } = agents;
    let (ssm, ecs): (&[_], &[_]) = match architecture {
        Architecture::Amd64 => {
            (&[("debian_amd64", "deb"), ("linux_amd64", "rpm")], &[("amd64", "deb"), ("x86_64", "rpm")])
        }
        Architecture::Arm64 => (&[("debian_arm64", "deb")], &[("arm64", "deb")]),
    };
    let mut written = Vec::new();
    let bucket = out.join(format!("amazon-ssm-{REGION}"));
    for &(folder, format) in ssm {
        let place =
            |version: &str| bucket.join(version).join(folder).join(format!("amazon-ssm-agent.{format}"));
        let latest = made_at(place("latest"))?;
        match format {
            "deb" => ssm_package::build_deb(programs, ssm_version, architecture, small, &latest)?,
            _ => ssm_package::build_rpm(programs, ssm_version, small, &latest)?,
        }
        let signature = key.detached(&fs::read(&latest)?)?;
        written.extend(publish(&latest, &place(ssm_version), "sig", &signature)?);
    }
    let bucket = out.join(format!("amazon-ecs-agent-{REGION}"));
    for (name, format) in ecs {
        let place = |version: &str| bucket.join(format!("amazon-ecs-init-{version}.{name}.{format}"));
        let latest = made_at(place("latest"))?;
        match *format {
            "deb" => ecs_package::build_deb(programs, ecs_version, architecture, small, &latest)?,
            _ => ecs_package::build_rpm(programs, ecs_version, small, &latest)?,
        }
        let signature = key.detached_armored(&fs::read(&latest)?)?;
        let versioned = place(&format!("{ecs_version}-1"));
        written.extend(publish(&latest, &versioned, "asc", signature.as_bytes())?);
    }
    Ok(written)
}

/// The same place, in a folder that is there.
fn made_at(place: PathBuf) -> Result<PathBuf> {
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(place)
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
