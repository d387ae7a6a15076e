//! `conformance`: the main job with AWS's own packages, for whoever has them.
//!
//! The packages are signed anew with the test's key: what is tried is Landfall and the simulator
//! against the real agents, not AWS's signature.

use std::fs;
use std::path::Path;

use stand_in_packages::TestKey;

use crate::error::{Result, While};
use crate::packages::{self, Packages};
use crate::tasks::show;
use crate::world::SUITE;

/// Registers a fresh guest with these two packages.
pub fn run(ssm_agent: &Path, ecs_agent: &Path) -> Result<()> {
    let key = TestKey::open_or_make(&packages::signing_keys()?).doing(|| "opening the signing key")?;
    let folder = tempfile::tempdir()?;
    let objects = folder.path().join("objects");
    for (package, object) in [
        (ssm_agent, "amazon-ssm-us-east-1/latest/debian_amd64/amazon-ssm-agent.deb"),
        (ecs_agent, "amazon-ecs-agent-us-east-1/amazon-ecs-init-latest.amd64.deb"),
    ] {
        let content = fs::read(package).doing(|| format!("reading {}", package.display()))?;
        let object = objects.join(object);
        fs::create_dir_all(object.parent().unwrap_or(&objects))?;
        fs::write(&object, &content)?;
        let binary = key.detached(&content).doing(|| "signing")?;
        fs::write(object.with_added_extension("sig"), binary)?;
        let armored = key.detached_armored(&content).doing(|| "signing")?;
        fs::write(object.with_added_extension("asc"), armored)?;
    }
    show::show(&Packages::around(objects, SUITE)?)
}
