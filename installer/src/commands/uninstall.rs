//! `uninstall`: walks the receipt backwards; what was there before Landfall came stays.

use std::path::Path;

use serde_json::json;

use super::{must_be_alone, must_be_root, print_json};
use crate::apply::undo;
use crate::error::Result;
use crate::host::{Command, Host, Machine};
use crate::receipt::Receipt;
use crate::step::{forget_folder, state_folder};
use crate::ui::Ui;

/// Takes everything back.
///
/// # Errors
/// When something cannot be taken back; what remains stays in the receipt, for the next try.
pub fn run(host: &mut dyn Host, json: bool) -> Result<()> {
    must_be_root(host)?;
    must_be_alone(host)?;
    let count = Receipt::read(host)?.entries.len();
    let ui = Ui::new(host.env("NO_COLOR").is_some(), host.progress());
    let instance = container_instance(host);
    let mut leftovers = take_back(host, &mut |event| ui.show(&event))?;
    leftovers.extend(instance.filter(|_| count > 0));
    if json {
        print_json(&json!({"version": 1, "taken_back": count, "leftovers": leftovers}));
    }
    for leftover in &leftovers {
        eprintln!("left: {leftover}");
    }
    if count == 0 {
        eprintln!("nothing to do: Landfall changed nothing here, or it was taken back already");
    }
    Ok(())
}

/// What AWS goes on knowing of the agent that runs here.
pub(crate) fn container_instance(host: &dyn Machine) -> Option<String> {
    let agent = host.introspection()?;
    let (cluster, arn) = (agent.cluster, agent.container_instance_arn?);
    Some(format!(
        "the container instance is still known to AWS: 'aws ecs deregister-container-instance --force \
         --cluster {cluster} --container-instance {arn}'"
    ))
}

/// Undoes the receipt, then forgets Landfall's own state.
///
/// # Errors
/// As [`undo`].
pub fn take_back(host: &mut dyn Host, listen: &mut crate::apply::Listener) -> Result<Vec<String>> {
    let leftovers = undo(host, listen)?;
    if host.stat(Path::new("/run/systemd/system"))?.is_some() {
        host.run(&Command::ReloadUnits)?;
    }
    forget_folder(host, &state_folder())?;
    Ok(leftovers)
}
