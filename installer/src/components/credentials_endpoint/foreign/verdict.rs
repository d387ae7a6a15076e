//! What an nftables chain does with a task's packet, as far as can be told from `nft -j list ruleset`.
//!
//! A rule counts where each of its conditions surely holds for the packet. One that depends on what is not
//! known here (sets by name, rates, marks, addresses of containers) counts neither for nor against.

use serde_json::Value;

/// Where the ECS agent listens.
pub(super) const PORT: u64 = 51679;
/// No sane ruleset jumps deeper; nft allows no circles.
const DEEPEST: usize = 16;

/// The first packet of a connection to the credentials endpoint, behind the translation.
pub(super) struct Packet {
    interface: &'static str,
}

/// From a container on Docker's bridge, and from the machine or a container in its network.
pub(super) const PACKETS: [Packet; 2] = [Packet { interface: "docker0" }, Packet { interface: "lo" }];

/// Whether a base chain lets the packet in, by its rules or its policy.
pub(super) fn is_let_in(packet: &Packet, chain: &Value, objects: &[Value]) -> bool {
    let end = packet.passes(&chain["name"], chain, objects, 0);
    match end {
        Some(End::Accepted) => true,
        Some(End::Refused) => false,
        None => chain["policy"] != "drop",
    }
}

enum End {
    Accepted,
    Refused,
}

impl Packet {
    /// Goes through the rules of a chain; nothing where none of them decides.
    fn passes(&self, name: &Value, base: &Value, objects: &[Value], depth: usize) -> Option<End> {
        let of_chain = |rule: &&Value| {
            rule["family"] == base["family"] && rule["table"] == base["table"] && rule["chain"] == *name
        };
        for rule in objects.iter().filter_map(|object| object.get("rule")).filter(of_chain) {
            let expressions = rule["expr"].as_array().map(Vec::as_slice).unwrap_or_default();
            let Some(verdict) = self.verdict(expressions) else { continue };
            if verdict.get("accept").is_some() {
                return Some(End::Accepted);
            }
            if verdict.get("drop").is_some() || verdict.get("reject").is_some() {
                return Some(End::Refused);
            }
            if verdict.get("return").is_some() {
                return None;
            }
            let further = verdict.get("jump").or(verdict.get("goto")).filter(|_| depth < DEEPEST);
            let end = further.and_then(|to| self.passes(&to["target"], base, objects, depth + 1));
            if end.is_some() || verdict.get("goto").is_some() {
                return end;
            }
        }
        None
    }

    /// What a rule does with the packet, if all of its conditions hold.
    fn verdict<'a>(&self, expressions: &'a [Value]) -> Option<&'a Value> {
        const VERDICTS: [&str; 6] = ["accept", "drop", "reject", "return", "jump", "goto"];
        const HARMLESS: [&str; 4] = ["counter", "log", "comment", "mangle"];
        let has = |it: &Value, keys: &[&str]| keys.iter().any(|key| it.get(key).is_some());
        for expression in expressions {
            if let Some(condition) = expression.get("match") {
                self.holds(condition).filter(|holds| *holds)?;
            } else if let Some(map) = expression.get("vmap") {
                let pairs = map["data"]["set"].as_array()?;
                let fits = |pair: &&Value| self.is(&map["key"], &pair[0]) == Some(true);
                return pairs.iter().find(fits).map(|pair| &pair[1]);
            } else if has(expression, &VERDICTS) {
                return Some(expression);
            } else if !has(expression, &HARMLESS) {
                return None;
            }
        }
        None
    }

    fn holds(&self, condition: &Value) -> Option<bool> {
        let is = self.is(&condition["left"], &condition["right"])?;
        match condition["op"].as_str()? {
            "==" | "in" => Some(is),
            "!=" => Some(!is),
            _ => None,
        }
    }

    /// Whether what is looked at (`left`) is one of the values on the right.
    fn is(&self, left: &Value, right: &Value) -> Option<bool> {
        let payload = &left["payload"];
        let field = (payload["protocol"].as_str(), payload["field"].as_str());
        let key = |of: &str| left[of]["key"].as_str();
        match (field, key("ct"), key("meta")) {
            ((Some("tcp" | "th"), Some("dport")), ..) => any(right, &|it| it.as_u64().map(|it| it == PORT)),
            ((Some("ip"), Some("daddr")), ..) => any(right, &|it| Some(it.as_str()? == "127.0.0.1")),
            ((Some("ip"), Some("protocol")), ..) | (_, _, Some("l4proto")) => {
                any(right, &|it| Some(it == "tcp" || *it == 6))
            }
            (_, Some("state"), _) => any(right, &|it| Some(it == "new")),
            (_, Some("status"), _) => any(right, &|it| Some(it == "dnat")),
            (_, _, Some("iif" | "iifname")) => any(right, &|it| self.comes_by(it.as_str()?)),
            (_, _, Some("nfproto")) => any(right, &|it| Some(it == "ipv4")),
            (_, _, Some("protocol")) => any(right, &|it| Some(it == "ip")),
            _ if left["fib"]["result"] == "type" && left["fib"]["flags"] == "daddr" => {
                any(right, &|it| Some(it == "local"))
            }
            _ => None,
        }
    }

    fn comes_by(&self, name: &str) -> Option<bool> {
        match name.strip_suffix('*') {
            Some(beginning) => Some(self.interface.starts_with(beginning)),
            None => Some(self.interface == name),
        }
    }
}

/// A value, a list of them, a set, a range or a block of addresses, as nft writes them.
fn any(right: &Value, fits: &dyn Fn(&Value) -> Option<bool>) -> Option<bool> {
    match right {
        Value::Array(of) => {
            let each: Vec<Option<bool>> = of.iter().map(|it| any(it, fits)).collect();
            if each.contains(&Some(true)) {
                Some(true)
            } else {
                each.into_iter().collect::<Option<Vec<_>>>().map(|_| false)
            }
        }
        Value::String(name) if name.starts_with('@') => None,
        Value::Object(of) if of.contains_key("set") => any(&of["set"], fits),
        Value::Object(of) if of.contains_key("range") => {
            let (from, to) = (of["range"][0].as_u64()?, of["range"][1].as_u64()?);
            Some((from..=to).any(|port| fits(&port.into()) == Some(true)))
        }
        Value::Object(of) if of.contains_key("prefix") => {
            let (address, length) = (of["prefix"]["addr"].as_str()?, of["prefix"]["len"].as_u64()?);
            Some(length <= 8 && (address.starts_with("127.") || length == 0))
        }
        Value::Object(_) => None,
        value => fits(value),
    }
}
