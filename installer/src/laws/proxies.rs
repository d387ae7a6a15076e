//! Machines from which AWS is reached through a proxy alone.

use distro_matrix::Manager;

use super::*;
use crate::commands::up::tell_of_earlier_proxy;
use crate::host::fake::Fake;
use crate::host::{Command, Packages};

const DOCKER: &str = "/etc/systemd/system/docker.service.d/20-landfall-proxy.conf";
const SSM: &str = "/etc/systemd/system/amazon-ssm-agent.service.d/20-landfall-proxy.conf";
const SPARED: &str =
    "localhost,127.0.0.1,::1,169.254.169.254,169.254.170.2,/var/run/docker.sock,internal.example";

fn behind(machine: fn() -> Fake) -> Fake {
    let mut fake = machine();
    fake.behind_proxy = true;
    fake
}

fn named(name: &str) -> fn() -> Fake {
    MACHINES.iter().find(|(it, _)| *it == name).unwrap().1
}

#[test]
fn one_flag_tells_every_program_of_the_proxy() {
    let mut fake = behind(fresh);
    brought(&mut fake, Choices { proxy: true, ..Choices::PLAIN }, "fresh");
    assert!(fake.introspection().is_some());
    let lower = format!(
        "Environment=\"http_proxy=http://proxy.example:3128\"\n\
         Environment=\"https_proxy=http://proxy.example:3128\"\n\
         Environment=\"no_proxy={SPARED}\"\n"
    );
    for file in [SSM, DOCKER] {
        assert!(fake.disk.text(file).unwrap().ends_with(&lower), "{file}");
    }
    let config = fake.disk.text("/etc/ecs/ecs.config").unwrap();
    for line in [
        "HTTP_PROXY=http://proxy.example:3128\n",
        "HTTPS_PROXY=http://proxy.example:3128\n",
        &format!("NO_PROXY={SPARED}\n"),
    ] {
        assert!(config.contains(line), "{config}");
    }
}

#[test]
fn without_the_flag_such_a_machine_fails_before_the_activation_is_used() {
    let mut fake = behind(fresh);
    bring(&mut fake, Choices::PLAIN, &mut String::new()).unwrap_err();
    assert_eq!(fake.service.registrations, 0);
    brought(&mut fake, Choices { proxy: true, ..Choices::PLAIN }, "fresh, second run");
    assert_eq!(fake.service.registrations, 1);
}

#[test]
fn a_docker_that_was_here_is_told_nothing() {
    let mut fake = behind(named("docker.io there"));
    brought(&mut fake, Choices { proxy: true, ..Choices::PLAIN }, "Docker there");
    assert_eq!(fake.disk.text(DOCKER), None);
    assert!(fake.disk.text(SSM).is_some());
}

#[test]
fn an_installed_machine_may_be_told_when_it_is_registered() {
    let mut fake = fresh();
    brought(&mut fake, Choices { goal: Goal::Install, ..Choices::PLAIN }, "fresh, installed");
    fake.behind_proxy = true;
    brought(&mut fake, Choices { goal: Goal::Register, proxy: true, ..Choices::PLAIN }, "fresh, registered");
    assert!(fake.introspection().is_some());
}

#[test]
fn another_proxy_reaches_what_runs_already() {
    let mut fake = fresh();
    brought(&mut fake, Choices::PLAIN, "fresh");
    fake.behind_proxy = true;
    let requests = fake.service.requests;
    assert!(brought(&mut fake, Choices { proxy: true, ..Choices::PLAIN }, "fresh, with a proxy") > 0);
    assert!(fake.service.requests > requests, "the agents were started again, and reached AWS");
}

/// Both ways to a proxy that comes late, each with everything taken back behind it.
#[test]
fn a_docker_that_an_earlier_run_brought_is_told_when_the_proxy_comes() {
    for (earlier, later) in [(Goal::Up, Goal::Up), (Goal::Install, Goal::Register)] {
        let mut fake = fresh();
        brought(&mut fake, Choices { goal: earlier, ..Choices::PLAIN }, "fresh");
        assert_eq!(fake.disk.text(DOCKER), None);
        fake.behind_proxy = true;
        let with = Choices { goal: later, proxy: true, ..Choices::PLAIN };
        brought(&mut fake, with, "fresh, with a proxy");
        assert!(fake.disk.text(DOCKER).is_some_and(|text| text.contains("proxy.example")), "{later:?}");
        assert_eq!(
            fake.state().get("running docker.service").map(String::as_str),
            Some("false"),
            "{later:?}"
        );
        assert_eq!(brought(&mut fake, with, "fresh, with a proxy again"), 0, "{later:?}");
        restored(&mut fake, "fresh, with a proxy");
        same(&original(&fake), &original(&fresh()), &format!("{later:?} with a late proxy, undone"));
    }
}

#[test]
fn a_docker_that_somebody_brought_after_a_failed_run_is_told_nothing() {
    let mut fake = fresh();
    fake.offline = true;
    bring(&mut fake, Choices::PLAIN, &mut String::new()).unwrap_err();
    fake.offline = false;
    let names = vec!["docker.io".into()];
    let theirs = Packages::Install {
        names,
        files: Vec::new(),
        enable: Vec::new(),
        record: "/root/record".into(),
        downgrade: false,
    };
    assert!(fake.run(&Command::Packages(Manager::Apt, theirs)).unwrap().ok());
    brought(&mut fake, Choices { proxy: true, ..Choices::PLAIN }, "somebody's Docker");
    assert_eq!(fake.disk.text(DOCKER), None);
}

#[test]
fn an_empty_proxy_leaves_an_earlier_one_and_says_where_it_is() {
    let mut fake = fresh();
    let distro = distro(&Facts::gather(&fake).unwrap()).unwrap();
    brought(&mut fake, Choices::PLAIN, "fresh");
    tell_of_earlier_proxy(&fake, &distro).unwrap();
    assert_eq!(fake.told(), "");
    brought(&mut fake, Choices { proxy: true, ..Choices::PLAIN }, "fresh, with a proxy");
    tell_of_earlier_proxy(&fake, &distro).unwrap();
    for file in [SSM, DOCKER, "/etc/ecs/ecs.config"] {
        assert!(fake.told().contains(file), "{}", fake.told());
    }
}
