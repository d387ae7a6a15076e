//! The sysctls and the iptables rules of the agent, in the order of the real one, run with the real
//! programs.
//!
//! Adding is NOT idempotent: each start adds the rules again, and each stop removes one set. Only a
//! failing ip6tables is taken lightly, because many test machines have no IPv6 tables.

use crate::log::Log;
use std::path::Path;
use std::process::Command;

/// What about the host changes the rules.
pub struct Host {
    bridge: String,
    ipv6: bool,
    ipv4_default_route: bool,
    skip_localhost_filter: bool,
    allow_offhost_introspection: bool,
}

impl Host {
    /// Reads this machine and the environment.
    pub fn of_this_machine(bridge: String) -> Self {
        let set = |name: &str| std::env::var(name).is_ok_and(|value| value == "true");
        let routes = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
        Host {
            bridge,
            ipv6: Path::new("/proc/sys/net/ipv6").exists(),
            ipv4_default_route: has_default_route(&routes),
            skip_localhost_filter: set("ECS_SKIP_LOCALHOST_TRAFFIC_FILTER"),
            allow_offhost_introspection: set("ECS_ALLOW_OFFHOST_INTROSPECTION_ACCESS"),
        }
    }
}

/// Sets the sysctls and adds every rule.
pub fn add(host: &Host, log: &Log) -> Result<(), String> {
    execute(&words("sysctl -w net.ipv4.conf.all.route_localnet=1"), log)?;
    let accept_ra = format!("sysctl -e -w net.ipv6.conf.{}.accept_ra=0", host.bridge);
    execute(&words(&accept_ra), log)?;
    if !host.ipv4_default_route {
        tolerated(execute(&words("ip route add 169.254.170.2/32 dev lo"), log), log);
    }
    for rule in rules(host) {
        let added = execute(&rule.command(rule.operation), log);
        if rule.program == "ip6tables" { tolerated(added, log) } else { added? }
    }
    Ok(())
}

/// Removes one set of the rules and resets the sysctl; goes on after a failure and reports the last one.
pub fn remove(host: &Host, log: &Log) -> Result<(), String> {
    let mut outcome = Ok(());
    for rule in rules(host) {
        let removed = execute(&rule.command("-D"), log);
        if rule.program == "ip6tables" {
            tolerated(removed, log);
        } else if removed.is_err() {
            outcome = removed;
        }
    }
    execute(&words("sysctl -w net.ipv4.conf.all.route_localnet=0"), log)?;
    outcome
}

struct Rule {
    program: &'static str,
    table: &'static str,
    operation: &'static str,
    chain: &'static str,
    matching: String,
}

impl Rule {
    fn command(&self, operation: &str) -> Vec<String> {
        words(&format!("{} -t {} {operation} {} {}", self.program, self.table, self.chain, self.matching))
    }
}

fn rules(host: &Host) -> Vec<Rule> {
    let endpoint = "-p tcp -d 169.254.170.2 --dport 80 -j";
    let nat = |chain, matching| Rule { program: "iptables", table: "nat", operation: "-A", chain, matching };
    let input = |program, matching: &str| {
        let matching = matching.to_owned();
        Rule { program, table: "filter", operation: "-I", chain: "INPUT", matching }
    };
    let families: &[&'static str] = if host.ipv6 { &["iptables", "ip6tables"] } else { &["iptables"] };
    let mut rules = vec![nat("PREROUTING", format!("{endpoint} DNAT --to-destination 127.0.0.1:51679"))];
    if !host.skip_localhost_filter {
        let foreign =
            "--dst 127.0.0.0/8 ! --src 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT";
        rules.push(input("iptables", &format!("{foreign} -j DROP")));
    }
    if !host.allow_offhost_introspection {
        rules.extend(families.iter().map(|program| input(program, "-p tcp --dport 51678 ! -i lo -j DROP")));
    }
    let from_bridge = format!("-p tcp --dport 51678 -i {} -j ACCEPT", host.bridge);
    rules.extend(families.iter().map(|program| input(program, &from_bridge)));
    rules.push(nat("OUTPUT", format!("{endpoint} REDIRECT --to-ports 51679")));
    rules
}

fn execute(command: &[String], log: &Log) -> Result<(), String> {
    let line = command.join(" ");
    let output = Command::new(&command[0]).args(&command[1..]).output();
    let output = output.map_err(|error| format!("could not run {line}: {error}"))?;
    if output.status.success() {
        log.info(&format!("ran: {line}"));
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(format!("{line} failed: {}: {}", output.status, words.trim()))
}

fn tolerated(outcome: Result<(), String>, log: &Log) {
    if let Err(why) = outcome {
        log.warn(&why);
    }
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn has_default_route(routes: &str) -> bool {
    let destination = |line: &str| line.split_whitespace().nth(1).map(str::to_owned);
    routes.lines().any(|line| destination(line).as_deref() == Some("00000000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(ipv6: bool) -> Host {
        Host {
            bridge: "docker0".into(),
            ipv6,
            ipv4_default_route: true,
            skip_localhost_filter: false,
            allow_offhost_introspection: false,
        }
    }

    fn lines(host: &Host) -> Vec<String> {
        rules(host).iter().map(|rule| rule.command(rule.operation).join(" ")).collect()
    }

    #[test]
    fn the_rules_are_the_real_ones_in_the_real_order() {
        assert_eq!(
            lines(&host(false)),
            [
                "iptables -t nat -A PREROUTING -p tcp -d 169.254.170.2 --dport 80 -j DNAT --to-destination 127.0.0.1:51679",
                "iptables -t filter -I INPUT --dst 127.0.0.0/8 ! --src 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
                "iptables -t filter -I INPUT -p tcp --dport 51678 ! -i lo -j DROP",
                "iptables -t filter -I INPUT -p tcp --dport 51678 -i docker0 -j ACCEPT",
                "iptables -t nat -A OUTPUT -p tcp -d 169.254.170.2 --dport 80 -j REDIRECT --to-ports 51679",
            ]
        );
    }

    #[test]
    fn with_ipv6_the_introspection_rules_stand_in_both_families() {
        let six = lines(&host(true)).iter().filter(|line| line.starts_with("ip6tables")).count();
        assert_eq!(six, 2);
    }

    #[test]
    fn the_two_switches_leave_their_rule_out() {
        let host = Host { skip_localhost_filter: true, allow_offhost_introspection: true, ..host(false) };
        assert_eq!(lines(&host).len(), 3);
    }

    #[test]
    fn a_default_route_is_seen() {
        let routes = "Iface\tDestination\tGateway\nhost0\t00000000\t01004D0A\nhost0\t00004D0A\t00000000\n";
        assert!(has_default_route(routes));
        assert!(!has_default_route("Iface\tDestination\tGateway\nhost0\t00004D0A\t00000000\n"));
    }
}
