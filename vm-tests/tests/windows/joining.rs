//! The whole way under wine: from a bare machine over a restart into the cluster, into another one, and back.
//!
//! Shown: that the program does its steps by Windows' interfaces as wine has them, which are registry, files, services
//! and their manager, a pipe, a port, downloads by TLS, an Authenticode signature against the system's store; that its
//! service goes on after a restart; that every program is called in the very words of
//! `installer/src/windows/programs.rs`. Not shown: what DISM, PowerShell, sysprep, the installer, Docker and the agents
//! do with these words. They are recorded. Of recovery actions wine's service manager knows nothing.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use vm_tests::error::{Error, Result};
use vm_tests::guest::Output;
use vm_tests::programs;
use vm_tests::wine::amazon::{
    self, CODE, DISM, ENABLED, ID, INSTANCE, PENDING, PUBLISHER, REGION, SETUP, SSM,
};
use vm_tests::wine::{Release, Wine};
use vm_tests::world::World;

use crate::LANDFALL;

const ENVIRONMENT: &str = r"HKLM\System\CurrentControlSet\Control\Session Manager\Environment";
const SEED: &str = "Program Files/Landfall/landfall.toml";
const SERVICES: [&str; 4] = ["Landfall", "docker", "AmazonSSMAgent", "AmazonECS"];
/// Longer than that nobody waits for a service that goes on by itself.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a test on a machine before which AWS is, for the cluster "factory". Where machines cannot run, that is said.
fn on_a_machine_with_aws(publisher: &str, test: impl FnOnce(&World, &mut Wine) -> Result<()>) -> Result<()> {
    if !vm_tests::guest::can_run() {
        return Ok(());
    }
    let mut world = World::of_windows()?;
    let mut machine = world.wine()?;
    machine.pose_as(Release::Server2022)?;
    machine.copy_in(&programs::landfall_for_windows()?, "landfall.exe")?;
    fs::write(
        machine.file("activation.json")?,
        format!(r#"{{"ActivationId":"{ID}","ActivationCode":"{CODE}"}}"#),
    )?;
    amazon::bring(&world, &machine, "factory", publisher)?;
    test(&world, &mut machine)
}

/// How often a recorded program was called.
fn calls(machine: &Wine, program: &str) -> Result<usize> {
    Ok(machine.record(program)?.calls()?.len())
}

fn up_to(cluster: &str) -> [&str; 7] {
    ["up", "--region", REGION, "--cluster", cluster, "--activation-file", r"C:\activation.json"]
}

fn up(machine: &Wine, cluster: &str) -> Result<Output> {
    machine.run(LANDFALL, &up_to(cluster))
}

/// The restart that the first run asked for, with the feature there after it.
fn restart(machine: &mut Wine) -> Result<()> {
    machine.record(DISM)?.set_state(ENABLED)?;
    machine.reboot()?;
    goes_on(machine)
}

/// Waits until Landfall's service has done its work.
fn goes_on(machine: &Wine) -> Result<()> {
    let began = Instant::now();
    loop {
        let status = machine.run(LANDFALL, &["status"])?;
        if status.status == 0 {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            let log = fs::read_to_string(machine.file("Program Files/Landfall/state/landfall.log")?);
            return Err(Error::new(format!("{}{}\n{log:?}", status.stdout, status.stderr)));
        }
        thread::sleep(Duration::from_secs(1));
    }
}

/// Whether Windows sets itself up.
fn set_up(machine: &Wine, value: &str) -> Result<()> {
    let value = ["/v", "SystemSetupInProgress", "/t", "REG_DWORD", "/d", value, "/f"];
    machine.must("reg", &[&["add", r"HKLM\System\Setup"], &value[..]].concat()).map(drop)
}

#[test]
fn up_asks_for_a_restart_goes_on_by_itself_joins_and_an_uninstall_leaves_what_was_there() -> Result<()> {
    on_a_machine_with_aws(PUBLISHER, |_, machine| {
        let (files, variables) = (machine.files()?, machine.must("reg", &["query", ENVIRONMENT])?);

        let first = up(machine, "factory")?;
        assert_eq!(first.status, 10, "{}{}", first.stdout, first.stderr);
        assert!(first.stderr.contains("'shutdown /r /t 0' restarts it"), "{}", first.stderr);
        assert_eq!(machine.record(DISM)?.state()?, PENDING);
        assert!(calls(machine, SETUP)? == 0 && amazon::scripts(machine)?.is_empty());
        let kept = fs::read_to_string(machine.file("Program Files/Landfall/state/resume.toml")?)?;
        assert!(kept.contains("activation.json") && !kept.contains(CODE), "{kept}");

        restart(machine)?;
        assert_eq!(amazon::scripts(machine)?, ["Add-ECSExecArtifacts", "Initialize-ECSAgent"]);
        assert_eq!((calls(machine, SETUP)?, calls(machine, SSM)?), (1, 1));
        for name in SERVICES.iter().filter(|it| **it != "Landfall") {
            assert_eq!(machine.service(name)?.as_deref(), Some("RUNNING"), "{name}");
        }
        assert_eq!(machine.registry(ENVIRONMENT, "ECS_CLUSTER")?.as_deref(), Some("factory"));
        assert_eq!(machine.registry(ENVIRONMENT, "ECS_EXTERNAL")?.as_deref(), Some("true"));
        assert!(!machine.file("Program Files/Landfall/state/resume.toml")?.exists());

        let second = up(machine, "factory")?;
        assert_eq!(second.status, 0, "{}", second.stderr);
        assert!(second.stderr.contains("nothing to do: everything is already so"), "{}", second.stderr);

        amazon::joins(machine, "harbour")?;
        let moved = up(machine, "harbour")?;
        assert_eq!(moved.status, 0, "{}", moved.stderr);
        assert!(moved.stderr.contains("container-instance/harbour/"), "{}", moved.stderr);
        assert_eq!(machine.registry(ENVIRONMENT, "ECS_CLUSTER")?.as_deref(), Some("harbour"));
        assert_eq!(calls(machine, SSM)?, 1, "a move needs no new identity");

        let back = machine.run(LANDFALL, &["uninstall"])?;
        assert_eq!(back.status, 0, "{}", back.stderr);
        assert!(back.stderr.contains(&format!("{INSTANCE} is still known to AWS")), "{}", back.stderr);
        assert!(back.stderr.contains("Containers goes at the next start"), "{}", back.stderr);
        for name in SERVICES {
            assert_eq!(machine.service(name)?, None, "{name}");
        }
        assert_eq!(machine.must("reg", &["query", ENVIRONMENT])?, variables);
        let now = machine.files()?;
        let differs = |name: &&String| files.get(*name) != now.get(*name);
        let left: Vec<_> = files.keys().chain(now.keys()).filter(differs).collect();
        assert!(left.is_empty(), "{left:?}");
        Ok(())
    })
}

#[test]
fn an_installer_that_somebody_else_signed_is_run_by_its_sum_alone_and_otherwise_uses_no_activation()
-> Result<()> {
    on_a_machine_with_aws("Somebody Else, Inc.", |world, machine| {
        machine.record(DISM)?.set_state(ENABLED)?;
        let output = up(machine, "factory")?;
        assert_eq!(output.status, 1, "{}{}", output.stdout, output.stderr);
        assert!(output.stderr.contains("Somebody Else, Inc."), "{}", output.stderr);
        assert!(calls(machine, SETUP)? == 0 && calls(machine, SSM)? == 0);
        assert_eq!(machine.service("AmazonSSMAgent")?, None);

        let sum = format!("LANDFALL_PACKAGE_SHA256={}", amazon::sum_of_setup(world)?);
        let wrong = format!("LANDFALL_PACKAGE_SHA256={}", "0".repeat(64));
        let refused = machine.run_with(&[&wrong], LANDFALL, &up_to("factory"))?;
        assert_eq!(refused.status, 1, "{}", refused.stderr);
        assert!(refused.stderr.contains("not that of --package-sha256"), "{}", refused.stderr);
        assert!(calls(machine, SETUP)? == 0);
        let besides = machine.run_with(&[&sum], LANDFALL, &up_to("factory"))?;
        assert_eq!((besides.status, calls(machine, SETUP)?), (1, 0), "{}", besides.stderr);
        let output = machine.run_with(&[&sum, "LANDFALL_SKIP_GPG_CHECK=1"], LANDFALL, &up_to("factory"))?;
        assert_eq!(output.status, 0, "{}", output.stderr);
        assert_eq!((calls(machine, SETUP)?, calls(machine, SSM)?), (1, 1));
        Ok(())
    })
}

/// Copying the disk, and what sysprep does to it, are not tried: the machine that is sealed is the copy.
#[test]
fn a_sealed_machine_has_its_first_boot_by_a_seed_and_then_none_any_more() -> Result<()> {
    on_a_machine_with_aws(PUBLISHER, |_, machine| {
        machine.record(DISM)?.set_state(ENABLED)?;
        let installed = machine.run(LANDFALL, &["install", "--region", REGION, "--cluster", "factory"])?;
        assert_eq!(installed.status, 0, "{}", installed.stderr);
        assert!(calls(machine, SSM)? == 0);
        machine.must(LANDFALL, &["seal", "--only-landfall"])?;
        machine.must(LANDFALL, &["seal", "--verify"])?;

        let content = format!(
            "region = \"{REGION}\"\ncluster = \"factory\"\nactivation-id = \"{ID}\"\nactivation-code = \"{CODE}\"\n"
        );
        fs::write(machine.file(SEED)?, content)?;
        // Setup is at work at the first start of a copy, and restarts it: that is too early.
        set_up(machine, "1")?;
        machine.reboot()?;
        thread::sleep(Duration::from_secs(15));
        assert_eq!(machine.service("Landfall")?.as_deref(), Some("RUNNING"));
        assert!(calls(machine, SSM)? == 0 && machine.file(SEED)?.exists(), "it did not wait for Setup");
        set_up(machine, "0")?;
        goes_on(machine)?;
        assert_eq!(calls(machine, SSM)?, 1);
        assert!(!machine.file(SEED)?.exists(), "a code was left behind");
        let again = machine.run(LANDFALL, &["first-boot"])?;
        assert_eq!(again.status, 0, "{}", again.stderr);
        assert!(again.stderr.contains("nothing to do"), "{}", again.stderr);
        Ok(())
    })
}
