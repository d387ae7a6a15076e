//! A machine on the same link as a guest that means no good: it sends the guest packets for addresses that
//! never leave a machine, and takes the answers.

use std::process::{Command, Stdio};

use super::network::Network;
use crate::error::{Result, While};
use crate::host_command;

const ADDRESS: &str = "10.77.0.66";

/// A neighbour; its namespace goes with its world.
pub struct Neighbour {
    namespace: String,
}

impl Neighbour {
    pub(crate) fn new(world: &str, network: &Network) -> Result<Self> {
        let namespace = format!("{world}.neighbour");
        let gateway = network.gateway();
        let ip = |arguments: String| host_command::run("ip", arguments.split(' '));
        // Its own loopback stays down: 127.0.0.0/8 is nothing of its own then, and can be routed.
        ip(format!("netns add {namespace}"))?;
        ip(format!("-n {gateway} link add neighbour type veth peer name eth0 netns {namespace}"))?;
        ip(format!("-n {gateway} link set neighbour master bridge up"))?;
        ip(format!("-n {namespace} addr add {ADDRESS}/24 dev eth0"))?;
        ip(format!("-n {namespace} link set eth0 up"))?;
        let enable = "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet";
        host_command::run("ip", ["netns", "exec", &namespace, "sh", "-c", enable])?;
        Ok(Self { namespace })
    }

    /// From now on, these addresses are sent to the guest with that address.
    pub fn route(&self, destinations: &[&str], guest: &str) -> Result<()> {
        for destination in destinations {
            host_command::run("ip", ["-n", &self.namespace, "route", "replace", destination, "via", guest])?;
        }
        Ok(())
    }

    /// Whether a TCP connection comes about within a second.
    pub fn reaches(&self, address: &str, port: u16) -> Result<bool> {
        let connect = format!("exec 3<>/dev/tcp/{address}/{port}");
        let status = Command::new("ip")
            .args(["netns", "exec", &self.namespace, "timeout", "1", "bash", "-c", &connect])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .doing(|| format!("connecting to {address}:{port}"))?;
        Ok(status.success())
    }
}
