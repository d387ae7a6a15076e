//! `identity show`, `accept`, `renew`: a person settles whether this is the machine that was registered.
//!
//! None of them says anything to AWS about the identity that was copied: the original uses it.

use std::path::Path;

use serde_json::json;

use super::{LOCK, must_be_alone, must_be_root, print_json, up};
use crate::cli::Options;
use crate::components::{ecs_agent, guard as unit, ssm_agent};
use crate::error::{Error, Kind, Result};
use crate::facts::Facts;
use crate::guard::relinquishment::{self, Next};
use crate::guard::{self, Marks, Record, Today, Verdict};
use crate::host::{Command, Host, UnitVerb};
use crate::plan::Goal;
use crate::registration::{self, Registration};
use crate::step::MARKER;

/// Prints both sides of the comparison.
///
/// # Errors
/// Exit code 3 where this is a copy.
pub fn show(host: &dyn Host, json: bool) -> Result<()> {
    must_be_root(host)?;
    let registration = registered(host)?;
    let (then, today) = (guard::recorded(host, &registration)?, Today::look(host)?.machine);
    let standing = guard::standing(host)?;
    if json {
        let from_uuid = today.machine_id_is_product_uuid();
        print_json(&json!({
            "version": 1, "registration": registration, "quarantine": standing, "recorded": then,
            "today": today, "machine_id_is_product_uuid": from_uuid,
        }));
    } else {
        println!("instance       {} in {}", registration.instance_id, registration.region);
        print!("{}", table(then.as_ref(), &today));
    }
    match standing {
        None => Ok(()),
        Some(it) => {
            let (what, hint) = (it.sentence(), Some(guard::HINT.to_owned()));
            Err(Error { kind: Kind::Problems, what, doing: Vec::new(), hint })
        }
    }
}

/// Takes the machine as it is now for the one that was registered, and starts its agents.
///
/// # Errors
/// When it is not registered, or AWS would not take it for that machine.
pub fn accept(host: &mut dyn Host) -> Result<()> {
    must_be_root(host)?;
    must_be_alone(host)?;
    let registration = registered(host)?;
    if let Some(id) = relinquishment::begun(host)? {
        return Err(Error::refused(format!("{id} is being given up, and part of it is gone"))
            .hint("'landfall identity renew' goes on"));
    }
    let verdict = guard::verdict(host, &registration)?;
    let reasons = match verdict {
        Some(Verdict::Copy(reasons)) => reasons,
        Some(Verdict::Unknown(why)) => vec![why],
        Some(Verdict::Same | Verdict::Changed(_)) | None => Vec::new(),
    };
    if !reasons.is_empty() {
        must_be_bound_to_this_machine_id(host, &registration)?;
        Record::take(host, &registration)?.write(host)?;
        reasons.iter().for_each(|reason| host.tell(&format!("accepted: {reason}")));
    }
    let was_quarantined = guard::lift(host)?;
    if !was_quarantined && reasons.is_empty() {
        host.tell("nothing to do: this is the machine that was registered");
        return Ok(());
    }
    start_agents(host)?;
    host.tell(&format!("this machine is {} from now on", registration.instance_id));
    Ok(())
}

/// Gives the copied identity up, and takes one of its own where there is an activation for it.
///
/// # Errors
/// When this is no copy, or the registration fails: then the identity is gone, and `register` goes on.
pub fn renew(host: &mut dyn Host, options: Options, force: bool, json: bool) -> Result<()> {
    must_be_root(host)?;
    must_be_alone(host)?;
    let copied = match relinquishment::begun(host)? {
        Some(_) => None,
        None => Some(registered(host)?),
    };
    if !force && guard::standing(host)?.is_none() && other_machine_id(host)?.is_none() {
        return Err(no_copy(copied.as_ref()));
    }
    let given = options.activation_file.is_some() || options.activation_id.is_some();
    for agent in [ecs_agent::UNIT, ssm_agent::UNIT] {
        systemctl(host, UnitVerb::Stop, agent)?;
    }
    if let Some(it) = &copied {
        let next = if given { Next::Registration } else { Next::FirstBoot };
        relinquishment::relinquish(host, &it.instance_id, next)?;
        host.tell(&format!("{} was given up here; whoever else is it keeps it", it.instance_id));
    }
    relinquishment::finish(host)?;
    if !given {
        host.tell("an identity of its own comes with 'landfall register', or at the next boot from a seed");
        return Ok(());
    }
    host.unlock(Path::new(LOCK));
    let region = options.region.clone().or(copied.map(|it| it.region));
    up::run(host, &Options { region, ..options }, Goal::Register, json)
}

