//! The guard: keeps the agents of a copied machine down.
//!
//! Both agents' units require it and come after it, by the drop-ins that gate them: no link has to be made, and
//! none is left over. It is also started by itself at each boot, so that a copy is told of, and takes its new
//! identity where the policy has that, also where no agent is to start.

use std::path::PathBuf;

use super::landfall::PROGRAM;
use super::{drop_in_folder, drop_ins};
use crate::facts::Facts;
use crate::plan::{Item, item};
use crate::step::{MARKER, Step, WriteFile};

/// The unit.
pub const UNIT: &str = "landfall-guard.service";
/// The SSM agent's unit where it is a snap.
const SNAP: &str = "snap.amazon-ssm-agent.amazon-ssm-agent.service";

/// What a unit is told that may not start on a copy.
pub(super) const REQUIRED: &str = "Requires=landfall-guard.service\nAfter=landfall-guard.service\n";

pub(crate) fn steps(facts: &Facts) -> Vec<Item> {
    let mut items: Vec<Item> = itself().into();
    if facts.agent_files.ssm_snap {
        let content = format!("# Written by Landfall.\n[Unit]\n{REQUIRED}");
        let path = drop_ins(SNAP).join("10-landfall.conf");
        items.push(drop_in_folder(SNAP, false));
        items.push(item(
            "the SSM agent that is here as a snap does not start on a copy either",
            Step::WriteFile(WriteFile { path, content, mode: 0o644 }),
        ));
    }
    items
}

/// The unit, wherever it is put.
pub(crate) fn itself() -> [Item; 1] {
    let path = PathBuf::from("/etc/systemd/system").join(UNIT);
    [item(
        "a copy of a registered machine is found out at its boot, before its agents use the identity that was copied",
        Step::WriteFile(WriteFile { path, content: unit(), mode: 0o644 }),
    )]
}

/// It asks no network, and comes after that is there only because network cards are then: some drivers are late.
/// Both agents wait for that anyway, and where nobody does, it does not either. It stays active, so that an
/// agent that is started again is not looked at again: a machine becomes a copy while it is off.
fn unit() -> String {
    format!(
        "# Written by Landfall.\n\
         [Unit]\n\
         Description=Keeps the agents of a copied machine down\n\
         ConditionPathExists=|{MARKER}\n\
         ConditionPathExists=|/var/lib/landfall/giving-up\n\
         RequiresMountsFor=/var/lib/landfall\n\
         After=network-online.target\n\
         Before=amazon-ssm-agent.service ecs.service {SNAP} landfall-first-boot.service\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         RemainAfterExit=yes\n\
         ExecStart={PROGRAM} guard\n\
         StandardOutput=journal+console\n\
         StandardError=journal+console\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n"
    )
}
