//! Firewalls that people have: with each of them really installed, tasks get their credentials, nobody on the
//! link does, and it stays so over its reloads and over reboots. Without what Landfall does, tasks do not.

use vm_tests::error::{Error, Result};
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::world::World;

use crate::credentials_endpoint::{
    GUARDED, UNGUARDED, from, from_each_network, neighbour, reached, within_a_minute,
};
use crate::{IMAGE_OF_THE_GUEST, guests_can_run, registered, up};

/// A world with one guest that has further packages, prepared and booted.
fn machine_with(further: &[&str], prepare: &str) -> Result<Option<(World, Container)>> {
    if !guests_can_run() {
        return Ok(None);
    }
    let mut world = World::new()?;
    let mut guest = world.guest_with(further)?;
    guest.boot()?;
    guest.must(prepare)?;
    guest.stop()?;
    guest.boot()?;
    Ok(Some((world, guest)))
}

/// Registered, with a network besides Docker's own; what `up` said.
fn with_tasks(world: &World, guest: &Container) -> Result<String> {
    let said = registered(world, guest)?;
    guest.must(IMAGE_OF_THE_GUEST)?;
    guest.must("docker network create quay && landfall credentials-endpoint")?;
    Ok(said)
}

fn refused(guest: &Container, networks: &[&str]) -> Result<()> {
    match networks.iter().find(|network| from(guest, network).is_ok()) {
        Some(network) => Err(Error::new(format!("{network} is let in"))),
        None => Ok(()),
    }
}

fn reboot(guest: &mut Container) -> Result<()> {
    guest.stop()?;
    guest.boot()?;
    guest.must("systemctl is-active docker ecs landfall-credentials-endpoint.timer")?;
    within_a_minute(|| from_each_network(guest))
}

/// With what it recommends, and the list of protocols, without which it does not start.
const FIREWALLD: [&str; 5] = ["firewalld", "iptables", "ipset", "netbase", "nftables"];
const FIREWALLD_RULES: &str = "firewall-cmd --permanent --direct --get-all-rules";

#[test]
fn under_firewalld_tasks_get_their_credentials_also_right_after_a_reload_and_a_reboot() -> Result<()> {
    let operators = "ipv4 filter INPUT 5 -p tcp --dport 25 -j DROP";
    let prepare =
        format!("firewall-cmd --version && firewall-cmd --permanent --direct --add-rule {operators}");
    let Some((world, mut guest)) = machine_with(&FIREWALLD, &prepare)? else { return Ok(()) };
    guest.must("firewall-cmd --state && firewall-cmd --zone=public --change-interface=eth0 --permanent && firewall-cmd --reload")?;
    with_tasks(&world, &guest)?;
    println!("{}", guest.must("firewall-cmd --version; firewall-cmd --get-active-zones; nft list chain inet firewalld filter_INPUT 2>&1; true")?);
    let again = up(&guest)?.stderr;
    assert!(!again.lines().any(|line| line.starts_with("done")), "{again}");
    from_each_network(&guest)?;
    let neighbour = neighbour(&world, &guest)?;
    assert_eq!(reached(&neighbour)?, []);
    // By firewalld alone: the timer does not help.
    guest.must("systemctl stop landfall-credentials-endpoint.timer && firewall-cmd --reload")?;
    assert!(!guest.must("iptables-save")?.contains("LANDFALL"), "the reload took nothing away");
    from(&guest, "bridge")?;
    from(&guest, "host")?;
    assert_eq!(reached(&neighbour)?, []);
    guest.must(GUARDED)?;
    within_a_minute(|| from_each_network(&guest))?;
    reboot(&mut guest)?;
    assert_eq!(reached(&neighbour)?, []);
    // Without them a reload cuts tasks off: it takes the agent's own rules away too.
    let ours = guest.must(FIREWALLD_RULES)?;
    guest.must(&format!("systemctl stop landfall-credentials-endpoint.timer; {FIREWALLD_RULES} | grep landfall | xargs -L1 firewall-cmd --permanent --direct --remove-rule && firewall-cmd --reload"))?;
    refused(&guest, &["bridge", "quay", "host"])?;
    assert_eq!(up(&guest)?.status, 0);
    assert_eq!(guest.must(FIREWALLD_RULES)?, ours, "the next run brings them back");
    guest.must("firewall-cmd --reload")?;
    from(&guest, "bridge")?;
    guest.must("landfall uninstall")?;
    let left = guest.must(&format!("{FIREWALLD_RULES}; firewall-cmd --direct --get-all-rules"))?;
    assert_eq!(left, format!("{operators}\n{operators}\n"));
    assert!(!guest.must("nft list ruleset")?.contains("51679"));
    Ok(())
}

