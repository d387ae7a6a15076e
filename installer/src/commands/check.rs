//! `check`: what stands in the way here, before and after installation. Changes nothing, and needs no
//! credentials of AWS.

use serde_json::json;

use super::print_json;
use crate::cli::Options;
use crate::components::credentials_endpoint::foreign::{Foreign, foreign_findings};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::facts::Facts;
use crate::findings::{Code, Finding, Severity, findings, keys, release_code};
use crate::host::{Host, Machine};
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
    print(&found, json);
    conclude(&found)
}

/// Prints findings, the gravest first.
pub(crate) fn print(found: &[Finding], json: bool) {
    if json {
        return print_json(&json!({"version": 1, "findings": found}));
    }
    found.iter().for_each(|finding| println!("{}", line(finding)));
    if found.is_empty() {
        println!("nothing stands in the way");
    }
}

/// # Errors
/// Exit code 3 when something blocks or warns.
pub(crate) fn conclude(found: &[Finding]) -> Result<()> {
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
    found.extend(foreign_firewall(host));
    found.extend(probe::everything(host, plan.as_ref(), config));
    found
        .extend(release.err().map(|e| Finding::refused(release_code(facts.os_release_broken.as_deref()), e)));
    found.sort_by_key(|it| it.severity);
    found
}

/// Only root may ask for it, and what cannot be asked stands in nobody's way.
pub(super) fn foreign_firewall(host: &dyn Host) -> impl Iterator<Item = Finding> {
    let found = |it: Foreign| {
        let remedy = format!("'{}'; and for every boot: {}", it.line, it.for_good);
        Finding::new(Code::ForeignFirewall, it.what, remedy)
    };
    foreign_findings(host).unwrap_or_default().into_iter().map(found)
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
pub(crate) fn pass(host: &dyn Machine, mut found: Vec<Finding>, refuse: fn(String) -> Error) -> Result<()> {
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

pub(crate) fn line(finding: &Finding) -> String {
    let Finding { code, severity, sentence, remedy } = finding;
    format!("{:<7} {sentence} ({}): {remedy}", severity.verb(), code.name())
}

fn problem(what: String) -> Error {
    Error { kind: Kind::Problems, what, doing: Vec::new(), hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::fresh;

    #[test]
    fn a_chain_of_somebody_else_that_refuses_containers_comes_with_the_line_to_add() {
        let mut fake = fresh();
        let chain = json!({"chain": {"family": "inet", "table": "theirs", "name": "in", "type": "filter",
            "hook": "input", "prio": 0, "policy": "drop"}});
        fake.nftables = Some(json!({"nftables": [chain]}).to_string());
        let options = Options { region: Some("us-east-1".into()), ..Options::default() };
        let config = Config::resolve(&fake, &options).unwrap();
        let found = everything(&fake, &Facts::gather(&fake).unwrap(), &config);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].code, Code::ForeignFirewall);
        assert!(found[0].remedy.contains("nft insert rule inet theirs in"), "{found:?}");
    }

    #[test]
    fn what_blocks_is_refused_and_what_warns_is_told_and_notes_are_kept() {
        let fake = fresh();
        let finding = |code| Finding::new(code, "it is so", "mend it");
        let found = [Code::BlankVault, Code::DiskLow].map(finding).to_vec();
        pass(&fake, found, Error::refused).unwrap();
        assert_eq!(fake.told(), "warns   it is so (disk-low): mend it");
        let error =
            pass(&fake, vec![finding(Code::DiskLow), finding(Code::DiskFull)], Error::failed).unwrap_err();
        assert_eq!((error.exit_code(), error.hint.as_deref()), (1, Some("mend it")));
    }
}
