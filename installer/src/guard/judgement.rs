//! The judgement, over what was recorded and what is there today. Pure.
//!
//! | product UUID | network cards | it is |
//! |---|---|---|
//! | the same | one of them the same | the machine |
//! | the same | all others | bare metal: the machine, with new cards; else a copy under an equal UUID |
//! | another | one of them the same | bare metal: the machine, with a new board; else a copy |
//! | another | all others, or none to see | a copy |
//! | not to see | all others | a copy |
//! | not to see, or the same | none to see, or one of them the same | the machine |
//!
//! A card of real hardware cannot be in two machines, so it vouches; a virtual one's address is a line in a
//! file. Hypervisors give what they copy a new UUID, and what they move keeps it. A machine-id is on the disk:
//! the same one proves nothing, another one is always another machine, to AWS too, since the SSM agent's
//! fingerprint is bound to it.

use std::collections::BTreeSet;

use super::record::{Marks, Record};
use super::uuid::{are_one, naming};
use crate::error::Result;
use crate::facts;
use crate::host::Host;

/// The machine as it is today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Today {
    /// What it is known by.
    pub machine: Marks,
    /// Whether it is a virtual machine or a container, whose cards are made of nothing.
    pub is_virtual: bool,
}

impl Today {
    /// Looks at the machine.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn look(host: &dyn Host) -> Result<Self> {
        let in_container = facts::container(host)?.is_some();
        let is_virtual = in_container || facts::is_virtual_machine(host)?;
        Ok(Self { machine: Marks::look(host, in_container)?, is_virtual })
    }
}

/// What it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The machine that was registered.
    Same,
    /// That machine, and something about it is new: the record as it should be from now on.
    Changed(Record),
    /// A copy of it, for these reasons, a sentence each.
    Copy(Vec<String>),
    /// Nobody can tell, for this reason: there is a record, and it cannot be compared. Never taken for a copy,
    /// because a copy may give its identity up.
    Unknown(String),
}

/// How something of today stands to what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    Same,
    Other,
    /// One of both is not to be seen, which is the case early in a boot, and proves nothing.
    Unseen,
}

/// Decides.
#[must_use]
pub fn judge(record: &Record, today: &Today) -> Verdict {
    let reasons = reasons(record, today);
    if !reasons.is_empty() {
        return Verdict::Copy(reasons);
    }
    let learned = learned(record, &today.machine);
    if learned == *record { Verdict::Same } else { Verdict::Changed(learned) }
}

fn reasons(record: &Record, today: &Today) -> Vec<String> {
    use Compared::{Other, Same, Unseen};
    let (then, now) = (&record.machine, &today.machine);
    let (board, cards) = (boards(then, now), cards(then, now));
    let (by_board, by_cards) = match (board, cards) {
        (Other, Other) => (true, true),
        (Other, Same) => (today.is_virtual, false),
        (Other, Unseen) => (true, false),
        (Same, Other) => (false, today.is_virtual),
        (Unseen, Other) => (false, true),
        (Same | Unseen, Same | Unseen) => (false, false),
    };
    let shown = |id: &Option<String>| id.clone().unwrap_or_else(|| "unknown".into());
    let mut reasons = Vec::new();
    if by_board {
        let (then, now) = (shown(&then.product_uuid), shown(&now.product_uuid));
        reasons.push(format!("its product UUID was {then} when it was registered, and is {now}"));
    }
    if by_cards {
        let (then, now) = (list(&then.mac_addresses), list(&now.mac_addresses));
        reasons.push(format!("none of its network cards is one of then: they were {then}, and are {now}"));
    }
    if machine_ids(then, now) == Other {
        let (was, is) = (shown(&then.machine_id), shown(&now.machine_id));
        let source = if record.machine_id_is_product_uuid && now.machine_id_is_product_uuid() {
            " (both taken from the product UUID)"
        } else {
            ""
        };
        reasons.push(format!("its machine-id was {was} when it was registered, and is {is}{source}"));
    }
    reasons
}

fn boards(then: &Marks, now: &Marks) -> Compared {
    let seen = |marks: &Marks| marks.product_uuid.as_deref().and_then(naming);
    compared(seen(then).zip(seen(now)), |then, now| are_one(then, now))
}

fn cards(then: &Marks, now: &Marks) -> Compared {
    let seen = |marks: &Marks| Some(marks.mac_addresses.clone()).filter(|cards| !cards.is_empty());
    compared(seen(then).zip(seen(now)), |then, now| !then.is_disjoint(now))
}

fn machine_ids(then: &Marks, now: &Marks) -> Compared {
    compared(then.machine_id.as_ref().zip(now.machine_id.as_ref()), |then, now| then == now)
}

fn compared<T>(both: Option<(T, T)>, are_one: impl Fn(&T, &T) -> bool) -> Compared {
    match both {
        None => Compared::Unseen,
        Some((then, now)) if are_one(&then, &now) => Compared::Same,
        Some(_) => Compared::Other,
    }
}

/// What was seen once stays known: a card whose driver is late today would be missed tomorrow.
fn learned(record: &Record, now: &Marks) -> Record {
    let then = &record.machine;
    let newer = |then: &Option<String>, now: &Option<String>| now.clone().or_else(|| then.clone());
    let same_board = boards(then, now) == Compared::Same;
    let marks = Marks {
        machine_id: newer(&then.machine_id, &now.machine_id),
        product_uuid: if same_board {
            then.product_uuid.clone()
        } else {
            newer(&then.product_uuid, &now.product_uuid)
        },
        mac_addresses: then.mac_addresses.union(&now.mac_addresses).cloned().collect(),
        generation: newer(&then.generation, &now.generation),
    };
    Record { machine: marks, ..record.clone() }
}

fn list(cards: &BTreeSet<String>) -> String {
    cards.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
