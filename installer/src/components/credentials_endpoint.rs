//! The credentials endpoint: 169.254.170.2, where containers fetch their task's credentials.
//!
//! The ECS agent listens on 127.0.0.1:51679. Containers on a bridge reach it by address translation, which
//! needs `route_localnet`; the host itself and containers in its network by a redirect. The setting alone
//! would let every neighbour on the link reach what listens on 127.0.0.1, and the agent's own rule translates
//! a neighbour's packet too. So Landfall's chains come first in line, stand before the setting is made, and
//! are restored when somebody flushes them or the agent resets the setting.

use std::path::PathBuf;

use super::landfall::PROGRAM;
use crate::facts::Facts;
use crate::host::Table;
use crate::plan::{Item, item};
use crate::rule_set::Chain;
use crate::step::{Firewall, FirewalldRules, Step, Sysctl, Unit, WriteFile};

pub mod foreign;

/// The timer that has everything set at each boot, and again while the machine runs.
pub const TIMER: &str = "landfall-credentials-endpoint.timer";
const SERVICE: &str = "landfall-credentials-endpoint.service";
const SETTING: &str = "net.ipv4.conf.all.route_localnet";

pub(crate) fn persistence() -> [Item; 2] {
    [
        item(
            "what protects and opens the credentials endpoint is set by Landfall, in a safe order, also at boot",
            unit_file(SERVICE, service()),
        ),
        item(
            "firewalls are flushed and the ECS agent resets the setting when it stops, so Landfall looks again every 20 seconds",
            unit_file(TIMER, timer()),
        ),
    ]
}

pub(crate) fn steps(facts: &Facts) -> Vec<Item> {
    let mut items = now();
    items.extend(facts.firewalld.then(kept_by_firewalld));
    items.push(item(
        "the rules are set again at every boot before Docker starts, and whenever they are gone",
        Step::Unit(Unit { unit: TIMER.into(), reads: Vec::new() }),
    ));
    items
}

/// What holds until the next boot: also what the unit does.
pub(crate) fn now() -> Vec<Item> {
    vec![item(
        "containers find the credentials endpoint at 169.254.170.2, and nobody on the network does",
        Step::Firewall(Firewall {
            ipv4: ipv4(),
            ipv6: ipv6(),
            opens: Sysctl { key: SETTING.into(), value: "1".into() },
        }),
    )]
}

/// A reload of firewalld takes Landfall's chains away. What tasks use comes back with it, at once; the chains
/// with the timer, as everything for bridges of other names.
fn kept_by_firewalld() -> Item {
    const RULES: [(&str, &str); 6] = [
        ("filter INPUT 0 -i lo -p tcp -m tcp --dport 51679", "ACCEPT"),
        ("filter INPUT 1 -i docker0 -p tcp -m tcp --dport 51679", "ACCEPT"),
        ("filter INPUT 2 -p tcp -m tcp --dport 51679", "DROP"),
        ("filter INPUT 3 -d 127.0.0.0/8 ! -i lo -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT", "DROP"),
        (
            "nat PREROUTING 0 -d 169.254.170.2/32 -i docker0 -p tcp -m tcp --dport 80",
            "DNAT --to-destination 127.0.0.1:51679",
        ),
        ("nat OUTPUT 0 -d 169.254.170.2/32 -p tcp -m tcp --dport 80", "REDIRECT --to-ports 51679"),
    ];
    let rules =
        RULES.map(|(what, verdict)| format!("ipv4 {what} -m comment --comment landfall -j {verdict}"));
    item(
        "a reload of firewalld takes away what it did not set, and tasks need their credentials at all times",
        Step::FirewalldRules(FirewalldRules { rules: rules.to_vec() }),
    )
}

/// 51678, where the agent tells about its tasks, is left to the agent's own rules for containers on
/// Docker's own bridge. What is translated on an operator's order stays his business, as with the agent's rule.
pub(crate) fn ipv4() -> Vec<Chain> {
    vec![
        chain(
            Table::Filter,
            "INPUT",
            &[
                "-i lo -p tcp -m tcp --dport 51679 -j ACCEPT",
                "-i <bridge> -p tcp -m tcp --dport 51679 -j ACCEPT",
                "-p tcp -m tcp --dport 51679 -j DROP",
                "-i docker0 -p tcp -m tcp --dport 51678 -j RETURN",
                "! -i lo -p tcp -m tcp --dport 51678 -j DROP",
                "-d 127.0.0.0/8 ! -i lo -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
            ],
        ),
        chain(
            Table::Nat,
            "PREROUTING",
            &[
                "-d 169.254.170.2/32 -i <bridge> -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:51679",
            ],
        ),
        chain(
            Table::Nat,
            "OUTPUT",
            &["-d 169.254.170.2/32 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 51679"],
        ),
    ]
}

/// The endpoint has no IPv6 address, but the agent's other port is open on all of the machine's.
pub(crate) fn ipv6() -> Vec<Chain> {
    vec![chain(
        Table::Filter,
        "INPUT",
        &[
            "! -i lo -p tcp -m tcp --dport 51679 -j DROP",
            "-i docker0 -p tcp -m tcp --dport 51678 -j RETURN",
            "! -i lo -p tcp -m tcp --dport 51678 -j DROP",
        ],
    )]
}

fn chain(table: Table, from: &str, rules: &[&str]) -> Chain {
    let rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
    Chain { table, from: from.into(), name: format!("LANDFALL-{from}"), rules }
}

fn unit_file(name: &str, content: String) -> Step {
    let path = PathBuf::from("/etc/systemd/system").join(name);
    Step::WriteFile(WriteFile { path, content, mode: 0o644 })
}

/// It goes with its timer, so that none is on its way any more once the timer was stopped. Firewalls are
/// loaded before the network is there.
fn service() -> String {
    format!(
        "# Written by Landfall.\n\
         [Unit]\n\
         Description=The credentials endpoint of Amazon ECS\n\
         After=network.target\n\
         Before=docker.service ecs.service\n\
         PartOf={TIMER}\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         ExecStart={PROGRAM} credentials-endpoint\n\
         LogLevelMax=notice\n"
    )
}

fn timer() -> String {
    format!(
        "# Written by Landfall.\n\
         [Unit]\n\
         Description=Restores the credentials endpoint of Amazon ECS\n\
         Wants={SERVICE}\n\
         \n\
         [Timer]\n\
         OnActiveSec=20s\n\
         OnUnitInactiveSec=20s\n\
         AccuracySec=5s\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n"
    )
}
