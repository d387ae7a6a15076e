//! Host keys of SSH at a first boot, where nobody else makes them.
//!
//! A sealed image has none, and sshd does not start without. Red Hat's systems make them by a unit of their own, and
//! cloud-init does where it is there; on a plain Debian nobody would.

use std::path::PathBuf;

use crate::plan::{Item, item};
use crate::step::{Step, Unit, WriteFile};

/// The unit.
pub const UNIT: &str = "landfall-ssh-host-keys.service";

pub(crate) fn steps() -> [Item; 2] {
    let path = PathBuf::from("/etc/systemd/system").join(UNIT);
    [
        item(
            "a machine from a sealed image has no host keys, and its SSH server needs some before it starts",
            Step::WriteFile(WriteFile { path, content: unit(), mode: 0o644 }),
        ),
        item(
            "the keys are made before the SSH server starts, and never where there are some",
            Step::Unit(Unit { unit: UNIT.into(), start: false, reads: Vec::new() }),
        ),
    ]
}

/// `ssh-keygen -A` makes those that are missing or empty, as a power cut leaves them: while the machine is sealed, it
/// looks at each boot. After cloud-init, which replaces the keys it finds at an instance's first boot.
fn unit() -> String {
    format!(
        "# Written by Landfall.\n\
         [Unit]\n\
         Description=Makes the SSH host keys of a machine that has none\n\
         Documentation=man:ssh-keygen(1)\n\
         ConditionFileIsExecutable=/usr/bin/ssh-keygen\n\
         {}\
         ConditionPathExists=|/var/lib/landfall/sealed\n\
         ConditionPathExistsGlob=|!/etc/ssh/ssh_host_*_key\n\
         After=cloud-init.service cloud-init-network.service\n\
         Before=ssh.service sshd.service\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         ExecStart=/usr/bin/ssh-keygen -A\n\
         RemainAfterExit=yes\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n",
        OWN_UNITS.map(|unit| format!("ConditionPathExists=!/usr/lib/systemd/system/{unit}\n")).concat()
    )
}

/// Those of systems that make their keys themselves, before the server starts.
const OWN_UNITS: [&str; 2] = ["sshd-keygen@.service", "sshd-keygen.service"];
