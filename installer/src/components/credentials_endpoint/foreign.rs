//! nftables rules of somebody else that stand in the way of containers and their credentials.
//!
//! In nftables a packet must be let in by every chain on its way: an accept of ours does not help past a
//! drop of theirs. Their tables are never edited; what to add is said, as the very line to type.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::host::Host;

/// The tables that iptables keeps for itself in nftables.
const IPTABLES: [&str; 5] = ["filter", "nat", "mangle", "raw", "security"];
const PORT: u64 = 51679;

/// A chain of somebody else's that refuses incoming packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// Its family, table and name.
    pub chain: String,
    /// What is wrong with it, in a sentence.
    pub what: String,
    /// The command that lets containers through.
    pub line: String,
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
    Ok(chains.filter(|chain| refuses(chain, objects)).map(finding).collect())
}

fn is_in_the_way(chain: &Value) -> bool {
    let iptables_own = matches!(chain["family"].as_str(), Some("ip" | "ip6"))
        && chain["table"].as_str().is_some_and(|table| IPTABLES.contains(&table))
        && chain["name"] == "INPUT";
    chain["hook"] == "input" && chain["type"] == "filter" && chain["family"] != "ip6" && !iptables_own
}

/// By its policy or by a rule for everything, unless a rule before that lets our port in.
fn refuses(chain: &Value, objects: &[Value]) -> bool {
    let of_chain = |rule: &&Value| {
        rule["family"] == chain["family"] && rule["table"] == chain["table"] && rule["chain"] == chain["name"]
    };
    for rule in objects.iter().filter_map(|object| object.get("rule")).filter(of_chain) {
        let expressions = rule["expr"].as_array().map(Vec::as_slice).unwrap_or_default();
        let does = |verdict: &str| expressions.iter().any(|it| it.get(verdict).is_some());
        let matches: Vec<&Value> = expressions.iter().filter_map(|it| it.get("match")).collect();
        if does("accept") && (matches.is_empty() || matches.iter().any(|it| names_port(&it["right"]))) {
            return false;
        }
        if matches.is_empty() && (does("drop") || does("reject")) {
            return true;
        }
    }
    chain["policy"] == "drop"
}

/// A port, a set of ports or a range, as nft writes them.
fn names_port(value: &Value) -> bool {
    match value {
        Value::Number(port) => port.as_u64() == Some(PORT),
        Value::Array(of) => of.iter().any(names_port),
        Value::Object(of) => match of.get("range").and_then(Value::as_array).map(Vec::as_slice) {
            Some([from, to]) => {
                from.as_u64().zip(to.as_u64()).is_some_and(|(from, to)| (from..=to).contains(&PORT))
            }
            _ => of.get("set").is_some_and(names_port),
        },
        _ => false,
    }
}

fn finding(chain: &Value) -> Foreign {
    let word = |key: &str| chain[key].as_str().unwrap_or_default().to_owned();
    let chain = format!("{} {} {}", word("family"), word("table"), word("name"));
    Foreign {
        what: format!("the nftables chain '{chain}' refuses containers the credentials of their tasks"),
        line: format!("nft insert rule {chain} iifname {{ \"lo\", \"docker0\" }} tcp dport {PORT} accept"),
        chain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ruleset(family: &str, table: &str, name: &str, policy: &str, rules: &[Value]) -> String {
        let chain = json!({"chain": {"family": family, "table": table, "name": name, "handle": 1,
            "type": "filter", "hook": "input", "prio": 0, "policy": policy}});
        let rules = rules.iter().map(|expr| {
            json!({"rule": {"family": family, "table": table, "chain": name, "handle": 2, "expr": expr}})
        });
        let objects: Vec<Value> =
            [json!({"metainfo": {"json_schema_version": 1}}), chain].into_iter().chain(rules).collect();
        json!({"nftables": objects}).to_string()
    }

    fn port(right: &Value) -> Value {
        json!({"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": right}})
    }

    #[test]
    fn a_chain_that_drops_by_policy_is_named_with_the_line_to_add() {
        let found = foreign(&ruleset("inet", "filter", "input", "drop", &[])).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].line,
            "nft insert rule inet filter input iifname { \"lo\", \"docker0\" } tcp dport 51679 accept"
        );
        assert!(found[0].what.contains("'inet filter input'"), "{found:?}");
    }

    #[test]
    fn a_chain_that_ends_with_a_rule_for_everything_is_named_too() {
        for verdict in ["drop", "reject"] {
            let rules =
                [json!([port(&json!(22)), {"accept": null}]), json!([{"counter": {}}, {verdict: null}])];
            assert_eq!(
                foreign(&ruleset("ip", "site", "in", "accept", &rules)).unwrap().len(),
                1,
                "{verdict}"
            );
        }
    }

    #[test]
    fn nobody_is_named_who_lets_the_port_in() {
        for right in [json!(51679), json!({"set": [22, 51679]}), json!({"range": [50000, 60000]})] {
            let rules = [json!([port(&right), {"accept": null}]), json!([{"drop": null}])];
            assert_eq!(foreign(&ruleset("inet", "filter", "input", "drop", &rules)).unwrap(), [], "{right}");
        }
        assert_eq!(foreign(&ruleset("inet", "filter", "input", "accept", &[])).unwrap(), []);
        let some = [json!([port(&json!(25)), {"drop": null}])];
        assert_eq!(foreign(&ruleset("inet", "filter", "input", "accept", &some)).unwrap(), []);
    }

    #[test]
    fn a_rule_that_comes_after_the_drop_lets_nobody_in() {
        let rules = [json!([{"drop": null}]), json!([port(&json!(51679)), {"accept": null}])];
        assert_eq!(foreign(&ruleset("inet", "filter", "input", "accept", &rules)).unwrap().len(), 1);
    }

    #[test]
    fn iptables_own_tables_and_ipv6_are_none_of_this() {
        assert_eq!(foreign(&ruleset("ip", "filter", "INPUT", "drop", &[])).unwrap(), []);
        assert_eq!(foreign(&ruleset("ip6", "filter", "input", "drop", &[])).unwrap(), []);
    }

    #[test]
    fn what_is_no_json_is_an_error_and_no_clean_bill() {
        assert!(foreign("table inet filter {").is_err());
    }
}
