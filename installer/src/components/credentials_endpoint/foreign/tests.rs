//! Chains of all sorts, and what they do to a task.

use serde_json::json;

use super::*;

fn rules_of(family: &str, table: &str, name: &str, rules: &[Value]) -> Vec<Value> {
    let rule = |expr: &Value| json!({"rule": {"family": family, "table": table, "chain": name, "handle": 2, "expr": expr}});
    rules.iter().map(rule).collect()
}

fn ruleset(family: &str, table: &str, name: &str, policy: &str, rules: &[Value]) -> String {
    let chain = json!({"chain": {"family": family, "table": table, "name": name, "handle": 1,
        "type": "filter", "hook": "input", "prio": 0, "policy": policy}});
    let mut objects = vec![json!({"metainfo": {"json_schema_version": 1}}), chain];
    objects.extend(rules_of(family, table, name, rules));
    json!({"nftables": objects}).to_string()
}

fn lets_in(policy: &str, rules: &[Value]) -> bool {
    foreign(&ruleset("inet", "filter", "input", policy, rules)).unwrap().is_empty()
}

fn when(left: &Value, op: &str, right: &Value) -> Value {
    json!({"match": {"op": op, "left": left, "right": right}})
}

fn port(right: &Value) -> Value {
    when(&json!({"payload": {"protocol": "tcp", "field": "dport"}}), "==", right)
}

fn from(interface: &Value) -> Value {
    when(&json!({"meta": {"key": "iifname"}}), "==", interface)
}

fn accept() -> Value {
    json!({"accept": null})
}

#[test]
fn a_chain_that_drops_by_policy_is_named_with_the_line_to_add() {
    let found = foreign(&ruleset("inet", "filter", "input", "drop", &[])).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].line, "nft insert rule inet filter input ct status dnat tcp dport 51679 accept");
    assert!(found[0].what.contains("'inet filter input'"), "{found:?}");
    assert!(found[0].for_good.contains("/etc/nftables.conf"), "{found:?}");
}

#[test]
fn the_line_itself_is_an_answer() {
    let line = as_json(&json!({"family": "inet", "table": "filter", "name": "input"}));
    let rule = &line["nftables"][0]["insert"]["rule"]["expr"];
    assert!(lets_in("drop", std::slice::from_ref(rule)));
}

#[test]
fn a_name_that_nft_takes_for_none_is_said_in_its_other_language() {
    for name in ["log", "my chain", "it's", "2nd"] {
        let found = foreign(&ruleset("ip", "site", name, "drop", &[])).unwrap();
        assert!(found[0].line.starts_with("nft -j -f - <<< '{\"nftables\""), "{found:?}");
    }
    let found = foreign(&ruleset("ip", "site.one", "in-put", "drop", &[])).unwrap();
    assert!(found[0].line.starts_with("nft insert rule ip site.one in-put ct"), "{found:?}");
}

#[test]
fn a_chain_that_ends_with_a_rule_for_everything_is_named_too() {
    for verdict in ["drop", "reject"] {
        let rules = [json!([port(&json!(22)), accept()]), json!([{"counter": {}}, {verdict: null}])];
        assert!(!lets_in("accept", &rules), "{verdict}");
    }
    let all_but_lo =
        [json!([when(&json!({"meta": {"key": "iifname"}}), "!=", &json!("lo")), {"drop": null}])];
    assert!(!lets_in("accept", &all_but_lo));
}

#[test]
fn nobody_is_named_who_lets_the_port_in() {
    for right in [json!(51679), json!({"set": [22, 51679]}), json!({"range": [50000, 60000]})] {
        let rules = [json!([port(&right), accept()]), json!([{"drop": null}])];
        assert!(lets_in("drop", &rules), "{right}");
    }
    assert!(lets_in("accept", &[]));
    assert!(lets_in("accept", &[json!([port(&json!(25)), {"drop": null}])]));
}

#[test]
fn nobody_is_named_who_lets_both_ways_in_by_their_interfaces() {
    let both = [json!([from(&json!({"set": ["lo", "docker*"]})), accept()])];
    assert!(lets_in("drop", &both));
    for one in ["lo", "docker0", "eth0"] {
        assert!(!lets_in("drop", &[json!([from(&json!(one)), accept()])]), "{one} alone");
    }
}

