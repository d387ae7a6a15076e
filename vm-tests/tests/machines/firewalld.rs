//! firewalld on a machine of its own, running before Landfall comes, as on the systems of Red Hat and its kin.

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::can_run;
use vm_tests::guest::machine::VirtualMachine;
use vm_tests::journey::{self, DOCKER_MIRROR, UP};
use vm_tests::machine_images::stand_ins;
use vm_tests::matrix::paths::up::{asks_for_credentials, is_back, registered};
use vm_tests::matrix::paths::world_of_stand_in;
use vm_tests::programs;
use vm_tests::system::StandIn;

use crate::{counted, scenario_in};

/// With what it recommends, and the list of protocols, without which it does not start.
const FIREWALLD: [&str; 5] = ["firewalld", "iptables", "ipset", "netbase", "nftables"];

const DIRECT_RULES: &str = "firewall-cmd --permanent --direct --get-all-rules";

/// It is a program in Python: emulated, its start may take longer than the minute and a half that systemd gives it.
const PATIENCE: (&str, &[u8]) =
    ("/etc/systemd/system/firewalld.service.d/patience.conf", b"[Service]\nTimeoutStartSec=infinity\n");

/// Where it does not run, what it said of that.
fn runs(machine: &VirtualMachine) -> Result<()> {
    machine.must("firewall-cmd --state || { journalctl --no-pager -b -u firewalld; exit 1; }").map(drop)
}

#[test]
#[ignore = "in scripts/test --full: firewalld is in each run in a container"]
fn a_centos_stream_9_with_firewalld_has_credentials_after_a_reload_and_a_reboot_too() -> Result<()> {
    if !can_run() {
        return Ok(());
    }
    let image = stand_ins::with(StandIn::El9, &FIREWALLD)?;
    let up = format!("{UP} {DOCKER_MIRROR}");
    scenario_in(
        || world_of_stand_in(StandIn::El9),
        |world| {
            let mut machine = world.machine(&image.disk, image.quickly())?;
            machine.boot()?;
            runs(&machine)?;
            machine.must("nft list chain inet firewalld filter_INPUT | grep reject")?;
            machine.write(PATIENCE.0, PATIENCE.1, 0o644)?;
            registered(world, &machine, &programs::landfall()?, &up)?;
            let arn = journey::container_instance(&machine)?;
            asks_for_credentials(&machine)?;
            // By firewalld alone: the timer does not help.
            machine.must("systemctl stop landfall-credentials-endpoint.timer && firewall-cmd --reload")?;
            assert!(!machine.must("iptables-save")?.contains("LANDFALL"), "the reload took nothing away");
            asks_for_credentials(&machine)?;

            machine.stop()?;
            machine.boot()?;
            is_back(&mut machine, &arn)?;
            runs(&machine)?;
            machine.must("firewall-cmd --reload")?;
            asks_for_credentials(&machine)?;
            assert_eq!(counted(world)?, (1, 1));

            // On a stand-in the library of nft goes with a package that Landfall brought, and no package of rpm's keeps it.
            machine
                .must("mkdir /run/kept && cp /usr/lib/*/libnftnl.so.* /usr/lib/*/libmnl.so.* /run/kept")?;
            machine.must("landfall uninstall")?;
            let left = machine.must(&format!("{DIRECT_RULES}; firewall-cmd --direct --get-all-rules"))?;
            assert_eq!(left, "");
            assert!(!machine.must("LD_LIBRARY_PATH=/run/kept nft list ruleset")?.contains("51679"));
            machine.stop()
        },
    )
}
