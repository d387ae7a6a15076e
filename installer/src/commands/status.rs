//! `status`: how this machine stands, from the machine alone.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{must_be_root, print_json};
use crate::components::{credentials_endpoint, ecs_agent, ssm_agent};
use crate::diagnosis::{self, Agent, Moment};
use crate::error::{Error, Kind, Result};
use crate::facts::Facts;
use crate::first_boot::SEALED;
use crate::first_boot::report::Report;
use crate::guard::{self, Today};
use crate::host::{Host, UnitState};
use crate::registration;
use crate::step::Change;

/// What is told where there was nothing to tell yet.
const NOT_BEGUN: &str = "not begun";

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// A stable name.
    pub code: &'static str,
    /// One sentence.
    pub what: String,
    /// What to do.
    pub remedy: String,
    /// The cause that an agent names itself in its log, as a stable name.
    pub cause: Option<&'static str>,
}

/// Tells how the machine stands.
///
/// # Errors
/// Exit code 3 when there are problems.
pub fn run(host: &dyn Host, json: bool) -> Result<()> {
    must_be_root(host)?;
    let facts = Facts::gather(host)?;
    if !facts.systemd {
        return Err(Error::refused("systemd does not run here, and both agents are its services")
            .hint("run this on the booted machine, not in a chroot"));
    }
    let ends = match &facts.registration {
        Some(found) => registration::credentials_end(host, &found.instance_id)?,
        None => None,
    };
    let first_boot = Report::read(host);
    let mut problems = problems(host, &facts, ends)?;
    if let Some(problem) = first_boot_problem(host, first_boot.as_ref())? {
        // What is missing before there is an identity is what the first boot is going to bring.
        if !facts.marked && facts.quarantine.is_none() {
            problems.clear();
        }
        problems.insert(0, problem);
    }
    if json {
        print_json(&json!({
            "version": 1,
            "registration": facts.registration,
            "credentials_end": ends,
            "quarantine": facts.quarantine,
            "machine_id_is_product_uuid": of_hypervisor(host)?,
            "ecs_agent": facts.ecs_agent,
            "docker": facts.docker,
            "first_boot": first_boot,
            "problems": problems,
        }));
    } else {
        print!("{}", render(&facts, ends, first_boot.as_ref()));
        if of_hypervisor(host)? {
            println!("{:<13} taken from the hypervisor's id of this machine", "machine-id");
        }
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

/// Told, and no problem: what it means for copies is in docs/clones.md.
fn of_hypervisor(host: &dyn Host) -> Result<bool> {
    Ok(Today::look(host)?.machine.machine_id_is_product_uuid())
}

pub(crate) fn found(what: String) -> Error {
    Error { kind: Kind::Problems, what, doing: Vec::new(), hint: None }
}

/// A sealed machine has its first boot before it.
fn first_boot_problem(host: &dyn Host, report: Option<&Report>) -> Result<Option<Problem>> {
    if host.stat(Path::new(SEALED))?.is_none() {
        return Ok(None);
    }
    let sentence = report.map_or_else(|| NOT_BEGUN.into(), Report::sentence);
    let hint = report.and_then(|report| report.last_error.as_ref()?.hint.clone());
    Ok(Some(Problem {
        code: "first-boot",
        what: format!("the first boot is not done: {sentence}"),
        remedy: hint.unwrap_or_else(|| "see 'journalctl -u landfall-first-boot'".into()),
        cause: None,
    }))
}

fn render(facts: &Facts, ends: Option<Timestamp>, first_boot: Option<&Report>) -> String {
    let none = || "none".to_owned();
    let instance = facts.registration.as_ref();
    let agent = facts.ecs_agent.as_ref();
    let rows = [
        ("system", facts.os.pretty_name.clone()),
        ("instance", instance.map_or_else(none, |it| format!("{} in {}", it.instance_id, it.region))),
        ("credentials", ends.map_or_else(none, |end| format!("until {end}"))),
        ("docker", facts.docker.as_ref().map_or_else(none, |docker| docker.version.clone())),
        ("cluster", agent.map_or_else(none, |agent| agent.cluster.clone())),
        ("ecs agent", agent.map_or_else(none, |agent| agent.version.clone())),
        ("arn", agent.and_then(|agent| agent.container_instance_arn.clone()).unwrap_or_else(none)),
    ];
    let first_boot = first_boot.map(|report| ("first boot", report.row()));
    rows.into_iter().chain(first_boot).map(|(name, value)| format!("{name:<13} {value}\n")).collect()
}

/// Adds the cause that an agent names itself, where that is a known one.
fn explain(host: &dyn Host, problem: &mut Problem, ssm: &UnitState, ecs: &UnitState) -> Result<()> {
    let (agent, unit) = match problem.code {
        "no-credentials" => (Agent::Ssm, ssm),
        "no-container-instance" => (Agent::Ecs, ecs),
        _ => return Ok(()),
    };
    if let Some(cause) = diagnosis::cause(host, agent, unit, Moment::Within)? {
        problem.what = format!("{}: {}", problem.what, cause.sentence);
        problem.remedy = cause.remedy.to_owned();
        problem.cause = Some(cause.code);
    }
    Ok(())
}

fn problems(host: &dyn Host, facts: &Facts, ends: Option<Timestamp>) -> Result<Vec<Problem>> {
    // All else follows from it, and would be remedied otherwise.
    if let Some(quarantine) = &facts.quarantine {
        let (what, remedy) = (quarantine.sentence(), guard::HINT.to_owned());
        return Ok(vec![Problem { code: "copied-machine", what, remedy, cause: None }]);
    }
    let mut problems = Vec::new();
    let mut add = |there: bool, code, what: &str, remedy: &str| {
        if there {
            problems.push(Problem { code, what: what.into(), remedy: remedy.into(), cause: None });
        }
    };
    let units = host.units(&[ssm_agent::UNIT, ecs_agent::UNIT])?;
    let [ssm, ecs] = &units[..] else { return Err(Error::bug("systemd named too few units")) };
    add(facts.registration.is_none(), "not-registered", "this machine has no identity", "run 'landfall up'");
    add(
        facts.registration.is_some() && !facts.marked,
        "not-marked",
        "the identity was not made by Landfall, which holds the agents back",
        "run 'landfall up'",
    );
    add(
        facts.docker.is_none(),
        "no-docker",
        "Docker does not answer",
        "see 'journalctl -u docker', then run 'landfall up'",
    );
    add(
        !ssm.active,
        "ssm-agent-down",
        "the SSM agent does not run",
        "see 'journalctl -u amazon-ssm-agent', then run 'landfall up'",
    );
    add(
        !ecs.active,
        "ecs-agent-down",
        "the ECS agent does not run",
        "see 'journalctl -u ecs', then run 'landfall up'",
    );
    let expired = facts.registration.is_some() && ends.is_none_or(|end| end <= host.now());
    add(
        expired,
        "no-credentials",
        "there are no unexpired credentials",
        "see /var/log/amazon/ssm/amazon-ssm-agent.log, then run 'landfall up'",
    );
    let answers = facts.ecs_agent.as_ref().is_some_and(|agent| agent.container_instance_arn.is_some());
    add(
        (ecs.active || ecs.failed || ecs.changing) && !answers,
        "no-container-instance",
        "the ECS agent is not part of a cluster",
        "see /var/log/ecs/ecs-agent.log, then run 'landfall up'",
    );
    for item in credentials_endpoint::now() {
        let missing = item.step.check(host).is_ok_and(|before| before.is_some());
        add(
            missing,
            "credentials-endpoint",
            &format!("missing: {}", item.step.describe()),
            "run 'landfall up'",
        );
    }
    problems.iter_mut().try_for_each(|problem| explain(host, problem, ssm, ecs))?;
    Ok(problems)
}
