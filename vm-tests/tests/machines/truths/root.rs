//! A root that is mounted for reading alone, a machine-id that is in memory only, and what takes both for granted.

use vm_tests::error::{Result, While};
use vm_tests::guest::Guest;
use vm_tests::guest::machine::Setup;
use vm_tests::journey::{self, UP};
use vm_tests::{machine_images, programs};

use super::{ends, found};
use crate::{counted, scenario};

/// What an operator does who wants a root that nobody writes to; a machine that has never booted has no machine-id yet,
/// and systemd then makes one in memory.
const READ_ONLY: &str = "sed -i 's/defaults,errors=remount-ro/ro/' /etc/fstab && : > /etc/machine-id && sync";

#[test]
#[ignore = "in scripts/test --full: what is refused is judged in memory in each run"]
fn a_root_for_reading_alone_and_a_machine_id_in_memory_are_refused_and_nothing_is_touched() -> Result<()> {
    scenario(|world| {
        let mut machine = world.machine(&machine_images::debian()?, Setup::default())?;
        machine.power_on()?;
        machine.wait_for_agent()?;
        let landfall = std::fs::read(programs::landfall()?).doing(|| "reading the program under test")?;
        machine.write("/usr/local/bin/landfall", &landfall, 0o755)?;
        journey::bring_activation(world, &machine, 1, 86_400)?;
        machine.must(READ_ONLY)?;
        machine.reboot()?;
        machine.must("findmnt -n -o OPTIONS / | grep -q '^ro,' && findmnt -n -o FSTYPE /etc/machine-id | grep -q tmpfs")?;
        let codes = found(&machine)?;
        assert!(
            ["read-only-root", "transient-machine-id"].iter().all(|it| codes.iter().any(|code| code == it)),
            "{codes:?}"
        );
        let refused = "error: the root file system is mounted for reading alone";
        ends(&machine, UP, 2, refused)?;
        ends(&machine, &UP.replace("landfall up", "landfall install"), 2, refused)?;

        machine.must("mount -o remount,rw /")?;
        let before = machine.tree()?;
        let in_memory =
            "error: /etc/machine-id is in memory only, so the machine-id is lost at the next boot";
        ends(&machine, UP, 2, in_memory)?;
        ends(&machine, UP, 2, "hint: make it last: 'systemd-machine-id-setup --commit'")?;
        let changes: Vec<String> = before.changes(&machine.tree()?).iter().map(ToString::to_string).collect();
        let ours: Vec<&String> =
            changes.iter().filter(|it| it.contains("landfall") || it.contains("amazon")).collect();
        assert!(ours.is_empty(), "{changes:#?}");
        assert_eq!(counted(world)?, (0, 0));

        machine.must("systemd-machine-id-setup --commit")?;
        let codes = found(&machine)?;
        assert!(
            !codes.iter().any(|code| code == "read-only-root" || code == "transient-machine-id"),
            "{codes:?}"
        );
        machine.stop()
    })
}
