//! `up`, `install`, `register`: look, decide, act, tell.

use distro_matrix::Distro;
use serde_json::{Value, json};

use super::{check, first_boot, must_be_alone, must_be_root, print_json};
use crate::apply::{Event, Outcome, apply};
use crate::cli::Options;
use crate::components::{ecs_agent, proxy_file, ssm_agent};
use crate::config::{self, Config};
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::findings::{Code, Finding, Severity, findings, keys};
use crate::host::{Host, Machine};
use crate::plan::{Goal, distro, plan};
use crate::probe;
use crate::registration;
use crate::step::{Change, Context, no_activation};
use crate::terminal;
use crate::ui::{Ui, seconds};

/// Brings the machine to the goal.
///
/// # Errors
/// When it cannot be brought there; the next run goes on where this one stopped.
pub fn run(host: &mut dyn Host, options: &Options, goal: Goal, json: bool) -> Result<()> {
    run_watched(host, options, goal, json, &mut |_| {})?;
    if goal == Goal::Install { Ok(()) } else { first_boot::end_by_hand(host) }
}

/// The same, under somebody's eyes: what happens is told there first.
///
/// # Errors
/// As `run`.
pub fn run_watched(
    host: &mut dyn Host,
    options: &Options,
    goal: Goal,
    json: bool,
    watch: &mut dyn FnMut(&Event),
) -> Result<()> {
    must_be_root(host)?;
    must_be_alone(host)?;
    let config = Config::resolve(host, options)?;
    host.use_proxy(config.proxy.clone(), config.proxy_is_chosen);
    let facts = Facts::gather(host)?;
    let distro = distro(&facts)?;
    let mut noted = findings(&facts, &config, Some(&distro), goal);
    noted.extend(check::foreign_firewall(host));
    pass(host, &noted, refusing(&noted), json)?;
    if config.proxy.is_none() && config.proxy_is_chosen {
        tell_of_earlier_proxy(host, &distro)?;
    }
    let plan = plan(&facts, &config, &distro, goal)?;
    let activation = config::activation(host, options, terminal::standard_input)?;
    if goal != Goal::Install && facts.registration.is_none() && activation.is_none() {
        return Err(no_activation());
    }
    let mut found = probe::what_is_needed(host, &plan, &config, goal)?;
    found.extend(keys::findings(&plan, host.now()));
    pass(host, &found, failing(&found), json)?;
    noted.extend(found);
    let context = Context::new(activation);
    let ui = Ui::new(host.env("NO_COLOR").is_some(), host.progress());
    let mut told = Vec::new();
    let changed = apply(host, &plan, &context, &mut |event| {
        watch(&event);
        ui.show(&event);
        told.extend(as_json(&event));
    });
    let wall = host.elapsed();
    let timings = host.timings();
    if json {
        print_json(&json!({
            "version": 1,
            "result": if changed.is_ok() { "done" } else { "failed" },
            "changed": changed.as_ref().ok(),
            "error": changed.as_ref().err().map(error_as_json),
            "findings": noted,
            "steps": told,
            "instance": instance(host),
            "time": {
                "wall_seconds": wall.as_secs_f64(),
                "own_seconds": timings.own(wall).as_secs_f64(),
                "own_cpu_seconds": timings.own_cpu.as_secs_f64(),
                "peak_memory_bytes": timings.peak_memory,
            },
        }));
    }
    let changed = changed?;
    ui.account(wall, &timings);
    conclude(host, goal, changed);
    Ok(())
}

/// What blocks is refused, in JSON too.
pub(crate) fn pass(
    host: &dyn Machine,
    found: &[Finding],
    refuse: fn(String) -> Error,
    json: bool,
) -> Result<()> {
    let passed = check::pass(host, found.to_vec(), refuse);
    if let (true, Err(e)) = (json, &passed) {
        print_json(&refusal_as_json(found, e));
    }
    passed
}

/// Whether what blocks on this machine may be otherwise later, by itself.
pub(crate) fn refusing(found: &[Finding]) -> fn(String) -> Error {
    let mut blocking = found.iter().filter(|it| it.severity == Severity::Blocks);
    if blocking.all(|it| it.code == Code::DiskFull) { Error::no_room } else { Error::refused }
}

/// Whose turn it is where the network showed something that blocks: nobody's on this machine, where it is silence.
pub(crate) fn failing(found: &[Finding]) -> fn(String) -> Error {
    let any = |codes: &[Code]| found.iter().any(|it| codes.contains(&it.code));
    if any(&[Code::NoNameResolution, Code::NoIpv4, Code::EndpointUnreachable]) {
        Error::unreached
    } else if any(&[Code::ClockSkew]) {
        Error::wrong_clock
    } else {
        Error::failed
    }
}

