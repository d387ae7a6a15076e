//! Docker: the one that is here, whoever brought it, or else the one of AWS's archive.

use std::path::PathBuf;

use crate::config::Config;
use crate::plan::{Item, item};
use crate::windows::door::{Definition, Start};
use crate::windows::facts::Facts;
use crate::windows::places::{DOCKER, DOCKER_SERVICE};
use crate::windows::step::{ServiceStep, Step};

use super::artifacts::of_archive;
use super::{folders, proxy_of};

/// What brings it, and has it run.
pub fn steps(facts: &Facts, config: &Config) -> Vec<Item<Step>> {
    let service = |made_from| ServiceStep {
        service: DOCKER_SERVICE.into(),
        made_from,
        brought: false,
        start: None,
        running: Some(true),
        recovery: None,
    };
    if facts.docker_is_foreign {
        return vec![item(
            "the Docker that is here is kept, with all its settings, and has to run",
            Step::Service(service(None)),
        )];
    }
    let definition = Definition {
        display: "Docker Engine".into(),
        description: "Runs the containers of this machine.".into(),
        program: PathBuf::from(format!("{DOCKER}/dockerd.exe")),
        arguments: vec!["--run-service".into()],
        after: Vec::new(),
    };
    let mut steps = vec![
        folders("Docker's programs are kept in this folder", &[DOCKER], 0o755),
        of_archive(
            config,
            "the ECS agent runs tasks with Docker, and there is none here",
            &[
                ("DockerCE/docker.exe", format!("{DOCKER}/docker.exe")),
                ("DockerCE/dockerd.exe", format!("{DOCKER}/dockerd.exe")),
            ],
        ),
        item(
            "Docker is a service that starts with Windows",
            Step::Service(ServiceStep {
                made_from: Some(definition),
                brought: false,
                start: Some(Start::Automatic),
                running: None,
                ..service(None)
            }),
        ),
    ];
    if let Some(proxy) = &config.proxy {
        steps.push(proxy_of(DOCKER_SERVICE, "Docker fetches images through the proxy", proxy));
    }
    steps.push(item(
        "the fingerprint that the SSM agent takes counts network interfaces, Docker's among them",
        Step::Service(service(None)),
    ));
    steps
}
