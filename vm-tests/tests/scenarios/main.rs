//! What Landfall promises, each promise on a real Debian with real apt, systemd and dockerd, against an
//! AWS that demands what AWS demands. Landfall is known here by its command line alone.

use std::fs;
use std::time::{Duration, Instant};

use vm_tests::error::Result;
use vm_tests::guest::container::Container;
use vm_tests::guest::{Guest, Output};
use vm_tests::journey::{self, UP};
use vm_tests::proofs;
use vm_tests::reviewed_leftovers::all_is_explained;
use vm_tests::system::StandIn;
use vm_tests::world::World;

mod account;
mod ansible;
mod checked;
mod credentials_endpoint;
mod cuts;
mod diagnosed;
mod docker_repository;
mod exec;
mod firewalls;
mod first_boot;
mod guarded;
mod install_script;
mod installed;
mod interrupted;
mod locks;
mod looking;
mod official_script;
mod packaged;
mod proxied;
mod rebooted;
mod releases;
mod rpm_cuts;
mod rpm_failures;
mod rpm_keys;
mod rpm_releases;
mod sealed;
mod secrets;
mod step_laws;
mod trust;

/// What servers have from those who rent them out, and other guests here do not.
const SERVER: [&str; 4] = ["curl", "openssh-server", "python3", "sudo"];

/// A world with one booted guest, or nothing where guests cannot run, which is said.
fn machine() -> Result<Option<(World, Container)>> {
    if !guests_can_run() {
        return Ok(None);
    }
    let mut world = World::new()?;
    let guest = world.guest()?;
    Ok(Some((world, guest)))
}

/// The same with a guest that poses as another distribution, and has its activation.
fn machine_as(stand_in: StandIn) -> Result<Option<(World, Container)>> {
    if !guests_can_run() {
        return Ok(None);
    }
    let mut world = World::of_stand_in(stand_in)?;
    let guest = world.guest()?;
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    Ok(Some((world, guest)))
}

/// Says so where guests cannot run.
fn guests_can_run() -> bool {
    vm_tests::guest::can_run()
}

/// Runs `landfall up` and prints all it says, for whoever reads a failed test.
fn up(guest: &Container) -> Result<Output> {
    guest.run_streaming(UP, &mut |line| println!("{line}"))
}

/// Runs a command, prints all it says, and demands that it comes to a good end.
fn completes(guest: &Container, command: &str) -> Result<Output> {
    let output = guest.run_streaming(command, &mut |line| println!("{line}"))?;
    assert_eq!(output.status, 0, "{}{}", output.stdout, output.stderr);
    Ok(output)
}

fn registered(world: &World, guest: &Container) -> Result<String> {
    Ok(journey::register(world, guest, &mut |line| println!("{line}"))?.stderr)
}

#[test]
fn fresh_install_registers() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    let said = registered(&world, &guest)?;
    println!("{}", said.lines().find(|line| line.starts_with("took")).unwrap_or_default());
    let arn = journey::container_instance(&guest)?;
    let aws = world.aws()?;
    let instances = aws.container_instances().unwrap();
    assert_eq!(instances.len(), 1);
    assert_eq!((instances[0].arn.as_str(), instances[0].cluster.as_str()), (arn.as_str(), "test-cluster"));
    assert_eq!(aws.managed_instances().unwrap().len(), 1);
    assert_eq!(guest.run("landfall status")?.status, 0);
    proofs::record(&world, &guest)
}

