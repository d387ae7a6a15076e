//! nftables rules of somebody else that stand in the way of tasks and their credentials.
//!
//! In nftables a packet must be let in by every chain on its way: an accept of ours does not help past a
//! drop of theirs. Their tables are never edited; what to add is said, as the very line to type.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::host::Host;

mod verdict;

use verdict::{PACKETS, is_let_in};

/// The tables that iptables keeps for itself in nftables.
const IPTABLES: [&str; 5] = ["filter", "nat", "mangle", "raw", "security"];
/// The table that is firewalld's.
const FIREWALLD: &str = "firewalld";
/// Where it sends translated connections that it is to let in one by one.
const STRICT: &str = "filter_INPUT_dnat";

/// What is let in: connections that Landfall's own rules translated, from container bridges and the machine itself.
/// No interface is named, so networks that are made later are let in too.
const RULE: &str = "ct status dnat tcp dport 51679 accept";

/// Words of nft's own language, which it does not take for a name where it is typed. Whoever speaks to the
/// kernel in another way can have named a chain so.
const WORDS: [&str; 24] = [
    "accept", "chain", "continue", "counter", "ct", "dnat", "drop", "fib", "icmp", "ip", "ip6", "jump",
    "limit", "log", "map", "mark", "meta", "queue", "reject", "return", "rule", "set", "table", "tcp",
];

/// A chain of somebody else's that refuses incoming packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// What is wrong with it, in a sentence.
    pub what: String,
    /// The command that lets containers through.
    pub line: String,
    /// How that lasts over a reboot.
    pub for_good: String,
}

/// Looks for such chains; none where nftables' own tool is missing.
///
/// # Errors
/// When the tool fails, or prints what cannot be read.
pub fn foreign_findings(host: &dyn Host) -> Result<Vec<Foreign>> {
    match host.nft_ruleset()? {
        Some(text) => foreign(&text),
        None => Ok(Vec::new()),
    }
}

/// The same, of what `nft -j list ruleset` printed.
///
/// # Errors
/// When that cannot be read.
pub fn foreign(ruleset: &str) -> Result<Vec<Foreign>> {
    let ruleset: Value = serde_json::from_str(ruleset)
        .map_err(|e| Error::failed(format!("what 'nft -j list ruleset' printed cannot be read: {e}")))?;
    let objects = ruleset["nftables"].as_array().map(Vec::as_slice).unwrap_or_default();
    let chains = objects.iter().filter_map(|object| object.get("chain")).filter(|chain| is_in_the_way(chain));
    let refuses = |chain: &&Value| !PACKETS.iter().all(|packet| is_let_in(packet, chain, objects));
    Ok(chains.filter(refuses).map(|chain| finding(chain, objects)).collect())
}

/// Chains of other families see other packets.
fn is_in_the_way(chain: &Value) -> bool {
    let iptables_own = chain["family"] == "ip"
        && chain["table"].as_str().is_some_and(|table| IPTABLES.contains(&table))
        && chain["name"] == "INPUT";
    let family = matches!(chain["family"].as_str(), Some("ip" | "inet"));
    family && chain["hook"] == "input" && chain["type"] == "filter" && !iptables_own
}

fn finding(chain: &Value, objects: &[Value]) -> Foreign {
    let word = |key: &str| chain[key].as_str().unwrap_or_default();
    let named = format!("{} {} {}", word("family"), word("table"), word("name"));
    let what = format!("the nftables chain '{named}' refuses tasks their credentials");
    if word("table") == FIREWALLD {
        return firewallds(what, objects.iter().any(|it| it["chain"]["name"] == STRICT));
    }
    let line = match [word("table"), word("name")].into_iter().all(can_be_typed) {
        true => format!("nft insert rule {named} {RULE}"),
        false => format!("nft -j -f - <<< '{}'", as_json(chain).to_string().replace('\'', r"'\''")),
    };
    let for_good =
        format!("'{RULE}' as the chain's first rule in the file that makes it, such as /etc/nftables.conf");
    Foreign { what, line, for_good }
}

/// Its table is nobody else's to edit, and from version 2 on nobody else can: it is told in its own way.
fn firewallds(what: String, strict: bool) -> Foreign {
    match strict {
        true => Foreign {
            what: format!(
                "{what}: firewalld lets in no translated connection of others, by its StrictForwardPorts"
            ),
            line: "sed -i s/^StrictForwardPorts=yes/StrictForwardPorts=no/ /etc/firewalld/firewalld.conf && \
                   firewall-cmd --reload"
                .into(),
            for_good: "it stays so".into(),
        },
        false => Foreign {
            what: format!("{what}: Docker's bridge is in no zone of firewalld's that lets it in"),
            line: "firewall-cmd --zone=docker --change-interface=docker0".into(),
            for_good: "the same with --permanent".into(),
        },
    }
}

/// nft knows no quotes around names.
fn can_be_typed(name: &str) -> bool {
    name.starts_with(|it: char| it.is_ascii_alphabetic())
        && name.chars().all(|it| it.is_ascii_alphanumeric() || "_-./".contains(it))
        && !WORDS.contains(&name)
}

/// The same rule in nft's other language, in which names are just names.
fn as_json(chain: &Value) -> Value {
    let matches =
        |left: Value, op: &str, right: Value| json!({"match": {"op": op, "left": left, "right": right}});
    let rule = [
        matches(json!({"ct": {"key": "status"}}), "in", json!("dnat")),
        matches(json!({"payload": {"protocol": "tcp", "field": "dport"}}), "==", json!(verdict::PORT)),
        json!({"accept": null}),
    ];
    json!({"nftables": [{"insert": {"rule":
        {"family": chain["family"], "table": chain["table"], "chain": chain["name"], "expr": rule}}}]})
}

#[cfg(test)]
mod tests;