#[test]
fn under_ufw_tasks_get_their_credentials_over_its_reloads_and_a_reboot() -> Result<()> {
    let prepare = "ufw --version && ufw allow 22/tcp && ufw --force enable";
    let Some((world, mut guest)) = machine_with(&["ufw"], prepare)? else { return Ok(()) };
    assert!(guest.must("iptables -S INPUT")?.contains("-P INPUT DROP"));
    with_tasks(&world, &guest)?;
    println!("{}", guest.must("ufw version; iptables -V; ufw status verbose; iptables -S INPUT")?);
    from_each_network(&guest)?;
    let neighbour = neighbour(&world, &guest)?;
    assert_eq!(reached(&neighbour)?, []);
    guest.must("systemctl stop landfall-credentials-endpoint.timer")?;
    for change in
        ["ufw reload", "ufw disable && ufw --force enable", "systemctl restart ufw", "ufw allow 80/tcp"]
    {
        guest.must(change)?;
        from_each_network(&guest)?;
        assert_eq!(reached(&neighbour)?, [], "{change}");
    }
    guest.must("iptables -D INPUT -j LANDFALL-INPUT")?;
    refused(&guest, &["bridge", "quay"])?;
    guest.must(GUARDED)?;
    from_each_network(&guest)?;
    reboot(&mut guest)?;
    // Where ufw is told to own every chain, its reload flushes them, and the timer is what brings them back.
    guest.must("sed -i s/MANAGE_BUILTINS=no/MANAGE_BUILTINS=yes/ /etc/default/ufw && ufw reload")?;
    within_a_minute(|| from_each_network(&guest))?;
    guest.must(
        "ufw status | grep -q 'Status: active' && landfall uninstall && ! iptables-save | grep LANDFALL",
    )?;
    Ok(())
}

/// What iptables-persistent loads at every boot.
const RULES_V4: &str = "*filter
:INPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
COMMIT
";

#[test]
fn where_iptables_persistent_drops_tasks_get_their_credentials_over_its_reloads_and_reboots() -> Result<()> {
    let prepare =
        format!("cat > /etc/iptables/rules.v4 <<'END'\n{RULES_V4}END\nsystemctl enable netfilter-persistent");
    let Some((world, mut guest)) = machine_with(&["iptables-persistent"], &prepare)? else { return Ok(()) };
    assert!(guest.must("iptables -S INPUT")?.contains("-P INPUT DROP"));
    with_tasks(&world, &guest)?;
    println!("{}", guest.must("iptables -V; dpkg-query --show iptables-persistent; iptables -S INPUT")?);
    from_each_network(&guest)?;
    guest.must(UNGUARDED)?;
    refused(&guest, &["bridge", "quay"])?;
    guest.must(GUARDED)?;
    from_each_network(&guest)?;
    // It flushes everybody's rules.
    guest.must("netfilter-persistent reload")?;
    within_a_minute(|| from_each_network(&guest))?;
    reboot(&mut guest)?;
    guest.must("netfilter-persistent save")?;
    reboot(&mut guest)?;
    let jumps = guest.must("iptables -S INPUT")?.matches("-j LANDFALL-INPUT\n").count();
    assert_eq!(jumps, 1, "what was saved stands beside what is set");
    Ok(())
}