#[test]
fn a_second_run_changes_nothing_and_asks_ssm_for_nothing() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    registered(&world, &guest)?;
    nothing_is_foreseen(&guest, UP)?;
    // The agents write logs and state at all times; what Landfall and packages own must stand still.
    let owned =
        |path: &str| ["/etc/", "/usr/", "/lib/", "/var/lib/landfall/"].iter().any(|it| path.starts_with(it));
    let before = guest.tree()?;
    let registrations = || world.aws().unwrap().requests(Some("RegisterManagedInstance")).unwrap().len();
    assert_eq!(registrations(), 1);
    let second = up(&guest)?;
    assert_eq!(second.status, 0, "{}", second.stderr);
    assert_eq!(registrations(), 1);
    let changes: Vec<String> = before
        .changes(&guest.tree()?)
        .iter()
        .filter(|it| owned(it.path()))
        .map(|it| it.to_string())
        .collect();
    assert!(changes.is_empty(), "{changes:#?}");
    let said = format!("{}{}", second.stdout, second.stderr);
    assert!(said.contains("already so") && !said.lines().any(|line| line.starts_with("done")), "{said}");
    let told = guest.must(&format!("{UP} --json 2>/dev/null"))?;
    assert!(told.contains("\"changed\": 0") && told.contains("\"result\": \"done\""), "{told}");
    Ok(())
}

/// `landfall plan` with the flags of this `landfall up` has each step already so.
fn nothing_is_foreseen(guest: &Container, up: &str) -> Result<()> {
    let plan = guest.must(&format!("{} --json", up.replacen("up", "plan", 1)))?;
    let plan: serde_json::Value = serde_json::from_str(&plan).expect("a plan is JSON");
    let steps = plan["steps"].as_array().expect("a plan has steps");
    let open: Vec<_> = steps.iter().filter(|step| step["foreseen"] != "already-so").collect();
    assert!(!steps.is_empty() && open.is_empty(), "{open:#?}");
    Ok(())
}

#[test]
fn docker_that_was_there_is_kept_through_uninstall_too() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    guest.must("apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends docker.io iptables")?;
    let daemon = guest.must("systemctl show --property=MainPID --value docker")?;
    registered(&world, &guest)?;
    assert_eq!(
        guest.must("systemctl show --property=MainPID --value docker")?,
        daemon,
        "Docker was restarted"
    );
    guest.must("landfall uninstall")?;
    guest.must("docker info && systemctl is-active docker && systemctl is-enabled docker")?;
    // iptables was there before too, so here its rules can be looked at afterwards.
    let rules =
        guest.must("iptables -t nat -S && iptables -S && cat /proc/sys/net/ipv4/conf/all/route_localnet")?;
    assert!(["169.254.170.2", "5167", "LANDFALL"].iter().all(|word| !rules.contains(word)), "{rules}");
    assert!(rules.ends_with("0\n") || rules.ends_with('0'), "route_localnet was left on: {rules}");
    Ok(())
}

#[test]
fn a_wrong_activation_is_one_sentence_and_the_next_run_with_a_good_one_completes() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    let wrong = r#"{"ActivationId": "00000000-0000-4000-8000-000000000000", "ActivationCode": "WrongWrongWrongWrong"}"#;
    guest.write("/root/activation.json", wrong.as_bytes(), 0o600)?;
    refused_then_completed(&world, &guest, "the service does not know this activation")
}

#[test]
fn an_expired_activation_is_one_sentence_and_the_next_run_with_a_good_one_completes() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::bring_activation(&world, &guest, 1, 0)?;
    refused_then_completed(&world, &guest, "the activation has expired")
}

#[test]
fn a_used_up_activation_is_one_sentence_and_the_next_run_with_a_good_one_completes() -> Result<()> {
    let Some((mut world, guest)) = machine()? else { return Ok(()) };
    registered(&world, &guest)?;
    let second = world.guest()?;
    second.write("/root/activation.json", &guest.read("/root/activation.json")?, 0o600)?;
    refused_then_completed(&world, &second, "the activation is used up")
}

fn refused_then_completed(world: &World, guest: &Container, sentence: &str) -> Result<()> {
    let code = code_of_the_activation(guest)?;
    let refused = up(guest)?;
    assert_eq!(refused.status, 1, "{}", refused.stderr);
    let errors: Vec<&str> = refused.stderr.lines().filter(|line| line.starts_with("error:")).collect();
    assert!(errors.len() == 1 && errors[0].contains(sentence), "{}", refused.stderr);
    assert!(refused.stderr.contains("\nhint: "), "{}", refused.stderr);
    guest.must("rm /root/activation.json")?;
    is_nowhere(guest, &code)?;
    registered(world, guest)?;
    let code = code_of_the_activation(guest)?;
    guest.must("rm /root/activation.json")?;
    is_nowhere(guest, &code)?;
    journey::container_instance(guest)?;
    Ok(())
}

