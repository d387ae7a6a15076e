//! `status` on Windows: how this machine stands, from the machine alone.

use std::path::Path;

use serde_json::json;

use super::must_be_elevated;
use crate::commands::print_json;
use crate::commands::status::{Problem, found};
use crate::error::Result;
use crate::windows::door::Windows;
use crate::windows::facts::Facts;
use crate::windows::places::{ECS_SERVICE, LOG, RESUME, SSM_SERVICE, STORE};

/// Tells how the machine stands.
///
/// # Errors
/// Exit code 3 when there are problems.
pub fn run(host: &dyn Windows, json: bool) -> Result<()> {
    must_be_elevated(host)?;
    let facts = Facts::gather(host)?;
    let problems = problems(host, &facts)?;
    if json {
        print_json(&json!({
            "version": 1,
            "registration": facts.registration,
            "ecs_agent": facts.ecs_agent,
            "docker": facts.docker,
            "problems": problems,
        }));
    } else {
        print!("{}", render(&facts));
        for problem in &problems {
            println!("problem       {} ({}): {}", problem.what, problem.code, problem.remedy);
        }
    }
    match problems.len() {
        0 => Ok(()),
        1 => Err(found("1 problem was found".into())),
        count => Err(found(format!("{count} problems were found"))),
    }
}

fn render(facts: &Facts) -> String {
    let none = || "none".to_owned();
    let instance = facts.registration.as_ref();
    let agent = facts.ecs_agent.as_ref();
    let rows = [
        ("system", facts.name.clone()),
        ("instance", instance.map_or_else(none, |it| format!("{} in {}", it.instance_id, it.region))),
        ("docker", facts.docker.as_ref().map_or_else(none, |docker| docker.version.clone())),
        ("cluster", agent.map_or_else(none, |agent| agent.cluster.clone())),
        ("ecs agent", agent.map_or_else(none, |agent| agent.version.clone())),
        ("arn", agent.and_then(|agent| agent.container_instance_arn.clone()).unwrap_or_else(none)),
    ];
    rows.into_iter().map(|(name, value)| format!("{name:<13} {value}\n")).collect()
}

fn problems(host: &dyn Windows, facts: &Facts) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    let mut add = |there: bool, code, what: &str, remedy: String| {
        if there {
            problems.push(Problem { code, what: what.into(), remedy, cause: None });
        }
    };
    let runs = |name: &str| -> Result<bool> { Ok(host.service(name)?.is_some_and(|it| it.running)) };
    let again = || "run 'landfall up'".to_owned();
    let see = |log: &str| format!("see {}, then run 'landfall up'", log.replace('/', r"\"));
    let begun = host.stat(Path::new(RESUME))?.is_some();
    add(begun, "restart", "Landfall has not gone on yet after a restart of Windows", see(LOG));
    add(facts.sealed, "first-boot", "the first boot of this copy of an image is not over yet", see(LOG));
    add(facts.registration.is_none(), "not-registered", "this machine has no identity", again());
    add(
        facts.registration.is_some() && !facts.marked,
        "not-marked",
        "the identity was not made by Landfall, or not to its end",
        again(),
    );
    add(facts.docker.is_none(), "no-docker", "Docker does not answer", again());
    add(
        !runs(SSM_SERVICE)?,
        "ssm-agent-down",
        "the SSM agent does not run",
        see(crate::windows::places::SSM_LOG),
    );
    add(
        !runs(ECS_SERVICE)?,
        "ecs-agent-down",
        "the ECS agent does not run",
        see(crate::windows::places::ECS_LOG),
    );
    let ends = match &facts.registration {
        Some(found) => STORE.credentials_end(host, &found.instance_id)?,
        None => None,
    };
    add(
        facts.registration.is_some() && ends.is_none_or(|end| end <= host.now()),
        "no-credentials",
        "there are no unexpired credentials",
        see(crate::windows::places::SSM_LOG),
    );
    let answers = facts.ecs_agent.as_ref().is_some_and(|agent| agent.container_instance_arn.is_some());
    add(
        runs(ECS_SERVICE)? && !answers,
        "no-container-instance",
        "the ECS agent is not part of a cluster",
        see(crate::windows::places::ECS_LOG),
    );
    Ok(problems)
}
