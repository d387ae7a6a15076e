//! ECS Exec: which version, when the ECS agent notices, and programs that are of no use.

use super::*;
use crate::host::Host;

const BIN: &str = "/var/lib/ecs/deps/execute-command/bin";
const CERTIFICATES: &str = "/var/lib/ecs/deps/execute-command/certs/tls-ca-bundle.pem";
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

fn versions(fake: &Fake) -> Vec<String> {
    fake.disk.list(BIN.as_ref())
}

fn started(fake: &Fake) -> Option<jiff::Timestamp> {
    fake.units(&["ecs.service"]).unwrap()[0].started
}

#[test]
fn the_programs_are_those_of_the_installed_version_in_one_download() {
    let mut fake = fresh();
    brought(&mut fake, Choices::PLAIN, "fresh");
    assert_eq!(versions(&fake), ["3.3.0.0"]);
    for name in ["amazon-ssm-agent", "ssm-agent-worker", "ssm-session-worker"] {
        assert_eq!(fake.disk.node(format!("{BIN}/3.3.0.0/{name}").as_ref()).unwrap().mode, 0o755, "{name}");
    }
    assert_eq!(fake.disk.node(CERTIFICATES.as_ref()).unwrap().mode, 0o400);
    assert_eq!(fake.disk.text(CERTIFICATES).as_deref(), Some("authorities"));
    assert_eq!(fake.fetched(), ["amazon-ecs-init.deb", "amazon-ssm-agent.deb"]);
}

#[test]
fn another_version_is_fetched_apart_and_the_earlier_one_stays_for_running_tasks() {
    let mut fake = fresh();
    brought(&mut fake, Choices::PLAIN, "fresh");
    brought(&mut fake, Choices { exec: true, ..Choices::PLAIN }, "another version");
    assert_eq!(versions(&fake), ["3.2.0.0", "3.3.0.0"]);
    assert!(fake.fetched().contains(&"exec.deb".to_owned()));
    restored(&mut fake, "another version");
    same(&original(&fake), &original(&fresh()), "two versions, undone");
}

#[test]
fn the_ecs_agent_is_started_again_once_when_the_programs_or_the_certificates_come_later() {
    let mut fake = fresh();
    brought(&mut fake, Choices::PLAIN, "fresh");
    let mut since = started(&fake);
    let exec = Choices { exec: true, ..Choices::PLAIN };
    brought(&mut fake, exec, "another version");
    assert_ne!(started(&fake), since);
    since = started(&fake);
    fake.somebody_writes(AUTHORITIES, "other authorities");
    brought(&mut fake, exec, "other authorities");
    assert_eq!(fake.disk.text(CERTIFICATES).as_deref(), Some("other authorities"));
    assert_ne!(started(&fake), since);
    since = started(&fake);
    assert_eq!(brought(&mut fake, exec, "once more"), 0);
    assert_eq!(started(&fake), since);
}

#[test]
fn a_dynamically_linked_program_leaves_exec_off_says_so_once_and_all_else_goes_on() {
    for (name, machine) in MACHINES {
        let mut fake = machine();
        fake.dynamic_programs = true;
        brought(&mut fake, Choices::PLAIN, name);
        assert!(versions(&fake).is_empty(), "{name}");
        let said = "ECS Exec is left off: amazon-ssm-agent of version";
        assert_eq!(fake.told().matches(said).count(), 1, "{name}: {}", fake.told());
        assert_eq!(brought(&mut fake, Choices::PLAIN, name), 0, "{name}");
        assert_eq!(fake.told().matches(said).count(), 1, "{name}");
        restored(&mut fake, name);
        same(&original(&fake), &original(&machine()), &format!("{name}, dynamic programs, undone"));
    }
}

#[test]
fn programs_that_were_there_before_stay_through_undo() {
    let mut fake = fresh();
    let theirs = format!("{BIN}/3.3.0.0/ssm-agent-worker");
    fake.somebody_writes(&theirs, "theirs");
    fake.somebody_writes(CERTIFICATES, "their authorities");
    // The agent's own state stays with the folder that was there: only what is below this one is of interest.
    let below = |fake: &Fake| {
        let mut state = original(fake);
        state.retain(|name, _| name.starts_with("/var/lib/ecs/deps"));
        state
    };
    let found = below(&fake);
    brought(&mut fake, Choices::PLAIN, "programs there");
    assert_eq!(fake.disk.text(&theirs).as_deref(), Some("theirs"));
    assert_eq!(fake.disk.text(CERTIFICATES).as_deref(), Some("authorities"));
    restored(&mut fake, "programs there");
    same(&below(&fake), &found, "programs there, undone");
}

#[test]
fn a_system_without_authorities_is_told_what_to_give() {
    let mut fake = fresh();
    fake.remove(AUTHORITIES.as_ref()).unwrap();
    let error = bring(&mut fake, Choices::PLAIN, &mut String::new()).unwrap_err();
    assert_eq!(error.exit_code(), 1);
    assert!(error.hint.unwrap().ends_with("give --certs-file"));
}
