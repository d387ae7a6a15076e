//! What others brought or chose stays theirs, and comes back.

use std::path::Path;

use super::*;
use crate::durable;
use crate::windows::door::{Start, Windows};
use crate::windows::fake::OPERATORS;
use crate::windows::places::{DOCKER_SERVICE, ECS_SERVICE, SSM_AGENT};
use crate::windows::step::ServiceStep;

#[test]
fn a_docker_that_is_here_is_kept_as_it_is_and_only_started() {
    let mut fake = with_docker();
    let before = fake.services[DOCKER_SERVICE].clone();
    brought(&mut fake, "with Docker");
    assert_eq!(fake.services[DOCKER_SERVICE], before);
    assert!(fake.disk.text("C:/Program Files/Docker/dockerd.exe").is_none());
}

#[test]
fn a_docker_that_is_disabled_is_told_of_with_its_remedy_and_one_that_runs_all_the_same_does_so_after_undo() {
    let disabled = || {
        let mut fake = with_docker();
        fake.services.get_mut(DOCKER_SERVICE).unwrap().start = Start::Disabled;
        fake
    };
    let error = bring_with(&mut disabled(), &options(), Goal::Up).unwrap_err();
    assert!(error.what.contains("docker is disabled") && error.hint.unwrap().contains("sc.exe"));
    let step = ServiceStep {
        service: DOCKER_SERVICE.into(),
        made_from: None,
        brought: false,
        start: Some(Start::Automatic),
        running: Some(false),
        recovery: None,
    };
    let mut fake = with_docker();
    fake.start_service(DOCKER_SERVICE).unwrap();
    fake.set_start(DOCKER_SERVICE, Start::Disabled).unwrap();
    let before = step.check(&fake).unwrap().expect("it is otherwise");
    step.apply(&mut fake).unwrap();
    step.undo(&mut fake, &before).unwrap();
    let service = fake.service(DOCKER_SERVICE).unwrap().unwrap();
    assert_eq!((service.start, service.running), (Start::Disabled, true));
}

#[test]
fn an_ssm_agent_that_its_installer_left_is_told_of_and_undo_goes_on_once_it_is_gone() {
    let mut fake = fresh();
    brought(&mut fake, "fresh");
    fake.keeps_ssm_agent = true;
    let error = take_back(&mut fake, &mut |_| {}).unwrap_err();
    assert!(error.what.contains("the agent is still here"), "{error}");
    fake.keeps_ssm_agent = false;
    restored(&mut fake, "fresh");
    let mut found = fresh();
    found.boot();
    same(&original(&fake), &original(&found), "undone");
}

#[test]
fn an_operators_credentials_come_back_with_undo_and_stay_beside_the_agents_until_then_and_in_an_image() {
    let mut fake = with_waiting_agent();
    brought(&mut fake, "theirs");
    let beside = fake.disk.text(STORE.credentials).unwrap();
    assert!(
        beside.contains("role") && beside.contains("[backup]") && !beside.contains("operator"),
        "{beside}"
    );
    let mut sealed = fake.clone();
    seal::clean(&mut sealed).unwrap();
    assert_eq!(sealed.disk.text(STORE.credentials).as_deref(), Some(OPERATORS));
    restored(&mut fake, "theirs");
    assert_eq!(fake.disk.text(STORE.credentials).as_deref(), Some(OPERATORS));
}

#[test]
fn an_agent_of_somebody_else_goes_back_to_its_cluster_with_what_happens_when_it_fails() {
    let mut fake = with_agents();
    let before = fake.services[ECS_SERVICE].clone();
    brought(&mut fake, "theirs");
    assert!(fake.introspection().is_some_and(|agent| agent.cluster == "harbour"));
    assert_ne!(fake.services[ECS_SERVICE], before);
    restored(&mut fake, "theirs");
    assert!(fake.introspection().is_some_and(|agent| agent.cluster == "theirs"));
    assert_eq!(fake.services[ECS_SERVICE], before);
}

#[test]
fn an_agent_that_was_taken_over_in_its_cluster_and_moved_later_goes_back_there() {
    let mut fake = with_agents();
    for cluster in ["theirs", "haven"] {
        let options = Options { cluster: Some(cluster.into()), ..options() };
        bring_with(&mut fake, &options, Goal::Up).unwrap();
    }
    restored(&mut fake, "theirs");
    assert!(fake.introspection().is_some_and(|agent| agent.cluster == "theirs"));
}

#[test]
fn an_identity_without_an_agent_is_refused_unless_landfall_made_it() {
    let mut fake = with_agents();
    fake.disk.remove(Path::new(SSM_AGENT)).unwrap();
    let before = fake.state();
    let error = bring_with(&mut fake, &options(), Goal::Up).unwrap_err();
    assert!(error.exit_code() == 2 && error.what.contains("mi-0123456789abcdef0"), "{error}");
    same(&fake.state(), &before, "refused");
    let mut fake = fresh();
    brought(&mut fake, "ours");
    fake.disk.remove(Path::new(SSM_AGENT)).unwrap();
    brought(&mut fake, "ours, without its agent");
    assert_eq!(fake.registrations, 1);
}

#[test]
fn a_machine_whose_account_is_known_to_be_another_one_is_refused_and_stays_as_it_is() {
    let mut fake = fresh();
    brought(&mut fake, "first");
    let marker = r#"{"instance_id":"mi-00000000000000001","region":"us-east-1","account":"111122223333"}"#;
    durable::write(&mut fake, Path::new(MARKER), marker.as_bytes(), 0o600).unwrap();
    let before = fake.state();
    let expecting = |account: &str| Options { expect_account: Some(account.into()), ..options() };
    let error = bring_with(&mut fake, &expecting("444455556666"), Goal::Up).unwrap_err();
    assert!(error.kind == Kind::Lasting && error.what.contains("111122223333"), "{error}");
    same(&fake.state(), &before, "of another account");
    assert_eq!(bring_with(&mut fake, &expecting("111122223333"), Goal::Up).unwrap(), 0);
}

#[test]
fn variables_of_somebody_else_in_whatever_case_come_back_with_undo() {
    let mut fake = with_docker();
    brought(&mut fake, "theirs");
    restored(&mut fake, "theirs");
    let variables = &fake.registry[ENVIRONMENT];
    assert_eq!(variables["Ecs_Cluster"].text(), Some("theirs"));
    assert!(!variables.contains_key("ECS_ENABLE_TASK_ENI") && !variables.contains_key("ECS_EXTERNAL"));
}
