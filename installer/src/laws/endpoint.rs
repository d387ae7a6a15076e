//! The credentials endpoint's rules: what guards is there first and goes last, what is flushed comes back,
//! and what is somebody else's stays.

use super::*;
use crate::commands::credentials_endpoint;
use crate::host::fake::Ip6Tables;
use crate::host::{Command, Family, Host};

const RECEIPT: &str = "/var/lib/landfall/receipt.json";

#[test]
fn rules_that_a_killed_ecs_agent_left_go_too() {
    let mut fake = fresh();
    brought(&mut fake, Choices::PLAIN, "fresh");
    fake.ecs_agent_adds_its_rules();
    fake.ecs_agent_adds_its_rules();
    restored(&mut fake, "fresh");
    same(&original(&fake), &original(&fresh()), "rules three times and more, undone");
}

#[test]
fn rules_of_an_ecs_agent_that_was_there_before_stay() {
    let (_, docker_there) = MACHINES.iter().find(|(name, _)| *name == "docker.io there").unwrap();
    let mut fake = docker_there();
    fake.put("/usr/sbin/iptables", "", 0o755);
    fake.ecs_agent_adds_its_rules();
    fake.ecs_agent_adds_its_rules();
    let rules = |fake: &Fake| fake.firewall(Family::Ipv4).unwrap().unwrap();
    let found = rules(&fake);
    brought(&mut fake, Choices { goal: Goal::Install, ..Choices::PLAIN }, "an agent's rules");
    assert!(rules(&fake).contains("-A INPUT -j LANDFALL-INPUT"));
    take_back(&mut fake, &mut |_| {}).unwrap();
    assert_eq!(rules(&fake), found);
}

#[test]
fn the_timer_restores_what_was_flushed_and_nothing_after_an_uninstall() {
    let mut fake = fresh();
    brought(&mut fake, Choices::PLAIN, "fresh");
    let state = fake.state();
    let flush = "*filter\n:INPUT - [0:0]\n:LANDFALL-INPUT - [0:0]\nCOMMIT\n*nat\n:OUTPUT - [0:0]\nCOMMIT\n"
        .to_owned();
    fake.run(&Command::RestoreRules { family: Family::Ipv4, rules: flush }).unwrap();
    fake.set_kernel("net.ipv4.conf.all.route_localnet", "0").unwrap();
    credentials_endpoint::run(&mut fake).unwrap();
    let ours = |state: &State| -> State {
        let kept = |name: &&String| name.contains("LANDFALL") || name.starts_with("setting");
        state.iter().filter(|(name, _)| kept(name)).map(|(name, it)| (name.clone(), it.clone())).collect()
    };
    same(&ours(&fake.state()), &ours(&state), "flushed, restored");
    fake.touches = 0;
    credentials_endpoint::run(&mut fake).unwrap();
    assert_eq!(fake.touches, 0, "it writes where nothing differs");
    restored(&mut fake, "fresh");
    fake.touches = 0;
    credentials_endpoint::run(&mut fake).unwrap();
    assert_eq!(fake.touches, 0, "something came back behind the uninstall");
}

/// What stood between a neighbour and 127.0.0.1, at each moment at which the power could go.
#[test]
fn the_setting_is_never_made_without_the_rules_that_guard_it() {
    for (name, machine) in MACHINES {
        let mut fake = machine();
        if fake.state()["setting net.ipv4.conf.all.route_localnet"] == "1" {
            continue;
        }
        fake.keep_moments();
        brought(&mut fake, Choices { goal: Goal::Install, ..Choices::PLAIN }, name);
        take_back(&mut fake, &mut |_| {}).unwrap();
        for (at, moment) in fake.take_moments().into_iter().enumerate() {
            let state = moment.state();
            let open = state["setting net.ipv4.conf.all.route_localnet"] == "1";
            let guarded = state.contains_key("iptables rule filter INPUT -j LANDFALL-INPUT");
            assert!(guarded || !open, "{name}, at touch {}", at + 1);
        }
    }
}

/// Written by the version that added rules one by one, and kept the setting in a file.
#[test]
fn a_receipt_of_single_rules_is_taken_back_whole() {
    let mut fake = fresh();
    let found = fake.state();
    fake.put("/usr/sbin/iptables", "", 0o755);
    fake.put("/etc/sysctl.d/90-landfall.conf", "net.ipv4.conf.all.route_localnet = 1\n", 0o644);
    fake.put("/var/lib/landfall/receipt.json", include_str!("../../tests/receipts/single-rules.json"), 0o600);
    fake.ecs_agent_adds_its_rules();
    take_back(&mut fake, &mut |_| {}).unwrap();
    let mut state = fake.state();
    state.remove("/usr/sbin/iptables");
    // This one the older version never took back.
    state.remove("iptables rule filter INPUT ! -i lo -p tcp -m tcp --dport 51678 -j DROP");
    same(&state, &found, "a receipt of single rules, undone");
}

#[test]
fn broken_tools_for_ipv6_are_told_and_hold_nothing_up() {
    for broken in [Ip6Tables::Save, Ip6Tables::Restore] {
        let mut fake = fresh();
        fake.ipv6_fails = Some(broken);
        brought(&mut fake, Choices::PLAIN, "broken tools for IPv6");
        assert!(fake.introspection().is_some(), "{broken:?}");
        assert!(fake.state().contains_key("iptables rule filter INPUT -j LANDFALL-INPUT"), "{broken:?}");
        let told = "port 51678 is open to the network over IPv6: ";
        assert!(fake.told().contains(told), "{broken:?}: {}", fake.told());
        restored(&mut fake, "broken tools for IPv6");
        same(&original(&fake), &original(&fresh()), &format!("{broken:?}, undone"));
    }
}

/// An earlier version's file made the setting at boot, when nothing guards it yet.
#[test]
fn a_run_takes_the_setting_of_an_earlier_version_out_of_the_boot() {
    const FILE: &str = "/etc/sysctl.d/90-landfall.conf";
    let older = || {
        let mut fake = fresh();
        fake.put("/usr/sbin/iptables", "", 0o755);
        fake.put(FILE, "# Written by Landfall.\nnet.ipv4.conf.all.route_localnet = 1\n", 0o644);
        fake.put(RECEIPT, include_str!("../../tests/receipts/single-rules.json"), 0o600);
        fake
    };
    let check = |fake: &Fake, what: &str| {
        assert_eq!(fake.disk.text(FILE), None, "{what}");
        assert!(!fake.disk.text(RECEIPT).unwrap().contains(FILE), "{what}");
    };
    let mut touch = 1;
    loop {
        let mut fake = older();
        (fake.touches, fake.fails_at) = (0, Some(touch));
        let done = bring(&mut fake, Choices::PLAIN, &mut String::new()).is_ok();
        let reached = fake.touches >= touch;
        fake.fails_at = None;
        if !done {
            brought(&mut fake, Choices::PLAIN, "an earlier version's");
        }
        check(&fake, &format!("failed at touch {touch}"));
        if !reached || touch > 40 {
            break;
        }
        touch += 1;
    }
    let mut changed = older();
    changed.somebody_writes(FILE, "# Mine.\nnet.ipv4.conf.all.route_localnet = 1\n");
    brought(&mut changed, Choices::PLAIN, "changed since");
    assert!(changed.disk.text(FILE).is_some(), "somebody's file");
}
