//! Rules that firewalld itself sets whenever it loads: "direct rules", in its own file, by its own tool.
//!
//! A reload of firewalld takes every rule of everybody's away that it did not set. What is made here changes
//! nothing now: the same stands already, and a reload would cost an operator what he set until the next one.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Before, Leftovers};
use crate::durable;
use crate::error::{Error, Result};
use crate::host::{Command, Firewalld, Host};

/// Where firewalld keeps them.
const FILE: &str = "/etc/firewalld/direct.xml";
/// Its unit.
pub(crate) const UNIT: &str = "firewalld.service";

/// Rules as `firewall-cmd --direct --get-all-rules` prints them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirewalldRules {
    /// The rules: family, table, chain, place, and iptables' own words.
    pub rules: Vec<String>,
}

impl FirewalldRules {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let Some(kept) = host.firewalld_rules()? else { return Ok(None) };
        let present: Vec<String> = self.rules.iter().filter(|rule| kept.contains(rule)).cloned().collect();
        Ok((present.len() < self.rules.len()).then_some(Before::FirewalldRules { present }))
    }

    pub(super) fn apply(&self, host: &mut dyn Host) -> Result<()> {
        let kept = host.firewalld_rules()?.unwrap_or_default();
        let place = place(host)?;
        for rule in self.rules.iter().filter(|rule| !kept.contains(rule)) {
            change(host, true, place, rule)?;
        }
        reach_the_disk(host)
    }

    /// What it has set since, by a reload, goes too; it may have set nothing, which is an error to it alone.
    pub(super) fn undo(&self, host: &mut dyn Host, before: &Before) -> Result<Leftovers> {
        let Before::FirewalldRules { present } = before else { return Ok(Leftovers::new()) };
        let kept = host.firewalld_rules()?.unwrap_or_default();
        let place = place(host)?;
        for rule in self.rules.iter().filter(|rule| kept.contains(rule) && !present.contains(rule)) {
            if place == Firewalld::Kept {
                let _ = change(host, false, Firewalld::Running, rule);
            }
            change(host, false, place, rule)?;
        }
        reach_the_disk(host)?;
        Ok(Leftovers::new())
    }
}

/// Its file is not to be touched behind its back while it runs: it would write over it.
fn place(host: &dyn Host) -> Result<Firewalld> {
    let runs = host.units(&[UNIT])?.first().is_some_and(|unit| unit.active);
    Ok(if runs { Firewalld::Kept } else { Firewalld::KeptAtRest })
}

/// firewalld writes its file in place, and leaves it to the system when it reaches the disk.
fn reach_the_disk(host: &mut dyn Host) -> Result<()> {
    let file = Path::new(FILE);
    if host.stat(file)?.is_some() {
        host.sync(file).and_then(|()| host.sync(durable::parent(file)))
    } else {
        Ok(())
    }
}

fn change(host: &mut dyn Host, add: bool, place: Firewalld, rule: &str) -> Result<()> {
    let output = host.run(&Command::FirewalldRule { add, place, rule: rule.to_owned() })?;
    match output.ok() {
        true => Ok(()),
        false => Err(Error::failed(format!("firewalld refused the rule '{rule}': {}", output.tail()))
            .hint("see 'firewall-cmd --permanent --direct --get-all-rules' and 'journalctl -u firewalld'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::with_firewalld;

    fn step() -> FirewalldRules {
        FirewalldRules { rules: ["one", "two"].map(|it| format!("ipv4 filter INPUT 0 {it}")).to_vec() }
    }

    #[test]
    fn a_rule_that_was_there_stays_and_an_operators_too_whether_firewalld_runs_or_not() {
        for runs in [true, false] {
            let mut fake = with_firewalld();
            if !runs {
                fake.stop(UNIT);
            }
            let add = |rule: &str| Command::FirewalldRule {
                add: true,
                place: Firewalld::KeptAtRest,
                rule: rule.into(),
            };
            if !runs {
                fake.run(&add("ipv4 filter INPUT 0 two")).unwrap();
            }
            let found = fake.firewalld_rules().unwrap();
            let before = step().check(&fake).unwrap().unwrap();
            step().apply(&mut fake).unwrap();
            assert_eq!(step().check(&fake).unwrap(), None);
            step().undo(&mut fake, &before).unwrap();
            step().undo(&mut fake, &before).unwrap();
            assert_eq!(fake.firewalld_rules().unwrap(), found);
        }
    }

    #[test]
    fn a_machine_without_firewalld_has_nothing_to_do() {
        assert_eq!(step().check(&crate::host::fake::fresh()).unwrap(), None);
    }
}
