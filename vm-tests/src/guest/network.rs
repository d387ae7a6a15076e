//! A network that no packet leaves: a gateway's namespace with a bridge, and one namespace per guest.
//!
//! Addresses are the same in every world, names are not, so that tests run side by side. A guest's
//! namespace is made anew at each of its boots: kernel settings and firewall rules live in it, and
//! a machine that was off has lost them.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::thread;

use image_recipes::machine;
use nix::sched::{CloneFlags, setns};

use crate::error::{Error, Result};
use crate::host_command;

/// Where the AWS simulator and the package repository answer.
pub const GATEWAY: &str = "10.77.0.1";

const SUBNET: &str = "10.77.0.0/24";

/// The gateway's namespace, which lives as long as the world.
pub struct Network {
    world: String,
}

impl Network {
    /// Makes the gateway's namespace for the world of this name.
    pub fn new(world: &str) -> Result<Self> {
        let network = Self { world: world.to_owned() };
        let gateway = network.gateway();
        ip(&format!("netns add {gateway}"))?;
        ip(&format!("-n {gateway} link set lo up"))?;
        ip(&format!("-n {gateway} link add bridge type bridge"))?;
        ip(&format!("-n {gateway} addr add {GATEWAY}/24 dev bridge"))?;
        ip(&format!("-n {gateway} link set bridge up"))?;
        Ok(network)
    }

    /// The name of the gateway's namespace, as `ip netns` knows it.
    pub fn gateway(&self) -> String {
        format!("{}.net", self.world)
    }

    /// A command that runs `program` at the gateway's address, to be run through a control group's command.
    pub fn at_gateway(&self, mut command: Command, program: &Path) -> Command {
        command.args(["netns", "exec", &self.gateway()]).arg(program);
        command
    }

    /// Puts a machine into a network of QEMU's like ours, where what goes to the gateway's address is handed on to it.
    pub fn lead_to_gateway(&self, card: &mut machine::Network) -> Result<()> {
        let program = std::env::current_exe()?;
        card.subnet = Some(SUBNET.to_owned());
        let relay = |port: &str| {
            let address = format!("{GATEWAY}:{port}");
            let command = format!("ip netns exec {} {} relay {address}", self.gateway(), program.display());
            (address, command)
        };
        card.answered = ["80", "443"].map(relay).to_vec();
        Ok(())
    }

    /// Does `work` in the gateway's namespace. What it opens or starts stays there, whoever has it later.
    pub fn at_its_place<T: Send>(&self, work: impl FnOnce() -> std::io::Result<T> + Send) -> Result<T> {
        let namespace = File::open(Path::new("/run/netns").join(self.gateway()))?;
        let work = || {
            setns(&namespace, CloneFlags::CLONE_NEWNET).map_err(std::io::Error::from).and_then(|()| work())
        };
        let done = thread::scope(|scope| scope.spawn(work).join());
        Ok(done.map_err(|_| Error::new("a thread at the gateway panicked"))??)
    }

    /// The address of guest number `guest`, counted from 1.
    pub fn address(guest: usize) -> String {
        format!("10.77.0.{}", guest + 1)
    }

    /// Makes a namespace with a cable to the gateway for a guest that is about to boot; returns its name.
    pub fn plug_in(&self, guest: usize) -> Result<String> {
        self.unplug(guest);
        let (gateway, own, address) =
            (self.gateway(), format!("{}.{guest}", self.world), Self::address(guest));
        // The hardware address is part of the SSM agent's fingerprint of a machine: it must not change at a boot.
        let hardware = format!("02:00:0a:4d:00:{guest:02x}");
        ip(&format!("netns add {own}"))?;
        ip(&format!("-n {own} link set lo up"))?;
        ip(&format!(
            "-n {gateway} link add guest{guest} type veth peer name eth0 address {hardware} netns {own}"
        ))?;
        ip(&format!("-n {gateway} link set guest{guest} master bridge up"))?;
        ip(&format!("-n {own} addr add {address}/24 dev eth0"))?;
        ip(&format!("-n {own} link set eth0 up"))?;
        ip(&format!("-n {own} route add default via {GATEWAY}"))?;
        Ok(own)
    }

    /// Takes a guest's namespace away; it is no error if it has none.
    pub fn unplug(&self, guest: usize) {
        let _ = ip(&format!("-n {} link delete guest{guest}", self.gateway()));
        let _ = ip(&format!("netns delete {}.{guest}", self.world));
    }
}

fn ip(arguments: &str) -> Result<String> {
    host_command::run("ip", arguments.split(' '))
}
