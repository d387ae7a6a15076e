//! `guard`: what Landfall's own unit calls at each boot, and whenever an agent is started, before any agent.
//!
//! An error keeps both agents down, since their units require this one. So it is an error that this is a copy, or
//! that nobody can tell, and none that the disk is full: a machine that is not a copy starts its agents.

use std::path::Path;

use landfall_contract::policy::{OnCopy, PATH};

use crate::error::Result;
use crate::first_boot::policy;
use crate::guard::relinquishment::{self, Next};
use crate::guard::{self, Quarantine, Verdict};
use crate::host::Host;
use crate::registration::{self, Registration};
use crate::step::MARKER;

/// Compares, and keeps a copy's agents down. It does not take the lock of a whole run, which starts agents
/// itself.
///
/// # Errors
/// When this is a copy, or nobody can tell.
pub fn run(host: &mut dyn Host) -> Result<()> {
    relinquishment::finish(host)?;
    if host.stat(Path::new(MARKER))?.is_none() {
        return Ok(());
    }
    let Some(registration) = registration::read(host)? else { return Ok(()) };
    match guard::verdict(host, &registration)? {
        None => first_look(host, &registration),
        Some(Verdict::Same) => {}
        Some(Verdict::Changed(record)) => {
            let written = record.write(host);
            tell_failure(host, written, "what is new about this machine was not recorded");
        }
        Some(Verdict::Copy(reasons)) => return stop(host, &registration, reasons),
        Some(Verdict::Unknown(why)) => {
            let quarantine = Quarantine::of_unknown(host, &registration.instance_id, why)?;
            return keep_down(host, &quarantine);
        }
    }
    match guard::lift(host) {
        Ok(true) => host.tell("this is the machine that was registered: the quarantine is over"),
        lifted => tell_failure(host, lifted.map(drop), "an earlier quarantine still shows"),
    }
    Ok(())
}

/// An earlier Landfall registered it, or somebody did by other means.
fn first_look(host: &mut dyn Host, registration: &Registration) {
    let kept = guard::keep(host, registration);
    if kept.is_ok() {
        host.tell(&format!(
            "this machine is taken for the one that was registered as {}, since there was no record of it; from now \
             on it is compared",
            registration.instance_id
        ));
    }
    tell_failure(host, kept, "this machine was not recorded");
}

fn stop(host: &mut dyn Host, registration: &Registration, reasons: Vec<String>) -> Result<()> {
    let id = &registration.instance_id;
    if on_copy(host) == OnCopy::NewIdentity {
        relinquishment::relinquish(host, id, Next::FirstBoot)?;
        host.tell(&format!(
            "this machine is a copy of {id}: {}; it gave that identity up, as its policy has it, and gets one of its \
             own at its first boot",
            reasons.join("; ")
        ));
        return Ok(());
    }
    let quarantine = Quarantine::of_copy(host, id, reasons)?;
    keep_down(host, &quarantine)
}

fn keep_down(host: &mut dyn Host, quarantine: &Quarantine) -> Result<()> {
    let imposed = guard::impose(host, quarantine);
    tell_failure(host, imposed, "the quarantine was not written down");
    Err(guard::refusal(quarantine))
}

/// A policy that cannot be read is not known to ask for more than a quarantine.
fn on_copy(host: &dyn Host) -> OnCopy {
    policy::load(host).map_or_else(
        |e| {
            host.tell(&format!("{PATH} is broken, and does not count: {}", e.what));
            OnCopy::default()
        },
        |policy| policy.on_copy,
    )
}

fn tell_failure(host: &dyn Host, outcome: Result<()>, what: &str) {
    if let Err(e) = outcome {
        host.tell(&format!("{what}: {}", e.what));
    }
}
