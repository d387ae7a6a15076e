//! The credentials endpoint: 169.254.170.2, where containers fetch their task's credentials.
//!
//! The ECS agent listens on 127.0.0.1:51679. Containers on a bridge reach it by address translation
//! in PREROUTING, which needs `route_localnet`; the host itself and containers in the host's network
//! by a redirect in OUTPUT. AWS documents both rules for external instances.

use std::path::PathBuf;

use super::landfall::PROGRAM;
use crate::host::{Rule, Table};
use crate::plan::{Item, item};
use crate::step::{Folders, Step, Sysctl, Unit, WriteFile};

/// The unit that sets everything again at each boot.
pub const UNIT: &str = "landfall-credentials-endpoint.service";
const SETTING: &str = "net.ipv4.conf.all.route_localnet";

pub(crate) fn persistence() -> [Item; 3] {
    [
        item(
            "a minimal system may have no folder for kernel settings",
            Step::Folders(Folders { paths: vec!["/etc/sysctl.d".into()], mode: 0o755, only_if_empty: true }),
        ),
        item(
            "the kernel setting is to survive a reboot",
            file("/etc/sysctl.d/90-landfall.conf", format!("# Written by Landfall.\n{SETTING} = 1\n")),
        ),
        item(
            "the firewall rules are to survive a reboot",
            file(&format!("/etc/systemd/system/{UNIT}"), unit()),
        ),
    ]
}

pub(crate) fn steps() -> Vec<Item> {
    let mut items = now();
    items.push(item(
        "the rules are set again at every boot, before the ECS agent starts",
        Step::Unit(Unit { unit: UNIT.into(), start: false, reads: Vec::new() }),
    ));
    items
}

/// What holds until the next boot: also what the unit does.
pub(crate) fn now() -> Vec<Item> {
    vec![
        item(
            "a container's packet to 169.254.170.2 may be routed to the host's own 127.0.0.1",
            Step::Sysctl(Sysctl { key: SETTING.into(), value: "1".into() }),
        ),
        item(
            "a container on a bridge finds the credentials endpoint at 169.254.170.2",
            rule("PREROUTING", "-p tcp -d 169.254.170.2 --dport 80 -j DNAT --to-destination 127.0.0.1:51679"),
        ),
        item(
            "a process in the host's own network finds the credentials endpoint at 169.254.170.2",
            rule("OUTPUT", "-p tcp -d 169.254.170.2 --dport 80 -j REDIRECT --to-ports 51679"),
        ),
    ]
}

fn rule(chain: &str, spec: &str) -> Step {
    Step::FirewallRule(Rule {
        table: Table::Nat,
        chain: chain.into(),
        spec: spec.split(' ').map(str::to_owned).collect(),
    })
}

fn file(path: &str, content: String) -> Step {
    Step::WriteFile(WriteFile { path: PathBuf::from(path), content, mode: 0o644 })
}

fn unit() -> String {
    format!(
        "# Written by Landfall.\n\
         [Unit]\n\
         Description=The credentials endpoint of Amazon ECS\n\
         After=network.target\n\
         Before=docker.service ecs.service\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         RemainAfterExit=yes\n\
         ExecStart={PROGRAM} credentials-endpoint\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n"
    )
}