#[test]
fn a_rule_for_some_does_not_let_in_all() {
    let some = when(&json!({"payload": {"protocol": "ip", "field": "saddr"}}), "==", &json!("10.0.0.1"));
    assert!(!lets_in("drop", &[json!([some, port(&json!(51679)), accept()])]));
    assert!(!lets_in(
        "drop",
        &[json!([{"limit": {"rate": 5, "per": "second"}}, port(&json!(51679)), accept()])]
    ));
    assert!(!lets_in("drop", &[json!([port(&json!("@open")), accept()])]));
}

#[test]
fn a_rule_that_comes_after_the_drop_lets_nobody_in() {
    assert!(!lets_in("accept", &[json!([{"drop": null}]), json!([port(&json!(51679)), accept()])]));
}

#[test]
fn states_by_a_map_and_chains_further_on_are_followed() {
    let state = json!({"ct": {"key": "state"}});
    let set =
        json!([["established", accept()], ["invalid", {"drop": null}], ["new", {"jump": {"target": "new"}}]]);
    let map = json!([{"vmap": {"key": state, "data": {"set": set}}}]);
    let text = |further: &[Value]| {
        let mut all: Value =
            serde_json::from_str(&ruleset("inet", "t", "in", "drop", std::slice::from_ref(&map))).unwrap();
        all["nftables"].as_array_mut().unwrap().extend(rules_of("inet", "t", "new", further));
        all.to_string()
    };
    assert_eq!(foreign(&text(&[json!([port(&json!(51679)), accept()])])).unwrap(), []);
    assert_eq!(foreign(&text(&[json!([{"return": null}]), json!([accept()])])).unwrap().len(), 1);
}

/// As firewalld 1.3 and 2.3 make it, and with the `StrictForwardPorts` of the latter.
#[test]
fn firewalld_lets_in_what_was_translated_and_else_is_told_in_its_own_way() {
    let text = |status: &[Value], zone: &[Value]| {
        let state = when(&json!({"ct": {"key": "state"}}), "in", &json!(["established", "related"]));
        let translated = when(&json!({"ct": {"key": "status"}}), "in", &json!("dnat"));
        let end = [json!([{"reject": {"type": "icmpx", "expr": "admin-prohibited"}}])];
        let mut rules = vec![json!([state, accept()])];
        rules.extend(status.iter().map(|verdict| json!([translated, verdict])));
        rules.push(json!([from(&json!("lo")), accept()]));
        rules.push(json!([{"jump": {"target": "filter_INPUT_ZONES"}}]));
        rules.extend(end.clone());
        let text = ruleset("inet", "firewalld", "filter_INPUT", "accept", &rules);
        let mut all: Value = serde_json::from_str(&text).unwrap();
        let objects = all["nftables"].as_array_mut().unwrap();
        objects.extend(rules_of("inet", "firewalld", "filter_INPUT_ZONES", zone));
        if !status.contains(&accept()) && !status.is_empty() {
            objects.push(json!({"chain": {"family": "inet", "table": "firewalld", "name": STRICT}}));
            objects.extend(rules_of("inet", "firewalld", STRICT, &end));
        }
        all.to_string()
    };
    let in_zone = [json!([from(&json!("docker0")), accept()])];
    assert_eq!(foreign(&text(&[accept()], &[])).unwrap(), []);
    assert_eq!(foreign(&text(&[], &in_zone)).unwrap(), []);
    let found = foreign(&text(&[], &[])).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].line, "firewall-cmd --zone=docker --change-interface=docker0");
    let found = foreign(&text(&[json!({"jump": {"target": STRICT}})], &in_zone)).unwrap();
    assert_eq!(found.len(), 1);
    assert!(found[0].line.contains("StrictForwardPorts=no"), "{found:?}");
}

#[test]
fn iptables_own_tables_and_other_families_are_none_of_this() {
    assert_eq!(foreign(&ruleset("ip", "filter", "INPUT", "drop", &[])).unwrap(), []);
    for family in ["ip6", "bridge", "arp"] {
        assert_eq!(foreign(&ruleset(family, "filter", "input", "drop", &[])).unwrap(), [], "{family}");
    }
}

#[test]
fn what_is_no_json_is_an_error_and_no_clean_bill() {
    assert!(foreign("table inet filter {").is_err());
}
