//! `check`: what stands in the way here, before and after installation. Changes nothing, and needs no
//! credentials of AWS.

use serde_json::json;

use super::print_json;
use crate::cli::Options;
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::facts::Facts;
use crate::findings::{Code, Finding, Severity, findings, keys};
use crate::host::Host;
use crate::plan::{Goal, distro, plan};
use crate::probe;

/// Prints what was found.
///
/// # Errors
/// Exit code 3 when something blocks or warns.
pub fn run(host: &dyn Host, options: &Options, json: bool) -> Result<()> {
    let facts = Facts::gather_what_is_visible(host)?;
    let config = Config::resolve(host, &of_this_machine(options, &facts))?;
    let found = everything(host, &facts, &config);
    if json {
        print_json(&json!({"version": 1, "findings": found}));
    } else {
        found.iter().for_each(|finding| println!("{}", line(finding)));
        if found.is_empty() {
            println!("nothing stands in the way");
        }
    }
    let problems = found.iter().filter(|it| it.severity != Severity::Notes).count();
    match problems {
        0 => Ok(()),
        1 => Err(problem("1 finding blocks or warns".into())),
        count => Err(problem(format!("{count} findings block or warn"))),
    }
}

fn everything(host: &dyn Host, facts: &Facts, config: &Config) -> Vec<Finding> {
    let release = distro(facts);
    let known = release.as_ref().ok();
    let mut found = findings(facts, config, known, Goal::Up);
    let plan = known.and_then(|distro| plan(facts, config, distro, Goal::Up).ok());
    found.extend(plan.as_ref().and_then(|plan| keys::findings(plan, host.now())));
    found.extend(probe::everything(host, plan.as_ref(), config));
    found.extend(release.err().map(|e| Finding::refused(Code::ReleaseUnsupported, e)));
    found.sort_by_key(|it| it.severity);
    found
}

/// A registered machine knows its region.
fn of_this_machine(options: &Options, facts: &Facts) -> Options {
    let region = || facts.registration.as_ref().map(|found| found.region.clone());
    Options { region: options.region.clone().or_else(region), ..options.clone() }
}

/// Tells of what does not block, and refuses what does.
///
/// # Errors
/// The first finding that blocks, made an error by `refuse`.
pub(super) fn pass(host: &dyn Host, mut found: Vec<Finding>, refuse: fn(String) -> Error) -> Result<()> {
    found.sort_by_key(|it| it.severity);
    let mut told = found.iter().filter(|it| it.severity != Severity::Notes);
    let first = found.first().filter(|it| it.severity == Severity::Blocks);
    if first.is_some() {
        told.next();
    }
    told.for_each(|finding| host.tell(&line(finding)));
    match first {
        Some(finding) => Err(refuse(finding.sentence.clone()).hint(finding.remedy.clone())),
        None => Ok(()),
    }
}

fn line(finding: &Finding) -> String {
    let Finding { code, severity, sentence, remedy } = finding;
    format!("{:<7} {sentence} ({}): {remedy}", severity.verb(), code.name())
}

fn problem(what: String) -> Error {
    Error { kind: Kind::Problems, what, doing: Vec::new(), hint: None }
}
