//! The nine values by which the agent recognises a machine.
//!
//! What cannot be read is empty, as in the real agent: without dmidecode four hashes are.

use super::Places;
use base64::{Engine, prelude::BASE64_STANDARD};
use md5::{Digest, Md5};
use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use std::collections::BTreeMap;
use std::process::{Command, Stdio};

/// The values by name.
pub type Hardware = BTreeMap<String, String>;

/// The machine id's name: when this one changes, the machine is another one.
pub const MACHINE_ID: &str = "machine-id";

/// The address's name: when this and the machine id are the same, nothing else is looked at.
pub const IP_ADDRESS: &str = "ipaddress-info";

/// The values of this machine now.
pub fn of_this_machine(places: &Places) -> Hardware {
    let machine_id = std::fs::read_to_string(places.machine_id()).unwrap_or_default();
    let hostname = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    [
        (MACHINE_ID, machine_id),
        ("processor-hash", dmidecode("processor")),
        ("memory-hash", dmidecode("memory")),
        ("bios-hash", dmidecode("bios")),
        ("system-hash", dmidecode("system")),
        ("hostname-info", hostname.unwrap_or_default()),
        (IP_ADDRESS, primary_address()),
        ("macaddr-info", first_hardware_address()),
        ("disk-info", hash_of_output(Command::new("ls").args(["-l", "/dev/disk/by-uuid"]))),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// The first address that is not the machine talking to itself; empty without a network.
pub fn primary_address() -> String {
    let address = |interface: InterfaceAddress| Some(interface.address?.as_sockaddr_in()?.ip());
    let mut addresses = getifaddrs().into_iter().flatten().filter_map(address);
    addresses.find(|ip| !ip.is_loopback()).map(|ip| ip.to_string()).unwrap_or_default()
}

fn first_hardware_address() -> String {
    let address = |interface: InterfaceAddress| interface.address?.as_link_addr()?.addr();
    let mut addresses = getifaddrs().into_iter().flatten().filter_map(address);
    let first = addresses.find(|bytes| *bytes != [0; 6]).unwrap_or_default();
    if first == [0; 6] {
        return String::new();
    }
    first.map(|byte| format!("{byte:02x}")).join(":")
}

fn dmidecode(kind: &str) -> String {
    hash_of_output(Command::new("/usr/sbin/dmidecode").args(["-t", kind]))
}

fn hash_of_output(command: &mut Command) -> String {
    match command.stderr(Stdio::null()).output() {
        Ok(output) if output.status.success() => BASE64_STANDARD.encode(Md5::digest(output.stdout)),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_nine_values_and_the_machine_id_keeps_its_line_end() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("etc")).unwrap();
        std::fs::write(root.path().join("etc/machine-id"), "abc\n").unwrap();
        let hardware = of_this_machine(&Places::under(root.path()));
        assert_eq!(hardware.len(), 9);
        assert_eq!(hardware[MACHINE_ID], "abc\n");
    }
}