fn refusal_as_json(found: &[Finding], error: &Error) -> Value {
    json!({"version": 1, "result": "refused", "changed": null, "error": error_as_json(error), "findings": found})
}

pub(crate) fn error_as_json(error: &Error) -> Value {
    json!({"what": error.what, "while": error.doing, "hint": error.hint})
}

/// "None" is for this run alone: what an earlier one told the agents of a proxy is theirs still.
pub(crate) fn tell_of_earlier_proxy(host: &dyn Host, distro: &Distro) -> Result<()> {
    for unit in [ssm_agent::UNIT, &distro.packages.docker_unit] {
        let file = proxy_file(unit);
        if host.stat(&file)?.is_some() {
            host.tell(&format!(
                "{unit} keeps the proxy that an earlier run set in {}: remove that file, and where {} names a \
                 proxy its keys HTTP_PROXY, HTTPS_PROXY and NO_PROXY; then restart what reads them",
                file.display(),
                ecs_agent::CONFIGURATION
            ));
        }
    }
    Ok(())
}

fn conclude(host: &dyn Host, goal: Goal, changed: usize) {
    if changed == 0 {
        eprintln!("nothing to do: everything is already so ({})", seconds(host.elapsed()));
    }
    match (goal, host.introspection().and_then(|agent| agent.container_instance_arn)) {
        (Goal::Install, _) => {
            eprintln!("installed, without an identity: 'landfall register' gives it one");
        }
        (_, Some(arn)) => eprintln!("registered: {arn}"),
        (_, None) => eprintln!("registered; the ECS agent was not started"),
    }
}

fn instance(host: &dyn Host) -> Value {
    json!({
        "registration": registration::read(host).ok().flatten(),
        "ecs_agent": host.introspection(),
    })
}

pub(crate) fn as_json<S: Change>(event: &Event<S>) -> Option<Value> {
    let Event::Ends { item, outcome, time } = event else { return None };
    let seconds = if *outcome == Outcome::AlreadySo { 0.0 } else { time.as_secs_f64() };
    Some(json!({
        "subject": item.step.subject(), "what": item.step.describe(), "why": item.why,
        "outcome": outcome, "seconds": seconds,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn silence_on_the_network_is_told_from_what_this_machine_has_to_mend() {
        let kind = |codes: &[Code]| {
            let found: Vec<Finding> =
                codes.iter().map(|it| Finding::new(*it, "it is so", "mend it")).collect();
            failing(&found)(String::new()).kind
        };
        assert_eq!(kind(&[Code::NoNameResolution]), Kind::Unreached);
        assert_eq!(kind(&[Code::SessionEndpointUnreachable, Code::EndpointUnreachable]), Kind::Unreached);
        assert_eq!(kind(&[Code::NoIpv4]), Kind::Unreached);
        assert_eq!(kind(&[Code::ClockSkew]), Kind::WrongClock);
        assert_eq!(kind(&[Code::EndpointUnreachable, Code::ClockSkew]), Kind::Unreached);
        assert_eq!(kind(&[Code::UnknownAuthority, Code::SessionEndpointUnreachable]), Kind::Failed);
    }

    #[test]
    fn a_full_disk_alone_is_refused_as_what_may_be_otherwise_later() {
        let kind = |codes: &[Code]| {
            let found: Vec<Finding> =
                codes.iter().map(|it| Finding::new(*it, "it is so", "mend it")).collect();
            let error = refusing(&found)(String::new());
            assert_eq!(error.exit_code(), 2);
            error.kind
        };
        assert_eq!(kind(&[Code::DiskFull, Code::MemoryLow]), Kind::NoRoom);
        assert_eq!(kind(&[Code::DiskFull, Code::ReadOnlyRoot]), Kind::Refused);
    }

    #[test]
    fn a_refusal_in_json_lists_what_was_found() {
        let found = [Code::DiskFull, Code::MemoryLow].map(|code| Finding::new(code, "it is so", "mend it"));
        let error = Error::refused("it is so").hint("mend it");
        let printed = refusal_as_json(&found, &error);
        assert_eq!((&printed["result"], &printed["error"]["hint"]), (&json!("refused"), &json!("mend it")));
        let codes: Vec<&Value> = (0..2).map(|at| &printed["findings"][at]["code"]).collect();
        assert_eq!(codes, [&json!("disk-full"), &json!("memory-low")]);
    }
}
