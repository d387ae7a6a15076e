//! The credentials endpoint: containers reach it, nobody on the link does, and it stays so.

use std::time::{Duration, Instant};

use vm_tests::error::{Result, While};
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::guest::neighbour::Neighbour;
use vm_tests::world::World;

use crate::installed::TRUST;
use crate::{IMAGE_OF_THE_GUEST, answers, machine, registered};

/// Something that answers on both of the agent's ports, on every address, where no agent runs.
const LISTEN: &str = r#"systemd-run --quiet --collect --unit=listener perl -MIO::Socket::INET -e '
    my @all = map { IO::Socket::INET->new(LocalAddr => "0.0.0.0", LocalPort => $_, Listen => 9, ReuseAddr => 1) or die $! } 51678, 51679;
    my $set = ""; vec($set, fileno $_, 1) = 1 for @all;
    while (select(my $ready = $set, undef, undef, undef)) { for (@all) { $_->accept if vec($ready, fileno $_, 1) } }'
    for try in $(seq 100); do grep -q :C9DF /proc/net/tcp && exit 0; sleep 0.05; done; exit 1"#;

/// By 127.0.0.1 and by the guest's address; the last is the address that containers use.
const WAYS: [(&str, u16); 5] = [
    ("127.0.0.1", 51679),
    ("127.0.0.1", 51678),
    ("10.77.0.2", 51679),
    ("10.77.0.2", 51678),
    ("169.254.170.2", 80),
];

pub(super) const UNGUARDED: &str =
    "systemctl stop landfall-credentials-endpoint.timer && iptables -D INPUT -j LANDFALL-INPUT";
pub(super) const GUARDED: &str =
    "systemctl start landfall-credentials-endpoint.timer && landfall credentials-endpoint";

pub(super) fn neighbour(world: &World, guest: &Container) -> Result<Neighbour> {
    let neighbour = world.neighbour()?;
    neighbour.route(&["127.0.0.0/8", "169.254.170.2/32"], &guest.address())?;
    Ok(neighbour)
}

pub(super) fn reached(neighbour: &Neighbour) -> Result<Vec<(&'static str, u16)>> {
    let mut reached = Vec::new();
    for (address, port) in WAYS {
        if neighbour.reaches(address, port)? {
            reached.push((address, port));
        }
    }
    Ok(reached)
}

/// The machine is open to its link but for Landfall's chain, and with the chain nobody comes in.
fn is_refused_by_the_chain(
    neighbour: &Neighbour,
    guest: &Container,
    else_reached: &[(&str, u16)],
) -> Result<()> {
    guest.must("grep -q 1 /proc/sys/net/ipv4/conf/all/route_localnet")?;
    assert_eq!(reached(neighbour)?, []);
    guest.must(UNGUARDED)?;
    assert_eq!(reached(neighbour)?, else_reached, "the attack itself does not work");
    guest.must(GUARDED)?;
    assert_eq!(reached(neighbour)?, []);
    Ok(())
}

#[test]
fn a_neighbour_is_refused_with_the_agent_never_started_running_and_stopped() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    guest.must(&format!("landfall install {TRUST}"))?;
    let neighbour = neighbour(&world, &guest)?;
    guest.must(LISTEN)?;
    is_refused_by_the_chain(&neighbour, &guest, &WAYS[..4])?;
    guest.must("systemctl stop listener")?;
    registered(&world, &guest)?;
    // The agent's own rules let a neighbour in by the address that they translate.
    is_refused_by_the_chain(&neighbour, &guest, &WAYS[4..])?;
    guest.must("systemctl stop ecs")?;
    guest.must(LISTEN)?;
    is_refused_by_the_chain(&neighbour, &guest, &WAYS[..4])?;
    Ok(())
}

#[test]
fn containers_on_every_kind_of_network_reach_the_endpoint_where_input_drops() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    registered(&world, &guest)?;
    guest.must(IMAGE_OF_THE_GUEST)?;
    guest.must(
        "iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT && iptables -P INPUT DROP",
    )?;
    guest.must("docker network create quay")?;
    within_a_minute(|| from_each_network(&guest))?;
    // The chain lets them in, and nothing else does.
    guest.must(UNGUARDED)?;
    for network in ["bridge", "quay", "host"] {
        assert!(from(&guest, network).is_err(), "{network}");
    }
    guest.must(GUARDED)?;
    from_each_network(&guest)
}

pub(super) fn from_each_network(guest: &Container) -> Result<()> {
    ["bridge", "quay", "host"].iter().try_for_each(|network| from(guest, network))
}

/// A shell that is the first process of a container does not end when it is asked to.
pub(super) fn from(guest: &Container, network: &str) -> Result<()> {
    let ask = r#"exec 3<>/dev/tcp/169.254.170.2/80 && printf "GET /v2/credentials/none HTTP/1.0\r\n\r\n" >&3 && cat <&3"#;
    let answer = guest.must(&format!(
        "timeout -s KILL 5 docker run --rm --network {network} guest:latest bash -c '{ask}'"
    ))?;
    assert!(answer.starts_with("HTTP/1."), "{network}: {answer}");
    Ok(())
}

