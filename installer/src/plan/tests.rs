//! Plans, decided: from facts in `tests/facts` to texts in `tests/plans` that a stranger can read, and
//! every refusal with its sentence, its hint and its exit code.
#![allow(clippy::disallowed_methods, reason = "tests read and write their own fixtures")]

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::cli::{DockerSource, IpFamily, Options, SelinuxMode};
use crate::commands::plan::render;
use crate::host::fake;

mod docker_sources;
mod elsewhere;
mod releases;

fn fixture(kind: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(kind).join(name)
}

fn facts(name: &str) -> Facts {
    let text = fs::read_to_string(fixture("facts", &format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn config(options: Options) -> Config {
    let options = Options { region: options.region.or(Some("us-east-1".into())), ..options };
    Config::resolve(&fake::fresh(), &options).unwrap()
}

/// Compares a plan with its text, or writes the text anew when `LANDFALL_ACCEPT=1` is set.
fn must_be(name: &str, facts: &Facts, options: Options, goal: Goal) {
    let plan = plan(facts, &config(options), &distro(facts).unwrap(), goal).unwrap();
    let (text, path) = (render(&plan, &[]), fixture("plans/debian-12", &format!("{name}.txt")));
    if std::env::var("LANDFALL_ACCEPT").is_ok_and(|accept| accept == "1") {
        fs::write(&path, text).unwrap();
        return;
    }
    let accepted = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == accepted,
        "the plan '{name}' is another than {}:\n{}\nif that is right, accept it: LANDFALL_ACCEPT=1 cargo test -p landfall plan::tests",
        path.display(),
        difference(&accepted, &text)
    );
}

/// The lines that went and those that came, where they stand.
fn difference(before: &str, after: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let rest = |lines: &[&str], sign: &str| -> String {
        lines[same..].iter().map(|line| format!("{sign} {line}\n")).collect()
    };
    format!("from line {}:\n{}{}", same + 1, rest(&before, "-"), rest(&after, "+"))
}

#[test]
fn a_fresh_machine_is_brought_up() {
    must_be("fresh-up", &facts("debian-12-fresh"), Options::default(), Goal::Up);
}

#[test]
fn a_fresh_machine_is_installed_without_an_identity() {
    must_be("fresh-install", &facts("debian-12-fresh"), Options::default(), Goal::Install);
}

#[test]
fn docker_that_is_there_is_kept() {
    must_be("docker-there-up", &facts("debian-12-docker-there"), Options::default(), Goal::Up);
}

#[test]
fn an_installed_machine_is_registered() {
    must_be("installed-register", &facts("debian-12-installed"), Options::default(), Goal::Register);
}

#[test]
fn a_registered_machine_has_the_same_plan() {
    must_be("registered-up", &facts("debian-12-registered"), Options::default(), Goal::Up);
}

#[test]
fn an_interrupted_package_manager_is_repaired_first() {
    must_be("interrupted-up", &facts("debian-12-interrupted"), Options::default(), Goal::Up);
}

#[test]
fn cluster_attributes_tags_and_addresses_are_asked_for() {
    let options = Options {
        cluster: Some("harbour".into()),
        attribute: vec!["rack=7".into(), "row=b".into()],
        tag: vec!["team=quay".into()],
        ip_compatibility: Some(IpFamily::Ipv6),
        no_start: true,
        ..Options::default()
    };
    must_be("all-choices-up", &facts("debian-12-fresh"), options, Goal::Up);
}

#[test]
fn the_other_releases_of_debian_get_the_same_plan() {
    for (version, codename) in [("11", "bullseye"), ("13", "trixie")] {
        let mut facts = facts("debian-12-fresh");
        (facts.os.version_id, facts.os.codename) = (version.into(), codename.into());
        must_be("fresh-up", &facts, Options::default(), Goal::Up);
    }
}

#[test]
fn a_proxy_is_told_to_all_that_speaks_to_aws_and_to_a_docker_that_is_brought() {
    let options = Options {
        proxy: Some("http://proxy.example:3128".into()),
        no_proxy: Some("internal.example".into()),
        ..Options::default()
    };
    must_be("proxy-up", &facts("debian-12-fresh"), options.clone(), Goal::Up);
    must_be("proxy-docker-there-up", &facts("debian-12-docker-there"), options.clone(), Goal::Up);
    must_be("proxy-register", &facts("debian-12-installed"), options, Goal::Register);
}

#[test]
fn selinux_is_permissive_before_anything_else_where_it_enforces_and_that_was_asked_for() {
    let options = Options { selinux: Some(SelinuxMode::Permissive), ..Options::default() };
    let fresh = facts("debian-12-fresh");
    must_be("fresh-up", &fresh, options.clone(), Goal::Up);
    for change in [(|it| it.security.selinux = Some("enforcing".into())) as fn(&mut Facts), |it| {
        it.security.selinux_at_boot = Some("enforcing".into())
    }] {
        let mut facts = fresh.clone();
        change(&mut facts);
        must_be("fresh-up", &facts, Options::default(), Goal::Up);
        must_be("selinux-permissive-up", &facts, options.clone(), Goal::Up);
    }
}

#[test]
fn firewalld_where_it_runs_is_told_too() {
    let facts = Facts { firewalld: true, ..facts("debian-12-fresh") };
    must_be("firewalld-up", &facts, Options::default(), Goal::Up);
}

#[test]
fn the_guard_stands_before_the_gates_that_require_it_and_holds_the_agent_of_a_snap_too() {
    let mut facts = facts("debian-12-fresh");
    facts.agent_files.ssm_snap = true;
    facts.packages.insert("amazon-ssm-agent".into(), "3.3.0.0-1".into());
    let plan = plan(&facts, &config(Options::default()), &distro(&facts).unwrap(), Goal::Up).unwrap();
    let guard = "file /etc/systemd/system/landfall-guard.service";
    let requires = |item: &Item| matches!(&item.step, Step::WriteFile(it) if it.content.contains("Requires=landfall-guard.service"));
    let required: Vec<usize> = (0..plan.len()).filter(|at| requires(&plan[*at])).collect();
    let written = plan.iter().position(|item| item.step.subject() == guard).unwrap();
    assert!(required.len() == 3 && required.iter().all(|at| *at > written), "{required:?} {written}");
}

#[test]
fn an_arm_machine_gets_packages_for_arm() {
    let facts = facts("debian-12-arm64");
    must_be("arm64-up", &facts, Options::default(), Goal::Up);
    let plan = plan(&facts, &config(Options::default()), &distro(&facts).unwrap(), Goal::Up).unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    assert!(text.contains("debian_arm64/amazon-ssm-agent.deb") && text.contains("latest.arm64.deb"));
    assert!(!text.contains("amd64"), "{text}");
}

#[test]
fn every_accepted_plan_belongs_to_a_test() {
    let source = concat!(include_str!("tests.rs"), include_str!("tests/docker_sources.rs"));
    for entry in fs::read_dir(fixture("plans", "debian-12")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(source.contains(&format!("\"{name}\"")), "{name} is nobody's");
    }
}

#[test]
fn every_step_says_why_in_a_sentence() {
    for facts in ["debian-12-fresh", "debian-12-docker-there", "debian-12-interrupted"].map(facts) {
        for item in plan(&facts, &config(Options::default()), &distro(&facts).unwrap(), Goal::Up).unwrap() {
            assert!(item.why.split(' ').count() > 4 && !item.why.ends_with('.'), "{}", item.why);
        }
    }
}

#[test]
fn a_plan_comes_back_from_its_json() {
    let facts = facts("debian-12-fresh");
    let plan = plan(&facts, &config(Options::default()), &distro(&facts).unwrap(), Goal::Up).unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
}

/// A refusal: nothing was touched, the sentence says what, and the hint what now.
fn refused(change: impl FnOnce(&mut Facts), options: Options, goal: Goal, what: &str, hint: &str) {
    let mut facts = facts("debian-12-fresh");
    change(&mut facts);
    let outcome = distro(&facts).and_then(|distro| plan(&facts, &config(options), &distro, goal));
    let error = outcome.expect_err("this is to be refused");
    assert_eq!(error.exit_code(), 2, "{error}");
    assert_eq!(error.what, what);
    let told = error.hint.unwrap_or_default();
    assert!(told.contains(hint), "{told}");
}

#[test]
fn an_unknown_distribution_is_refused() {
    let change = |facts: &mut Facts| {
        facts.os.id = "arch".into();
        facts.os.version_id = String::new();
        facts.os.pretty_name = "Arch Linux".into();
    };
    let what = "this is Arch Linux (ID 'arch', VERSION_ID ''), which is not supported";
    refused(change, Options::default(), Goal::Up, what, "debian 12, 13");
}

#[test]
fn a_system_without_a_name_is_refused() {
    let what = "this is a system without a name (ID '', VERSION_ID ''), which is not supported";
    refused(|facts| facts.os = Default::default(), Options::default(), Goal::Up, what, "supported are");
}

#[test]
fn an_unknown_architecture_is_refused() {
    let change = |facts: &mut Facts| facts.kernel_architecture = "riscv64".into();
    let what = "the architecture riscv64 is not supported";
    refused(change, Options::default(), Goal::Up, what, "aarch64 and x86_64");
}

#[test]
fn a_32_bit_userland_is_refused() {
    let change = |facts: &mut Facts| facts.userland_architecture = Some("i386".into());
    let what = "the kernel is x86_64, but the system's programs are i386";
    refused(change, Options::default(), Goal::Up, what, "install a 64-bit system");
}

#[test]
fn what_the_programs_are_for_is_understood_in_the_package_managers_words_and_in_the_kernels() {
    for userland in [Some("amd64"), Some("x86_64"), None] {
        let mut facts = facts("debian-12-fresh");
        facts.userland_architecture = userland.map(str::to_owned);
        assert!(plan(&facts, &config(Options::default()), &distro(&facts).unwrap(), Goal::Up).is_ok());
    }
    let change = |facts: &mut Facts| facts.userland_architecture = Some("i686".into());
    let what = "the kernel is x86_64, but the system's programs are i686";
    refused(change, Options::default(), Goal::Up, what, "install a 64-bit system");
}

#[test]
fn a_broken_os_release_is_refused_whatever_was_understood_of_it() {
    let change =
        |facts: &mut Facts| facts.os_release_broken = Some("/etc/os-release is broken: it is empty".into());
    let what = "/etc/os-release is broken: it is empty";
    refused(change, Options::default(), Goal::Up, what, "os-release(5)");
}

#[test]
fn a_system_without_systemd_is_refused() {
    let change = |facts: &mut Facts| facts.systemd = false;
    refused(change, Options::default(), Goal::Up, "systemd does not run here", "not in a chroot");
}

#[test]
fn a_registration_in_another_region_is_refused() {
    let change = |facts: &mut Facts| facts.registration = self::facts("debian-12-registered").registration;
    let options = Options { region: Some("eu-west-1".into()), ..Options::default() };
    let what = "this machine is registered in us-east-1 as mi-0123456789abcdef0, not in eu-west-1";
    refused(change, options, Goal::Up, what, "--region us-east-1");
}

#[test]
fn an_agent_in_another_cluster_is_refused() {
    let change = |facts: &mut Facts| facts.ecs_agent = self::facts("debian-12-registered").ecs_agent;
    let options = Options { cluster: Some("other".into()), ..Options::default() };
    let what = "the ECS agent here belongs to the cluster default, not to other";
    refused(change, options, Goal::Up, what, "'landfall uninstall' first");
}

#[test]
fn docker_from_nowhere_is_refused_where_there_is_none() {
    let options = Options { docker_install_source: Some(DockerSource::None), ..Options::default() };
    let what = "there is no Docker here, and it may come from nowhere";
    refused(|_| {}, options, Goal::Up, what, "install Docker first");
}

#[test]
fn docker_that_is_no_package_is_refused() {
    let change = |facts: &mut Facts| facts.docker = self::facts("debian-12-docker-there").docker;
    let what = "the Docker here did not come as a package, and the ECS agent's package demands one";
    refused(change, Options::default(), Goal::Up, what, "docker-ce, docker.io");
}

#[test]
fn what_conflicts_with_docker_is_fine_beside_the_docker_it_belongs_to() {
    let mut facts = facts("debian-12-fresh");
    for name in ["docker-ce", "docker-ce-cli", "containerd.io"] {
        facts.packages.insert(name.into(), "1".into());
    }
    let plan = plan(&facts, &config(Options::default()), &distro(&facts).unwrap(), Goal::Up).unwrap();
    assert!(!render(&plan, &[]).contains("docker.io"));
}

#[test]
fn an_older_version_than_the_one_here_is_refused_unless_it_was_allowed() {
    let installed = || facts("debian-12-installed");
    let change = |facts: &mut Facts| facts.packages = installed().packages;
    let ecs = Options { ecs_version: Some("1.104.0".into()), ..Options::default() };
    let what = "amazon-ecs-init is installed here in version 1.105.1-1, and the older 1.104.0 was asked for";
    refused(change, ecs.clone(), Goal::Up, what, "--allow-downgrade");
    let ssm = Options { ssm_version: Some("3.2.9.0".into()), ..Options::default() };
    let what = "amazon-ssm-agent is installed here in version 3.3.0.0-1, and the older 3.2.9.0 was asked for";
    refused(change, ssm, Goal::Up, what, "--allow-downgrade");
    let allowed = Options { allow_downgrade: true, ..ecs };
    let plan = plan(&installed(), &config(allowed), &distro(&installed()).unwrap(), Goal::Up).unwrap();
    assert!(serde_json::to_string(&plan).unwrap().contains("\"allow_downgrade\":true"));
}

#[test]
fn a_newer_version_than_the_one_here_may_be_asked_for() {
    let facts = facts("debian-12-installed");
    let options = Options { ecs_version: Some("1.106.0".into()), ..Options::default() };
    assert!(plan(&facts, &config(options), &distro(&facts).unwrap(), Goal::Up).is_ok());
}

#[test]
fn a_version_below_the_least_is_refused_whether_it_is_allowed_or_not() {
    let options = Options { ecs_version: Some("1.80.0".into()), allow_downgrade: true, ..Options::default() };
    let what = "amazon-ecs-init 1.80.0 was asked for, and 1.81.0 is the least: \
                agents before it cannot speak to Docker 25 or later";
    refused(|_| {}, options, Goal::Up, what, "ask for a later version");
}

#[test]
fn the_version_that_is_here_may_be_asked_for_with_its_revision_or_without() {
    let facts = facts("debian-12-installed");
    for version in ["1.105.1", "1.105.1-1", "latest"] {
        let options = Options { ecs_version: Some(version.into()), ..Options::default() };
        assert!(plan(&facts, &config(options), &distro(&facts).unwrap(), Goal::Up).is_ok(), "{version}");
    }
}

#[test]
fn podman_on_dockers_socket_is_no_docker_and_no_reason_to_refuse() {
    let mut facts = facts("debian-12-fresh");
    facts.docker = Some(crate::host::DockerDaemon { version: "4.3.1".into(), engine: false });
    let plan = plan(&facts, &config(Options::default()), &distro(&facts).unwrap(), Goal::Up).unwrap();
    assert!(render(&plan, &[]).contains("install docker.io"));
}

#[test]
fn registering_before_installing_is_refused() {
    let what = "the agents are not installed yet";
    refused(|_| {}, Options::default(), Goal::Register, what, "'landfall install' first");
}
