//! The hardware addresses that a machine was given, and not what software made up since.
//!
//! A network card's own address, as long as nobody set another one: one that is set comes from a file, and is
//! copied with it; one that the kernel drew differs at the next boot. A bond gives its cards one address, so
//! the kernel's table of bonds is asked for their own. A container has no card: there it is the address that
//! whoever made the container gave its end of the cable.

use std::collections::BTreeSet;
use std::path::Path;

use super::line;
use crate::error::Result;
use crate::host::Host;

const INTERFACES: &str = "/sys/class/net";
const BONDS: &str = "/proc/net/bonding";

/// `addr_assign_type` of Linux' `netdevice.h`: the card's own.
const PERMANENT: &str = "0";
/// Set by somebody.
const SET: &str = "3";

/// The addresses, with small letters.
pub(super) fn addresses(host: &dyn Host, in_container: bool) -> Result<BTreeSet<String>> {
    let mut addresses = BTreeSet::new();
    for name in host.list(Path::new(INTERFACES))? {
        let folder = Path::new(INTERFACES).join(&name);
        let counts = is_a_card(host, &folder)? || (in_container && is_a_cable_to_outside(host, &folder)?);
        addresses.extend(field(host, &folder, "address").filter(|_| counts));
    }
    for name in host.list(Path::new(BONDS))? {
        let table = host.read(&Path::new(BONDS).join(name)).ok().flatten().unwrap_or_default();
        let table = String::from_utf8_lossy(&table);
        addresses.extend(table.lines().filter_map(|it| it.strip_prefix("Permanent HW addr: ")).map(small));
    }
    addresses.retain(|address| is_an_address(address));
    Ok(addresses)
}

fn is_a_card(host: &dyn Host, folder: &Path) -> Result<bool> {
    let is_own = field(host, folder, "addr_assign_type").as_deref() == Some(PERMANENT);
    Ok(is_own && is_ethernet(host, folder) && has(host, folder, "device")?)
}

/// What containers in this container have at its end is in a bridge; bridges and tunnels name their kind.
fn is_a_cable_to_outside(host: &dyn Host, folder: &Path) -> Result<bool> {
    let lasts = matches!(field(host, folder, "addr_assign_type").as_deref(), Some(PERMANENT | SET));
    let paired = field(host, folder, "iflink") != field(host, folder, "ifindex");
    let free = !has(host, folder, "master")?;
    let kind = host.read(&folder.join("uevent")).ok().flatten().unwrap_or_default();
    let kind =
        String::from_utf8_lossy(&kind).lines().find_map(|it| it.strip_prefix("DEVTYPE=").map(str::to_owned));
    let plain = matches!(kind.as_deref(), None | Some("macvlan"));
    Ok(lasts && paired && free && plain && is_ethernet(host, folder))
}

fn is_ethernet(host: &dyn Host, folder: &Path) -> bool {
    field(host, folder, "type").as_deref() == Some("1")
}

fn field(host: &dyn Host, folder: &Path, name: &str) -> Option<String> {
    line(host, &folder.join(name).display().to_string()).map(|text| small(&text))
}

fn has(host: &dyn Host, folder: &Path, name: &str) -> Result<bool> {
    Ok(host.stat(&folder.join(name))?.is_some())
}

fn small(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

/// Six bytes that are not all the same: neither none nor everybody's.
fn is_an_address(text: &str) -> bool {
    let bytes: Vec<&str> = text.split(':').collect();
    let whole =
        bytes.len() == 6 && bytes.iter().all(|it| it.len() == 2 && u8::from_str_radix(it, 16).is_ok());
    whole && bytes.iter().any(|it| *it != bytes[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::{Fake, fresh};

    const CARD: [(&str, &str); 3] = [("type", "1"), ("addr_assign_type", "0"), ("device", "")];
    const CABLE: [(&str, &str); 4] =
        [("type", "1"), ("addr_assign_type", "3"), ("ifindex", "2"), ("iflink", "9")];

    fn with(fake: &mut Fake, name: &str, address: &str, fields: &[(&str, &str)]) {
        for (field, value) in fields.iter().chain(&[("address", address)]) {
            fake.put(&format!("{INTERFACES}/{name}/{field}"), &format!("{value}\n"), 0o444);
        }
    }

    fn bare() -> Fake {
        let mut fake = fresh();
        fake.without_cards();
        fake
    }

    fn found(fake: &Fake, in_container: bool) -> Vec<String> {
        addresses(fake, in_container).unwrap().into_iter().collect()
    }

    #[test]
    fn a_card_counts_by_its_own_address_alone() {
        for (what, change, counts) in [
            ("as it is", ("type", "1"), true),
            ("its address was set", ("addr_assign_type", "3"), false),
            ("the kernel drew its address", ("addr_assign_type", "1"), false),
            ("it is no Ethernet", ("type", "32"), false),
        ] {
            let mut fake = bare();
            with(&mut fake, "eth0", "52:54:00:AA:BB:01", &CARD);
            with(&mut fake, "eth0", "52:54:00:AA:BB:01", &[change]);
            let right: &[&str] = if counts { &["52:54:00:aa:bb:01"] } else { &[] };
            assert_eq!(found(&fake, false), right, "{what}");
        }
    }

    #[test]
    fn what_software_made_up_does_not_count() {
        let mut fake = bare();
        for name in ["docker0", "veth12", "wg0", "lo"] {
            with(&mut fake, name, "02:42:00:00:00:01", &CABLE);
        }
        with(&mut fake, "eth1", "00:00:00:00:00:00", &CARD);
        assert_eq!(found(&fake, false), [""; 0]);
    }

    #[test]
    fn a_card_in_a_bond_counts_by_what_the_bond_keeps_of_it() {
        let mut fake = bare();
        with(&mut fake, "eth0", "52:54:00:aa:bb:01", &[CARD[0], CARD[2], ("addr_assign_type", "3")]);
        let table = "Slave Interface: eth0\nPermanent HW addr: 52:54:00:AA:BB:07\nSlave queue ID: 0\n";
        fake.put("/proc/net/bonding/bond0", table, 0o444);
        assert_eq!(found(&fake, false), ["52:54:00:aa:bb:07"]);
    }

    #[test]
    fn a_container_counts_by_its_end_of_the_cable_and_not_by_those_of_its_own_containers() {
        let mut fake = bare();
        with(&mut fake, "host0", "02:00:0a:4d:00:01", &CABLE);
        with(&mut fake, "vethc1", "02:42:00:00:00:02", &CABLE);
        with(&mut fake, "vethc1", "02:42:00:00:00:02", &[("master", "")]);
        with(&mut fake, "docker0", "02:42:00:00:00:03", &CABLE);
        with(&mut fake, "docker0", "02:42:00:00:00:03", &[("uevent", "DEVTYPE=bridge"), ("iflink", "2")]);
        with(&mut fake, "drawn", "02:42:00:00:00:04", &CABLE);
        with(&mut fake, "drawn", "02:42:00:00:00:04", &[("addr_assign_type", "1")]);
        assert_eq!(found(&fake, true), ["02:00:0a:4d:00:01"]);
    }
}
