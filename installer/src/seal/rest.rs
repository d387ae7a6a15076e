//! What would write traces again, now or at shutdown, and is brought to rest before they are taken away.
//!
//! Nothing of the network is stopped: who seals a machine may be on it through that network. A DHCP client
//! therefore writes its lease once more as the machine goes down, and the list counts that as harmless.

use std::path::Path;

use super::Scope;
use crate::components::{ecs_agent, ssm_agent};
use crate::error::{Error, Result};
use crate::host::{Command, Host, UnitVerb};

/// Both agents, what starts them, and what would register the machine.
const AGENTS: [&str; 3] = ["landfall-first-boot.service", ecs_agent::UNIT, ssm_agent::UNIT];
const DOCKER: &str = "docker.service";
/// The socket first: it would start the service again.
const CONTAINERS: [&str; 3] = ["docker.socket", DOCKER, "containerd.service"];
/// Loggers, and what saves a new seed when it is stopped at shutdown: stopped now, it does so before the seed
/// is removed.
const WRITERS: [&str; 3] = ["syslog.socket", "rsyslog.service", "systemd-random-seed.service"];

/// Brings to rest what writes traces; true where anything was at work.
///
/// # Errors
/// When something cannot be stopped.
pub fn bring_to_rest(host: &mut dyn Host, scope: Scope) -> Result<bool> {
    // Nothing runs in a tree that is only entered, and nothing there answers.
    if host.stat(Path::new("/run/systemd/system"))?.is_none() {
        return Ok(false);
    }
    let mut any = stop(host, &AGENTS)?;
    any |= remove_containers(host)?;
    any |= stop(host, &CONTAINERS)?;
    if scope == Scope::Whole {
        any |= stop(host, &WRITERS)?;
        // Older versions cannot: then the journal's files go from under it, and what it adds to them with them.
        let _ = host.run(&Command::RelinquishJournal)?;
    }
    Ok(any)
}

/// By Docker itself, which clears away their layers too.
fn remove_containers(host: &mut dyn Host) -> Result<bool> {
    if !runs(host, DOCKER)? || host.which("docker").is_none() {
        return Ok(false);
    }
    let ids: Vec<String> =
        must(host, &Command::Containers, "docker ps")?.split_whitespace().map(str::to_owned).collect();
    if ids.is_empty() {
        return Ok(false);
    }
    must(host, &Command::RemoveContainers(ids), "docker rm")?;
    Ok(true)
}

fn stop(host: &mut dyn Host, units: &[&str]) -> Result<bool> {
    let mut any = false;
    for unit in units {
        if runs(host, unit)? {
            must(
                host,
                &Command::Unit(UnitVerb::Stop, vec![(*unit).to_owned()]),
                &format!("stopping {unit}"),
            )?;
            any = true;
        }
    }
    Ok(any)
}

fn runs(host: &dyn Host, unit: &str) -> Result<bool> {
    Ok(host.units(&[unit])?.iter().any(|state| state.active || state.changing))
}

fn must(host: &mut dyn Host, command: &Command, what: &str) -> Result<String> {
    let output = host.run(command)?;
    if output.ok() {
        return Ok(output.stdout);
    }
    Err(Error::failed(format!("{what} failed: {}", output.tail()))
        .hint("see 'journalctl'; then run 'landfall seal' again: it goes on from here"))
}
