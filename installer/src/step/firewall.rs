//! Chains of our own in the firewall, and the kernel setting that is safe only behind them.
//!
//! One step and not two, because their order is what protects: the rules stand before the setting is made,
//! and the setting goes before they do. Undo puts back the setting that was found even if it is another by
//! now: the ECS agent resets it whenever it stops.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Before, Leftovers, Sysctl};
use crate::error::{Error, Result};
use crate::host::{Command, Family, Host};
use crate::rule_set::{Chain, container_bridges, difference, has_agents_rules, removal};

/// Somebody else may change the firewall between our look and our change, which then fails.
const ATTEMPTS: u32 = 3;
/// The timer, the ECS agent's unit and a run may all be at it at the same moment: two that look before either
/// changes would both add the same jump.
const LOCK: &str = "/run/landfall-firewall.lock";
const PATIENCE: Duration = Duration::from_secs(5);

/// A set of chains in both families, and the setting behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firewall {
    /// For IPv4.
    pub ipv4: Vec<Chain>,
    /// For IPv6, where the machine has it.
    pub ipv6: Vec<Chain>,
    /// The setting.
    pub opens: Sysctl,
}

impl Firewall {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let setting = self.opens.current(host)?;
        let saved = host.firewall(Family::Ipv4)?;
        let bridges = bridges(host)?;
        let stands = |saved: &Option<String>, chains: &[Chain], absent: bool| match saved {
            Some(saved) => difference(saved, chains, &bridges).is_none(),
            None => absent,
        };
        if setting == self.opens.value
            && stands(&saved, &self.ipv4, false)
            && stands(&look(host, Family::Ipv6)?, &self.ipv6, true)
        {
            return Ok(None);
        }
        let agents_rules = saved.as_deref().is_some_and(has_agents_rules);
        Ok(Some(Before::Firewall { setting, agents_rules }))
    }

    pub(super) fn apply(&self, host: &mut dyn Host) -> Result<()> {
        alone(host, &mut |host| self.bring_both(host))?;
        if self.opens.current(host)? == self.opens.value { Ok(()) } else { self.opens.apply(host) }
    }

    fn bring_both(&self, host: &mut dyn Host) -> Result<()> {
        bring(host, Family::Ipv4, &|saved, bridges| difference(saved, &self.ipv4, bridges))?;
        // Without it credentials are as safe as with it: it is no reason to stop, as it is none for the agent.
        if let Err(e) = bring(host, Family::Ipv6, &|saved, bridges| difference(saved, &self.ipv6, bridges)) {
            host.tell(&format!("the ECS agent's port 51678 is open to the network over IPv6: {}", e.what));
        }
        Ok(())
    }

    /// The ECS agent deletes one set of its own rules when it is stopped, but none when it is killed:
    /// where none of them stood before, what is left of them goes too.
    pub(super) fn undo(&self, host: &mut dyn Host, before: &Before) -> Result<Leftovers> {
        let Before::Firewall { setting, agents_rules } = before else { return Ok(Leftovers::new()) };
        if self.opens.current(host)? != *setting {
            host.set_kernel(&self.opens.key, setting)?;
        }
        for (family, chains) in [(Family::Ipv4, &self.ipv4), (Family::Ipv6, &self.ipv6)] {
            if look(host, family)?.is_some() {
                alone(host, &mut |host| {
                    bring(host, family, &|saved, _| removal(saved, chains, !agents_rules))
                })?;
            }
        }
        Ok(Leftovers::new())
    }

    /// The chains' names.
    pub(super) fn names(&self) -> String {
        self.ipv4.iter().map(|chain| chain.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// A firewall for IPv6 that cannot be read is as good as none, as for the agent.
fn look(host: &dyn Host, family: Family) -> Result<Option<String>> {
    match host.firewall(family) {
        Err(_) if family == Family::Ipv6 => Ok(None),
        looked => looked,
    }
}

/// Works while no other Landfall is at the firewall, as far as that can be had in a short time.
fn alone(host: &mut dyn Host, work: &mut dyn FnMut(&mut dyn Host) -> Result<()>) -> Result<()> {
    let (lock, started) = (Path::new(LOCK), host.elapsed());
    while host.lock(lock)?.is_some() && host.elapsed() - started < PATIENCE {
        host.sleep(Duration::from_millis(20));
    }
    let done = work(host);
    host.unlock(lock);
    done
}

type Change<'a> = &'a dyn Fn(&str, &[String]) -> Option<String>;

/// Looks, and changes until a look finds nothing to change.
fn bring(host: &mut dyn Host, family: Family, change: Change) -> Result<()> {
    let bridges = bridges(host)?;
    for attempt in 1.. {
        let Some(saved) = host.firewall(family)? else { return missing(family) };
        let Some(rules) = change(&saved, &bridges) else { return Ok(()) };
        let output = host.run(&Command::RestoreRules { family, rules })?;
        if output.ok() {
            return Ok(());
        }
        if attempt == ATTEMPTS {
            return Err(Error::failed(format!("{family} refused the rules: {}", output.tail()))
                .hint(format!("see that the kernel's filter and nat tables work: '{family}-save'")));
        }
    }
    Ok(())
}

fn missing(family: Family) -> Result<()> {
    match family {
        Family::Ipv4 => {
            Err(Error::failed("there is no iptables here to protect the credentials endpoint with")
                .hint("install the package iptables"))
        }
        Family::Ipv6 => Ok(()),
    }
}

fn bridges(host: &dyn Host) -> Result<Vec<String>> {
    Ok(container_bridges(&host.list(Path::new("/sys/class/net"))?))
}
