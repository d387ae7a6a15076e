//! Chains of our own in a firewall: what `iptables-save` says of them, and what `iptables-restore` is to be
//! told. Pure.
//!
//! Rules are written as `iptables-save` prints them, so that a look tells whether anything is to be done.
//! Nobody else's rule is ever changed; the ECS agent's own are known, because a killed agent leaves them.

use serde::{Deserialize, Serialize};

use crate::host::Table;

/// Stands in a rule for the name of a container bridge: the rule is there once for each.
pub const BRIDGE: &str = "<bridge>";
const DOCKER: &str = "docker0";

/// A chain of our own, and the one jump to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The table.
    pub table: Table,
    /// The chain of the kernel's that jumps here first of all.
    pub from: String,
    /// Its name.
    pub name: String,
    /// Its rules.
    pub rules: Vec<String>,
}

impl Chain {
    fn jump(&self) -> String {
        format!("{} -j {}", self.from, self.name)
    }

    fn lines(&self, bridges: &[String]) -> Vec<String> {
        let each = |rule: &String| match rule.contains(BRIDGE) {
            true => bridges.iter().map(|bridge| rule.replace(BRIDGE, bridge)).collect(),
            false => vec![rule.clone()],
        };
        self.rules.iter().flat_map(each).map(|rule| format!("{} {rule}", self.name)).collect()
    }
}

/// The container bridges among a machine's interfaces: Docker's own, there or not, and those of its
/// networks. `br0` or `br-lan` may have a cable in it, so a name must have Docker's very shape.
pub fn container_bridges(interfaces: &[String]) -> Vec<String> {
    let is_network = |name: &&String| {
        let figures = name.strip_prefix("br-").unwrap_or_default();
        figures.len() == 12 && figures.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
    };
    let networks = interfaces.iter().filter(is_network).cloned();
    std::iter::once(DOCKER.to_owned()).chain(networks).collect()
}

/// What `iptables-restore --noflush` is to be told, or `None` where everything is so.
pub fn difference(saved: &str, chains: &[Chain], bridges: &[String]) -> Option<String> {
    let saved = Saved::parse(saved);
    let mut text = String::new();
    // Each table is committed by itself, and what drops comes before what leads here.
    for table in [Table::Filter, Table::Nat] {
        let (mut declared, mut rules) = (String::new(), String::new());
        for chain in chains.iter().filter(|chain| chain.table == table) {
            let lines = chain.lines(bridges);
            if !saved.has(chain) || saved.rules_of(table, &chain.name) != lines {
                declared += &format!(":{} - [0:0]\n", chain.name);
                rules += &lines.iter().map(|line| format!("-A {line}\n")).collect::<String>();
            }
            rules += &saved.jump_difference(chain);
        }
        text += &transaction(table, &declared, &rules);
    }
    (!text.is_empty()).then_some(text)
}

/// What takes the chains away, with every jump to them; and on request what an ECS agent left behind.
pub fn removal(saved: &str, chains: &[Chain], agents_too: bool) -> Option<String> {
    let saved = Saved::parse(saved);
    let mut text = String::new();
    for table in [Table::Nat, Table::Filter] {
        let ours: Vec<&Chain> =
            chains.iter().filter(|chain| chain.table == table && saved.has(chain)).collect();
        let leads_here =
            |line: &str| ours.iter().any(|chain| line.split(' ').next_back() == Some(chain.name.as_str()));
        let goes = |line: &&str| leads_here(line) || (agents_too && is_agents(table, line));
        let deleted = saved.rules.iter().filter(|(of, line)| *of == table && goes(line));
        let mut rules: String = deleted.map(|(_, line)| format!("-D {line}\n")).collect();
        rules += &ours.iter().map(|chain| format!("-X {}\n", chain.name)).collect::<String>();
        let declared: String = ours.iter().map(|chain| format!(":{} - [0:0]\n", chain.name)).collect();
        text += &transaction(table, &declared, &rules);
    }
    (!text.is_empty()).then_some(text)
}

/// Whether an ECS agent's own rules stand.
pub fn has_agents_rules(saved: &str) -> bool {
    Saved::parse(saved).rules.iter().any(|(table, line)| is_agents(*table, line))
}

fn transaction(table: Table, declared: &str, rules: &str) -> String {
    match declared.is_empty() && rules.is_empty() {
        true => String::new(),
        false => format!("*{table}\n{declared}{rules}COMMIT\n"),
    }
}

/// What the ECS agent adds at each start: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html>,
/// and amazon-ecs-init's own chapter on firewalls.
fn is_agents(table: Table, line: &str) -> bool {
    const RULES: [(Table, &str); 5] = [
        (
            Table::Nat,
            "PREROUTING -d 169.254.170.2/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:51679",
        ),
        (Table::Nat, "OUTPUT -d 169.254.170.2/32 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 51679"),
        (
            Table::Filter,
            "INPUT ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
        ),
        (Table::Filter, "INPUT ! -i lo -p tcp -m tcp --dport 51678 -j DROP"),
        (Table::Filter, "INPUT -i docker0 -p tcp -m tcp --dport 51678 -j ACCEPT"),
    ];
    RULES.contains(&(table, line))
}

/// What `iptables-save` printed, each rule without its `-A`.
struct Saved<'a> {
    chains: Vec<(Table, &'a str)>,
    rules: Vec<(Table, &'a str)>,
}

impl<'a> Saved<'a> {
    fn parse(text: &'a str) -> Self {
        let mut saved = Self { chains: Vec::new(), rules: Vec::new() };
        let mut table = None;
        for line in text.lines() {
            match (line.split_at_checked(1), table) {
                (Some(("*", name)), _) => {
                    table = [Table::Filter, Table::Nat].into_iter().find(|it| it.to_string() == name);
                }
                (Some((":", rest)), Some(table)) => {
                    saved.chains.extend(rest.split(' ').next().map(|name| (table, name)));
                }
                (_, Some(table)) => saved.rules.extend(line.strip_prefix("-A ").map(|rule| (table, rule))),
                _ => {}
            }
        }
        saved
    }

    fn has(&self, chain: &Chain) -> bool {
        self.chains.contains(&(chain.table, chain.name.as_str()))
    }

    fn rules_of(&self, table: Table, chain: &str) -> Vec<&'a str> {
        let of = |line: &str| line.split(' ').next() == Some(chain);
        self.rules
            .iter()
            .filter(|(in_table, line)| *in_table == table && of(line))
            .map(|(_, line)| *line)
            .collect()
    }

    /// One jump, before every rule but those that the ECS agent puts in front at each of its starts:
    /// none of them lets in what ours would not.
    fn jump_difference(&self, chain: &Chain) -> String {
        let rules = self.rules_of(chain.table, &chain.from);
        let jump = chain.jump();
        let jumps = rules.iter().filter(|rule| **rule == jump).count();
        let first = rules.iter().find(|rule| !is_agents(chain.table, rule));
        if jumps == 1 && first.is_some_and(|rule| **rule == *jump) {
            return String::new();
        }
        let delete = format!("-D {jump}\n").repeat(jumps);
        format!("{delete}-I {} 1 -j {}\n", chain.from, chain.name)
    }
}

#[cfg(test)]
mod tests;
