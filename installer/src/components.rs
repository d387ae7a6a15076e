//! The parts an external instance is made of, each with the steps that bring it about.

pub(crate) mod at_boot;
pub(crate) mod authorities;
pub mod credentials_endpoint;
pub mod docker;
mod docker_repository;
pub mod ecs_agent;
pub mod exec;
pub mod first_boot;
pub mod guard;
pub mod landfall;
pub mod packages;
pub mod sealing;
pub(crate) mod selinux;
pub mod ssh_host_keys;
pub mod ssm_agent;

use std::path::PathBuf;

use crate::plan::{Item, item};
use crate::proxy::Proxy;
use crate::step::{Folders, MARKER, Step, WriteFile};

/// A systemd drop-in that keeps a unit from starting before the machine has an identity, and on a copy of it.
fn gate(unit: &str, why: &str, service: &str) -> [Item; 2] {
    let content =
        format!("# Written by Landfall.\n[Unit]\nConditionPathExists={MARKER}\n{}{service}", guard::REQUIRED);
    let path = drop_ins(unit).join("10-landfall.conf");
    [drop_in_folder(unit, false), item(why, Step::WriteFile(WriteFile { path, content, mode: 0o644 }))]
}

/// A systemd drop-in that tells a unit of the proxy.
fn proxy_drop_in(unit: &str, why: &str, proxy: &Proxy) -> Item {
    let lines = proxy.variables().map(|(name, value)| format!("Environment=\"{name}={value}\"\n"));
    let content = format!("# Written by Landfall.\n[Service]\n{}", lines.concat());
    item(why, Step::WriteFile(WriteFile { path: proxy_file(unit), content, mode: 0o644 }))
}

/// Where a unit is told of the proxy.
pub(crate) fn proxy_file(unit: &str) -> PathBuf {
    drop_ins(unit).join("20-landfall-proxy.conf")
}

fn drop_in_folder(unit: &str, only_if_empty: bool) -> Item {
    item(
        format!("systemd looks for changes to {unit} in this folder"),
        Step::Folders(Folders { paths: vec![drop_ins(unit)], mode: 0o755, only_if_empty }),
    )
}

fn drop_ins(unit: &str) -> PathBuf {
    PathBuf::from(format!("/etc/systemd/system/{unit}.d"))
}
