//! The parts an external instance is made of, each with the steps that bring it about.

pub mod credentials_endpoint;
pub mod docker;
pub mod ecs_agent;
pub mod landfall;
pub mod packages;
pub mod ssm_agent;

use std::path::PathBuf;

use crate::plan::{Item, item};
use crate::step::{Folders, MARKER, Step, WriteFile};

/// A systemd drop-in that keeps a unit from starting before the machine has an identity.
fn gate(unit: &str, why: &str, service: &str) -> [Item; 2] {
    let folder = PathBuf::from(format!("/etc/systemd/system/{unit}.d"));
    let content = format!("# Written by Landfall.\n[Unit]\nConditionPathExists={MARKER}\n{service}");
    [
        item(
            format!("systemd looks for changes to {unit} in this folder"),
            Step::Folders(Folders { paths: vec![folder.clone()], mode: 0o755, only_if_empty: false }),
        ),
        item(why, Step::WriteFile(WriteFile { path: folder.join("10-landfall.conf"), content, mode: 0o644 })),
    ]
}
