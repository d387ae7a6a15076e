//! The names of servers: networkd asks for them with the machine's address, and writes them where only systemd's own
//! resolver looks, which the live system does without.

use std::fs;
use std::time::{Duration, Instant};

/// What networkd knows of all its networks.
const STATE: &str = "/run/systemd/netif/state";
const RESOLVER: &str = "/etc/resolv.conf";
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until there is an address, a while at most: what cannot be reached then is said by whoever asks for it.
pub fn wait() {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let state = fs::read_to_string(STATE).unwrap_or_default();
        let is_up = value(&state, "OPER_STATE").is_some_and(|it| it == "routable");
        if is_up || Instant::now() > deadline {
            return learn();
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Writes down the servers that are known by now: some switches let nobody through for longer than anybody waits.
pub fn learn() {
    let _ = fs::write(RESOLVER, resolver(&fs::read_to_string(STATE).unwrap_or_default()));
}

fn resolver(state: &str) -> String {
    let servers = value(state, "DNS").unwrap_or_default().split_whitespace();
    // networkd adds the name that TLS would ask for.
    servers.map(|it| format!("nameserver {}\n", it.split('#').next().unwrap_or(it))).collect()
}

fn value<'a>(state: &'a str, key: &str) -> Option<&'a str> {
    state.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networkds_servers_become_the_resolvers() {
        let state = "# private\nOPER_STATE=routable\nDNS=10.0.2.3 192.0.2.1#dns.example\nNTP=\n";
        assert_eq!(resolver(state), "nameserver 10.0.2.3\nnameserver 192.0.2.1\n");
        assert_eq!(value(state, "OPER_STATE"), Some("routable"));
        assert_eq!(resolver(""), "");
    }
}
