//! The parts an external instance is made of on Windows, each with the steps that bring it about.

pub mod artifacts;
pub mod containers;
pub mod docker;
pub mod ecs_agent;
pub mod landfall;
pub mod ssm_agent;

use std::path::PathBuf;

use crate::plan::{Item, item};
use crate::proxy::Proxy;
use crate::step::Folders;

use super::door::Value;
use super::step::{Step, Values};

/// Folders that are removed with all that is in them.
fn folders(why: &str, paths: &[&str], mode: u32) -> Item<Step> {
    let paths = paths.iter().map(PathBuf::from).collect();
    item(why, Step::Folders(Folders { paths, mode, only_if_empty: false }))
}

/// The proxy, where a service looks for it: in variables of its own.
fn proxy_of(service: &str, why: &str, proxy: &Proxy) -> Item<Step> {
    let variables = proxy.variables().map(|(name, value)| format!("{name}={value}"));
    let values = [("Environment".to_owned(), Some(Value::Texts(variables.to_vec())))].into();
    let key = format!(r"SYSTEM\CurrentControlSet\Services\{service}");
    item(why, Step::Values(Values { key, values, read_by: Some(service.to_owned()) }))
}
