//! What a kernel, a clock or a disk may be like, and no container can show: what Landfall says of it in one sentence,
//! that it costs no activation, and that it goes on by itself once that is mended.

use vm_tests::error::{Error, Result};
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Setup, VirtualMachine};
use vm_tests::machine_images;
use vm_tests::world::World;

use crate::{TO_REGISTER, report};

mod clock;
mod ipv6;
mod kernel;
mod root;

/// A machine out of the golden image at the very beginning of its first boot, without a seed yet.
fn early(world: &mut World, setup: Setup) -> Result<VirtualMachine> {
    let mut machine = world.machine(&machine_images::golden()?, setup)?;
    machine.power_on()?;
    machine.wait_for_agent()?;
    Ok(machine)
}

/// Waits until the first boot stands so, for a reason with these words in it.
fn waits(machine: &mut VirtualMachine, state: &str, why: &str) -> Result<()> {
    let what = format!("it is {state}: ... {why} ...");
    let is_so = |it: &VirtualMachine| {
        let report = report(it)?;
        let error = report["last_error"]["what"].as_str().unwrap_or_default();
        Ok(report["state"] == state && error.contains(why))
    };
    machine.wait_for(TO_REGISTER, &what, is_so).map_err(|e| match report(machine) {
        Ok(report) => Error::new(format!("{e}\n{report:#}")),
        Err(_) => e,
    })
}

/// What a command line ends with, and says on its way.
fn ends(machine: &VirtualMachine, command: &str, status: i32, said: &str) -> Result<()> {
    let output = machine.run(command)?;
    let all = format!("{}{}", output.stdout, output.stderr);
    if output.status == status && all.contains(said) {
        return Ok(());
    }
    Err(Error::new(format!("'{command}' ended with {}, not {status} and '{said}':\n{all}", output.status)))
}

/// The codes that `landfall check` finds.
fn found(machine: &VirtualMachine) -> Result<Vec<String>> {
    let text = machine.run("landfall check --region us-east-1 --json")?.stdout;
    let found: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let codes = found["findings"].as_array().into_iter().flatten();
    Ok(codes.filter_map(|it| it["code"].as_str().map(str::to_owned)).collect())
}
