//! How the first boot of a machine stands: that of an image's clone by its own report, and any by cloud-init's.

use std::time::Duration;

use crate::error::{Error, Result, While};
use crate::guest::Guest;
use crate::guest::machine::VirtualMachine;
use crate::journey;

/// What a first boot may take with hardware's help, from the start of its unit on.
pub const TO_REGISTER: Duration = Duration::from_secs(30);

/// What cloud-init's commands may take where Docker and both agents are installed by them.
const TO_INSTALL: Duration = Duration::from_secs(120);

/// Waits until cloud-init has done all that it was told, and prints what it said.
pub fn cloud_init_is_done(machine: &mut VirtualMachine) -> Result<()> {
    machine.wait_for(TO_INSTALL, "cloud-init is done", |it| {
        Ok(it.run("[ -e /var/lib/cloud/instance/boot-finished ]")?.status == 0)
    })?;
    println!("{}", machine.must("cat /var/log/cloud-init-output.log")?);
    Ok(())
}

/// The report.
pub fn report(machine: &VirtualMachine) -> Result<serde_json::Value> {
    let text = machine.run("cat /run/landfall/first-boot.json")?.stdout;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

/// Whether it is in one of these states.
pub fn is_in(machine: &VirtualMachine, states: &[&str]) -> Result<bool> {
    Ok(report(machine)?["state"].as_str().is_some_and(|state| states.contains(&state)))
}

/// Waits until the first boot says that it is done, and returns the managed instance's id.
pub fn first_boot_is_done(machine: &mut VirtualMachine) -> Result<String> {
    let waited =
        machine.wait_for(TO_REGISTER, "the first boot is done", |it| match report(it)?["state"].as_str() {
            Some("failed") => Err(Error::new(format!("the first boot failed: {:#}", report(it)?))),
            state => Ok(state == Some("done")),
        });
    if let Err(error) = waited {
        let journal = machine.run("journalctl --no-pager -b -u landfall-first-boot | tail -40")?.stdout;
        return Err(Error::new(format!("{error}\n{:#}\n{journal}", report(machine)?)));
    }
    journey::container_instance(machine)?;
    machine.must("landfall status")?;
    instance(machine)
}

/// The managed instance that the machine is.
pub fn instance(machine: &VirtualMachine) -> Result<String> {
    let shown: serde_json::Value = serde_json::from_str(&machine.must("landfall identity show --json")?)
        .doing(|| "reading the identity")?;
    let id = shown["registration"]["instance_id"].as_str().map(str::to_owned);
    id.ok_or_else(|| Error::new(format!("no instance id: {shown:#}")))
}