fn registered(host: &dyn Host) -> Result<Registration> {
    registration::read(host)?.ok_or_else(|| {
        Error::refused("this machine is not registered, so there is nothing that it could be a copy of")
            .hint("'landfall up' registers it")
    })
}

/// AWS would refuse the agent's credentials, whatever is accepted here.
fn must_be_bound_to_this_machine_id(host: &dyn Host, registration: &Registration) -> Result<()> {
    let Some((bound, own)) = other_machine_id(host)? else { return Ok(()) };
    Err(Error::refused(format!(
        "AWS knows {} by the machine-id {bound}, and this machine has {own}",
        registration.instance_id
    ))
    .hint(format!(
        "write {bound} to /etc/machine-id and start the machine again, or give it an identity of its own: 'landfall \
         identity renew'"
    )))
}

/// The machine-id that the SSM agent's fingerprint is bound to, and this machine's, where they differ.
fn other_machine_id(host: &dyn Host) -> Result<Option<(String, String)>> {
    let facts = Facts::gather(host)?;
    Ok(facts.agent_files.fingerprint_of.zip(facts.machine_id).filter(|(bound, own)| bound != own))
}

/// The guard first: it looks again, and lets them.
fn start_agents(host: &mut dyn Host) -> Result<()> {
    let units = host.units(&[unit::UNIT, ssm_agent::UNIT, ecs_agent::UNIT])?;
    let names = [unit::UNIT, ssm_agent::UNIT, ecs_agent::UNIT];
    let marked = host.stat(Path::new(MARKER))?.is_some();
    for (name, state) in names.into_iter().zip(units).filter(|(_, state)| marked && state.enabled) {
        if state.failed {
            systemctl(host, UnitVerb::ResetFailed, name)?;
        }
        if !state.active {
            systemctl(host, UnitVerb::Start, name)?;
        }
    }
    Ok(())
}

fn systemctl(host: &mut dyn Host, verb: UnitVerb, unit: &str) -> Result<()> {
    if host
        .units(&[unit])?
        .first()
        .is_some_and(|state| verb == UnitVerb::Stop && !state.active && !state.changing)
    {
        return Ok(());
    }
    let output = host.run(&Command::Unit(verb, vec![unit.to_owned()]))?;
    if output.ok() {
        return Ok(());
    }
    Err(Error::failed(format!("systemctl failed for {unit}: {}", output.tail()))
        .hint(format!("see 'journalctl -u {unit}'; then run 'landfall up'")))
}

fn no_copy(own: Option<&Registration>) -> Error {
    let id = own.map_or("its identity", |it| it.instance_id.as_str());
    Error::refused(format!("nothing shows that this machine is a copy: it is {id}"))
        .hint("where you know better, add --force: what AWS knows of it stays there, for the other machine")
}

fn table(then: Option<&Record>, today: &Marks) -> String {
    let recorded = then.map(|it| &it.machine);
    let text = |field: &dyn Fn(&Marks) -> Option<String>| {
        let shown = |marks: Option<&Marks>| marks.and_then(field).unwrap_or_else(|| "-".into());
        (shown(recorded), shown(Some(today)))
    };
    let cards = |marks: &Marks| {
        let cards: Vec<&str> = marks.mac_addresses.iter().map(String::as_str).collect();
        Some(cards.join(" ")).filter(|text| !text.is_empty())
    };
    let rows = [
        ("machine-id", text(&|it| it.machine_id.clone())),
        ("product UUID", text(&|it| it.product_uuid.clone())),
        ("network cards", text(&cards)),
        ("generation", text(&|it| it.generation.clone())),
    ];
    let mut lines = String::new();
    for (name, (then, now)) in rows {
        let today = if then == now { "the same".to_owned() } else { now };
        lines += &format!("{name:<14} recorded {then}\n{:<14} today    {today}\n", "");
    }
    if then.is_none() {
        lines += "there is no record of this machine: the guard makes one when an agent starts next\n";
    }
    if today.machine_id_is_product_uuid() {
        lines += "the machine-id was taken from the product UUID: a copy under the same UUID may get the same one\n";
    }
    lines
}
