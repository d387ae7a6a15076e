//! Texts that `iptables-save` printed, and what is to be done about them.

use super::*;
use crate::components::credentials_endpoint::{ipv4, ipv6};

fn bridges() -> Vec<String> {
    container_bridges(&["br-0123456789ab".into()])
}

/// What `iptables-save` would print after a restore, rule by rule, of a table that was empty.
fn printed(chains: &[Chain]) -> String {
    difference("", chains, &bridges()).unwrap().replace("-I ", "-A ").replace(" 1 -j", " -j")
}

#[test]
fn where_all_stands_nothing_is_written() {
    for chains in [ipv4(), ipv6()] {
        assert_eq!(difference(&printed(&chains), &chains, &bridges()), None);
    }
}

#[test]
fn what_drops_is_committed_before_what_leads_here_and_goes_after_it() {
    let text = difference("", &ipv4(), &bridges()).unwrap();
    assert!(text.find("*filter").unwrap() < text.find("*nat").unwrap(), "{text}");
    let text = removal(&printed(&ipv4()), &ipv4(), false).unwrap();
    assert!(text.find("*nat").unwrap() < text.find("*filter").unwrap(), "{text}");
}

#[test]
fn a_flushed_chain_is_filled_and_a_whole_one_is_left_alone() {
    let saved: String = printed(&ipv4())
        .lines()
        .filter(|line| !line.starts_with("-A LANDFALL-OUTPUT"))
        .map(|it| format!("{it}\n"))
        .collect();
    let text = difference(&saved, &ipv4(), &bridges()).unwrap();
    assert_eq!(
        text,
        "*nat\n:LANDFALL-OUTPUT - [0:0]\n-A LANDFALL-OUTPUT -d 169.254.170.2/32 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 51679\nCOMMIT\n"
    );
}

#[test]
fn a_second_jump_goes_and_a_late_one_moves_to_the_front() {
    let whole = printed(&ipv4());
    let jump = "-A INPUT -j LANDFALL-INPUT\n";
    let again = "*filter\n-D INPUT -j LANDFALL-INPUT\n-D INPUT -j LANDFALL-INPUT\n-I INPUT 1 -j LANDFALL-INPUT\nCOMMIT\n";
    assert_eq!(difference(&whole.replace(jump, &jump.repeat(2)), &ipv4(), &bridges()).unwrap(), again);
    let late = whole.replace(jump, &format!("-A INPUT -i eth0 -j ACCEPT\n{jump}"));
    let moved = "*filter\n-D INPUT -j LANDFALL-INPUT\n-I INPUT 1 -j LANDFALL-INPUT\nCOMMIT\n";
    assert_eq!(difference(&late, &ipv4(), &bridges()).unwrap(), moved);
}

#[test]
fn the_ecs_agents_own_rules_may_stand_in_front() {
    let agents = "-A INPUT -i docker0 -p tcp -m tcp --dport 51678 -j ACCEPT\n\
                  -A INPUT ! -i lo -p tcp -m tcp --dport 51678 -j DROP\n\
                  -A INPUT ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP\n";
    let jump = "-A INPUT -j LANDFALL-INPUT\n";
    let saved = printed(&ipv4()).replace(jump, &format!("{}{jump}", agents.repeat(3)));
    assert_eq!(difference(&saved, &ipv4(), &bridges()), None);
    assert!(has_agents_rules(&saved) && !has_agents_rules(&printed(&ipv4())));
    let opened =
        saved.replace("-i docker0 -p tcp -m tcp --dport 51678", "-i eth0 -p tcp -m tcp --dport 51678");
    assert!(difference(&opened, &ipv4(), &bridges()).is_some(), "somebody let eth0 in before us");
}

#[test]
fn removal_takes_our_chains_and_on_request_the_agents_rules_and_nothing_else() {
    let theirs = "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n";
    let agents = "-A INPUT ! -i lo -p tcp -m tcp --dport 51678 -j DROP\n";
    let jump = "-A INPUT -j LANDFALL-INPUT\n";
    let saved = printed(&ipv6()).replace(jump, &format!("{agents}{agents}{jump}{theirs}"));
    let kept = "*filter\n:LANDFALL-INPUT - [0:0]\n-D INPUT -j LANDFALL-INPUT\n-X LANDFALL-INPUT\nCOMMIT\n";
    assert_eq!(removal(&saved, &ipv6(), false).unwrap(), kept);
    let swept = removal(&saved, &ipv6(), true).unwrap();
    assert_eq!(swept.matches("-D INPUT ! -i lo").count(), 2, "{swept}");
    assert!(!swept.contains("--dport 22"), "{swept}");
    assert_eq!(removal("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", &ipv6(), true), None);
}

#[test]
fn only_bridges_of_dockers_own_naming_are_container_bridges() {
    let interfaces =
        ["lo", "eth0", "br0", "br-lan", "br-0123456789ab", "br-0123456789AB", "br-0123456789abc", "virbr0"];
    let found = container_bridges(&interfaces.map(str::to_owned));
    assert_eq!(found, ["docker0", "br-0123456789ab"]);
}