#[test]
fn what_is_flushed_or_reset_is_back_within_a_minute_and_twenty_restarts_leave_one_jump_each() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    registered(&world, &guest)?;
    guest.must(IMAGE_OF_THE_GUEST)?;
    let whole = endpoint(&guest)?;
    for jump in ["INPUT", "PREROUTING", "OUTPUT"] {
        assert_eq!(
            whole.matches(&format!("-A {jump} -j LANDFALL-{jump}\n")).count(),
            if jump == "INPUT" { 2 } else { 1 }
        );
    }
    for flush in [
        "iptables -F",
        "iptables -t nat -F",
        "iptables -F && iptables -X LANDFALL-INPUT; ip6tables -F",
        "iptables -I INPUT -i eth0 -j ACCEPT",
    ] {
        guest.must(flush)?;
        assert!(endpoint(&guest)? != whole || flush.contains("-I INPUT"), "{flush}");
        within_a_minute(|| restored(&guest, &whole)).doing(|| flush)?;
    }
    guest.must("iptables -D INPUT -i eth0 -j ACCEPT; systemctl restart docker")?;
    within_a_minute(|| restored(&guest, &whole))?;
    within_a_minute(|| answers(&guest))?;
    guest.must("systemctl stop ecs")?;
    restored(&guest, &whole)?;
    let rules = "iptables-save | grep -c '^-A'; ip6tables-save | grep -c '^-A'";
    guest.must("systemctl start ecs")?;
    let before = guest.must(rules)?;
    guest.must(
        "for time in $(seq 20); do systemctl reset-failed ecs; systemctl restart ecs || exit 1; done",
    )?;
    restored(&guest, &whole)?;
    assert_eq!(guest.must(rules)?, before, "rules grow with restarts");
    within_a_minute(|| answers(&guest))?;
    println!(
        "{}",
        guest
            .run("bash -c 'time (for run in 1 2 3 4 5 6 7 8 9 10; do landfall credentials-endpoint; done)'")?
            .stderr
    );
    let journal = guest.must("journalctl --no-pager -u landfall-credentials-endpoint.service")?;
    assert!(!journal.contains("Starting"), "the timer fills the journal:\n{journal}");
    Ok(())
}

#[test]
fn with_the_older_kind_of_iptables_all_of_it_holds_too() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    guest.must("apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends docker.io iptables")?;
    guest.must(
        "systemctl stop docker && nft flush ruleset 2>/dev/null; iptables -F; iptables -t nat -F
                update-alternatives --set iptables /usr/sbin/iptables-legacy
                update-alternatives --set ip6tables /usr/sbin/ip6tables-legacy",
    )?;
    let tables = guest.run("iptables -t nat -S && iptables -S && ip6tables -S")?;
    if tables.status != 0 {
        eprintln!("skipped: this kernel has no tables for iptables-legacy: {}", tables.stderr);
        return Ok(());
    }
    guest.must("systemctl start docker")?;
    registered(&world, &guest)?;
    assert!(guest.must("iptables -V")?.contains("legacy"));
    guest.must(IMAGE_OF_THE_GUEST)?;
    answers(&guest)?;
    let neighbour = neighbour(&world, &guest)?;
    is_refused_by_the_chain(&neighbour, &guest, &WAYS[4..])?;
    guest.must("iptables -A INPUT -i lo -j ACCEPT && iptables -P INPUT DROP")?;
    from(&guest, "bridge")?;
    guest.must(UNGUARDED)?;
    assert!(from(&guest, "bridge").is_err(), "something else lets it in");
    guest.must(GUARDED)?;
    from(&guest, "bridge")?;
    guest.must("iptables -P INPUT ACCEPT && iptables -D INPUT -i lo -j ACCEPT")?;
    let whole = endpoint(&guest)?;
    guest.must("iptables -F && iptables -t nat -F && ip6tables -F && landfall credentials-endpoint")?;
    restored(&guest, &whole)?;
    guest.must("landfall uninstall")?;
    let left = guest.must("iptables-save; ip6tables-save; cat /proc/sys/net/ipv4/conf/all/route_localnet")?;
    assert!(!left.contains("LANDFALL") && !left.contains("5167") && left.ends_with("0\n"), "{left}");
    Ok(())
}

#[test]
fn a_setting_that_was_there_stays_through_uninstall() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    guest.must("echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet")?;
    registered(&world, &guest)?;
    guest.must("landfall uninstall")?;
    assert_eq!(guest.must("cat /proc/sys/net/ipv4/conf/all/route_localnet")?, "1\n");
    Ok(())
}

/// Everything of Landfall's in both firewalls, and the setting.
fn endpoint(guest: &Container) -> Result<String> {
    guest.must("iptables-save | grep LANDFALL; ip6tables-save | grep LANDFALL; cat /proc/sys/net/ipv4/conf/all/route_localnet")
}

/// All of it, each rule once, and before every rule but the agent's own.
fn restored(guest: &Container, whole: &str) -> Result<()> {
    let now = endpoint(guest)?;
    let first = guest.must("iptables -S INPUT | grep '^-A' | grep -v -e 51678 -e 127.0.0.0/8 | head -1")?;
    match now == whole && first == "-A INPUT -j LANDFALL-INPUT\n" {
        true => Ok(()),
        false => Err(vm_tests::error::Error::new(format!("it is\n{now}{first}and was\n{whole}"))),
    }
}

pub(super) fn within_a_minute(mut holds: impl FnMut() -> Result<()>) -> Result<()> {
    let started = Instant::now();
    loop {
        match holds() {
            Ok(()) => {
                println!("after {:?}", started.elapsed());
                return Ok(());
            }
            Err(error) if started.elapsed() > Duration::from_secs(60) => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(500)),
        }
    }
}