fn code_of_the_activation(guest: &Container) -> Result<String> {
    let text = guest.must("cat /root/activation.json")?;
    let code = text.split('"').skip_while(|word| *word != "ActivationCode").nth(2);
    Ok(code.expect("an activation has a code").to_owned())
}

/// No file of the machine and no line of its journal holds the code.
fn is_nowhere(guest: &Container, code: &str) -> Result<()> {
    let found = guest.run(&format!(
        "grep -rlsF '{code}' /etc /home /root /var/lib/landfall /var/lib/amazon /var/lib/ecs /var/log /run /tmp; \
         journalctl --no-pager | grep -F '{code}'"
    ))?;
    assert_eq!(found.stdout, "", "the activation code stayed on the machine");
    Ok(())
}

#[test]
fn a_tampered_package_is_refused_and_nothing_is_installed() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    let package = world.objects().join("amazon-ecs-agent-us-east-1/amazon-ecs-init-latest.amd64.deb");
    let mut content = fs::read(&package)?;
    let middle = content.len() / 2;
    content[middle] ^= 1;
    // Replaced, not rewritten: the file may share its bytes with other worlds.
    fs::remove_file(&package)?;
    fs::write(&package, content)?;
    let installed = guest.must("dpkg-query --show")?;
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let refused = up(&guest)?;
    assert_eq!(refused.status, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("signature"), "{}", refused.stderr);
    assert_eq!(guest.must("dpkg-query --show")?, installed);
    assert!(world.aws()?.managed_instances().unwrap().is_empty());
    Ok(())
}

#[test]
fn metadata_and_credentials_endpoint_answer_from_host_and_container_also_after_docker_restarts() -> Result<()>
{
    let Some((world, guest)) = machine()? else { return Ok(()) };
    registered(&world, &guest)?;
    guest.must(IMAGE_OF_THE_GUEST)?;
    answers(&guest)?;
    guest.must("systemctl restart docker")?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while let Err(error) = answers(&guest) {
        assert!(Instant::now() < deadline, "{error}");
        std::thread::sleep(Duration::from_millis(500));
    }
    Ok(())
}

/// A container image with a shell and what it is linked to: there is no registry to pull one from.
const IMAGE_OF_THE_GUEST: &str = "tar -C / -c bin lib lib64 usr/lib64 usr/bin/bash usr/bin/cat usr/lib/x86_64-linux-gnu \
                                  | docker import - guest:latest";

/// Real TCP connections; an answer of any HTTP status shows that the agent was reached.
fn answers(guest: &Container) -> Result<()> {
    journey::container_instance(guest)?;
    let ask = r#"exec 3<>/dev/tcp/169.254.170.2/80 && printf "GET /v2/credentials/none HTTP/1.0\r\n\r\n" >&3 && cat <&3"#;
    for place in [format!("bash -c '{ask}'"), format!("docker run --rm guest:latest bash -c '{ask}'")] {
        let answer = guest.must(&format!("timeout -s KILL 10 {place}"))?;
        assert!(answer.starts_with("HTTP/1."), "{place}: {answer}");
    }
    Ok(())
}

#[test]
fn uninstall_leaves_the_machine_as_it_was_but_for_a_reviewed_list() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    let before = guest.tree()?;
    let setting = "cat /proc/sys/net/ipv4/conf/all/route_localnet";
    let setting_before = guest.must(setting)?;
    let installed = guest.must("dpkg-query --show")?;
    assert_eq!(up(&guest)?.status, 0);
    let output = completes(&guest, "landfall uninstall")?;
    assert_eq!(guest.must("dpkg-query --show")?, installed);
    assert_eq!(guest.must(setting)?, setting_before);
    for known in ["aws ssm deregister-managed-instance", "aws ecs deregister-container-instance"] {
        assert!(output.stderr.contains(known), "{}", output.stderr);
    }
    all_is_explained(&before, &guest)
}
