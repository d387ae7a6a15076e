//! Host keys of SSH at a first boot, where nobody else makes them.
//!
//! A sealed image has none, and sshd does not start without. Red Hat's systems make them by a unit of their own, and
//! cloud-init does where it is there. On a plain Debian nobody would: its own unit, from 13 on, does so at what systemd
//! takes for a first boot, which no boot with an empty machine-id is.

use std::path::PathBuf;

use crate::plan::{Item, item};
use crate::step::{Step, WriteFile};

/// The unit.
pub const UNIT: &str = "landfall-ssh-host-keys.service";

pub(crate) fn steps() -> [Item; 1] {
    let path = PathBuf::from("/etc/systemd/system").join(UNIT);
    [item(
        "a machine from a sealed image has no host keys, and its SSH server needs some before it starts",
        Step::WriteFile(WriteFile { path, content: unit(), mode: 0o644 }),
    )]
}

/// `ssh-keygen -A` makes those that are missing or empty, as a power cut leaves them: while the machine is sealed, it
/// looks at each boot. After cloud-init, which replaces the keys it finds at an instance's first boot, and after
/// Debian's own unit: two that make the same key at once could leave halves of different ones.
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
         After=cloud-init.service cloud-init-network.service sshd-keygen.service\n\
         Before=ssh.service sshd.service\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         ExecStart=/usr/bin/ssh-keygen -A\n\
         RemainAfterExit=yes\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n",
        OWN_MEANS.map(|path| format!("ConditionPathExists=!{path}\n")).concat()
    )
}

/// Of systems that make their keys themselves, whenever there are none: the unit of Red Hat's since 8. The one of its 7
/// has the name of Debian's, so there it is the program that is asked for.
const OWN_MEANS: [&str; 2] = ["/usr/lib/systemd/system/sshd-keygen@.service", "/usr/sbin/sshd-keygen"];