/// A host whose only firewall is a file of nftables.
const NFTABLES_CONF: &str = "flush ruleset
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iif lo accept
		tcp dport 22 accept
	}
}
";

#[test]
fn under_nftables_alone_the_line_that_check_prints_lets_tasks_in_and_its_rule_does_at_every_boot()
-> Result<()> {
    let prepare = format!(
        "nft --version && cat > /etc/nftables.conf <<'END'\n{NFTABLES_CONF}END\nsystemctl enable nftables"
    );
    let Some((world, mut guest)) = machine_with(&["nftables"], &prepare)? else { return Ok(()) };
    let said = with_tasks(&world, &guest)?;
    assert!(said.contains("warns   the nftables chain 'inet filter input' refuses tasks"), "{said}");
    // Their table is theirs: Landfall's accept alone lets nobody in.
    refused(&guest, &["bridge", "quay"])?;
    type_the_line(&guest, "inet filter input")?;
    from_each_network(&guest)?;
    let neighbour = neighbour(&world, &guest)?;
    assert_eq!(reached(&neighbour)?, []);
    guest.must(
        "sed -i 's/policy drop;/&\\n\\t\\tct status dnat tcp dport 51679 accept/' /etc/nftables.conf",
    )?;
    // It flushes everybody's rules, Docker's too, which come back with Docker alone.
    guest.must("systemctl restart nftables")?;
    within_a_minute(|| from_each_network(&guest))?;
    reboot(&mut guest)?;
    assert_eq!(lines(&guest)?, Vec::<String>::new());
    for (family, table, chain) in
        [("ip", "site.one", "in-put"), ("ip", "my table", "log"), ("inet", "it's", "2nd")]
    {
        let make = format!(
            r#"{{"nftables": [{{"add": {{"table": {{"family": "{family}", "name": "{table}"}}}}}},
               {{"add": {{"chain": {{"family": "{family}", "table": "{table}", "name": "{chain}",
                 "type": "filter", "hook": "input", "prio": 5, "policy": "drop"}}}}}},
               {{"add": {{"rule": {{"family": "{family}", "table": "{table}", "chain": "{chain}", "expr": [
                 {{"match": {{"op": "in", "left": {{"ct": {{"key": "state"}}}}, "right": "established"}}}}, {{"accept": null}}]}}}}}}]}}"#
        );
        guest.write("/root/chain.json", make.as_bytes(), 0o600)?;
        guest.must("nft -j -f /root/chain.json")?;
        refused(&guest, &["bridge", "quay", "host"])?;
        type_the_line(&guest, &format!("{family} {table} {chain}"))?;
        from_each_network(&guest)?;
        let table = format!(r#"{{"table": {{"family": "{family}", "name": "{table}"}}}}"#);
        guest.write(
            "/root/chain.json",
            format!(r#"{{"nftables": [{{"delete": {table}}}]}}"#).as_bytes(),
            0o600,
        )?;
        guest.must("nft -j -f /root/chain.json")?;
    }
    Ok(())
}

/// The lines that `check` prints for chains of somebody else's.
fn lines(guest: &Container) -> Result<Vec<String>> {
    let told = guest.run("landfall check --region us-east-1")?.stdout;
    let remedy =
        |line: &str| Some(line.split_once("(foreign-firewall): '")?.1.split_once("'; and for")?.0.to_owned());
    Ok(told.lines().filter_map(remedy).collect())
}

/// As a person does, in a shell.
fn type_the_line(guest: &Container, chain: &str) -> Result<()> {
    let line = lines(guest)?;
    assert_eq!(line.len(), 1, "{chain}: {line:?}");
    println!("{chain}: {}", line[0]);
    guest.write("/root/line.sh", line[0].as_bytes(), 0o600)?;
    guest.must("bash /root/line.sh")?;
    assert_eq!(lines(guest)?, Vec::<String>::new(), "{chain}: it is still told of");
    Ok(())
}
