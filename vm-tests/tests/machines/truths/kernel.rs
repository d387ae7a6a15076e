//! What a kernel lacks: an account of memory, the tables of the older iptables.

use image_recipes::machine::Bus;
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::machine::Setup;

use super::{early, ends, found};
use crate::lived_in::ASK;
use crate::{registers, scenario, seed_disk};

/// As a Raspberry Pi has it from the beginning, and as kernels are that have nftables alone.
const LESS: &str = "set -e; sed -i '/linux/s/ ro / ro cgroup_disable=memory /' /boot/grub/grub.cfg; \
     cd /lib/modules/$(uname -r)/kernel/net; rm ipv[46]/netfilter/ip*table*.ko*; depmod; sync";

/// Docker cannot start with it on such a kernel.
const OLDER: &str = "update-alternatives --set iptables /usr/sbin/iptables-legacy";

#[test]
#[ignore = "in scripts/test --full: what other kernels lack"]
fn a_kernel_without_an_account_of_memory_and_with_nftables_alone_registers_and_the_first_is_told()
-> Result<()> {
    scenario(|world| {
        let mut machine = early(world, Setup::default())?;
        machine.must(LESS)?;
        machine.reboot()?;
        machine.must("! grep -qw memory /sys/fs/cgroup/cgroup.controllers && ! modprobe ip_tables")?;
        machine.must(OLDER)?;
        ends(
            &machine,
            "landfall check --region us-east-1",
            3,
            "blocks  iptables is the older kind here (legacy)",
        )?;
        let up = "landfall register --region us-east-1 --cluster test-cluster";
        ends(
            &machine,
            up,
            2,
            "error: iptables is the older kind here (legacy), and this kernel has no tables",
        )?;
        machine.must("update-alternatives --auto iptables")?;
        machine.attach(&seed_disk(world, Bus::Virtio)?)?;
        registers(world, &mut machine)?;
        machine.must("! lsmod | grep -q '^ip6\\?_tables'")?;
        assert!(machine.must(ASK)?.starts_with("HTTP/1."));
        machine.must("iptables --version | grep -q nf_tables && iptables -S LANDFALL-INPUT")?;
        let codes = found(&machine)?;
        assert!(codes.iter().any(|code| code == "no-memory-control"), "{codes:?}");
        machine.must(
            "journalctl --no-pager -b -u landfall-first-boot | \
             grep 'warns   the kernel keeps no account of memory.*cgroup_disable=memory'",
        )?;
        machine.stop()
    })
}
