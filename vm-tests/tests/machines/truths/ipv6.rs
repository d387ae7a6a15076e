//! A network of IPv6 alone.

use image_recipes::machine::Bus;
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Family, Setup};
use vm_tests::guest::network::GATEWAY;
use vm_tests::ipv6_door::ADDRESS;

use super::{early, ends, found, waits};
use crate::{counted, registers, scenario, seed_disk};

#[test]
#[ignore = "in scripts/test --full: few networks have no IPv4"]
fn a_machine_without_ipv4_says_so_once_and_registers_when_the_names_have_addresses_of_ipv6() -> Result<()> {
    scenario(|world| {
        let seed = seed_disk(world, Bus::Virtio)?;
        let mut machine = early(world, Setup { family: Family::Ipv6, ..Setup::default() }.with(seed))?;
        waits(&mut machine, "waiting-for-network", "addresses of IPv4 alone: ")?;
        let said = "blocks  this machine has a way by IPv6 alone";
        ends(&machine, "landfall check --region us-east-1", 3, said)?;
        let codes = found(&machine)?;
        assert_eq!(codes.iter().filter(|code| *code == "no-ipv4").count(), 1, "{codes:?}");
        assert!(!codes.iter().any(|code| code.contains("unreachable")), "{codes:?}");
        assert_eq!(counted(world)?, (0, 0));
        // As DNS64 does, or names that have addresses of both.
        let _door = world.ipv6_door()?;
        machine.must(&format!("sed -i s/{GATEWAY}/{ADDRESS}/ /etc/hosts"))?;
        registers(world, &mut machine)?;
        machine.stop()
    })
}
