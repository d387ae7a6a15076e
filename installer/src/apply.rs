//! Carrying a plan out, and taking it back.
//!
//! For each step: look, write down what will be replaced, change. A step that needs nothing leaves no
//! trace. What happens is told as events; who shows them is `ui.rs`.

use std::time::Duration;

use serde::Serialize;

use crate::error::{Error, Result, While};
use crate::host::Host;
use crate::plan::{Item, Plan};
use crate::receipt::{Entry, Receipt, ReceiptOf};
use crate::step::{Before, Change, Context, Leftovers, Step, downloads, forget_folder};

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The change was made.
    Done,
    /// There was nothing to do.
    AlreadySo,
    /// It failed.
    Failed,
}

/// Something to tell.
#[derive(Debug)]
pub enum Event<'a, S = Step> {
    /// A step is about to act; what it replaces is written down.
    Begins(&'a Item<S>),
    /// A step ended.
    Ends {
        /// The step.
        item: &'a Item<S>,
        /// How.
        outcome: Outcome,
        /// After how long.
        time: Duration,
    },
    /// A change was taken back.
    Undone {
        /// The change.
        entry: &'a Entry<S>,
    },
}

/// Whoever listens to events.
pub type Listener<'a, S = Step> = dyn FnMut(Event<S>) + 'a;

/// Carries a plan out; returns how many steps changed something.
///
/// # Errors
/// The first step's that fails. The machine is then resumable, and can be undone from the receipt.
pub fn apply(host: &mut dyn Host, plan: &Plan, context: &Context, listen: &mut Listener) -> Result<usize> {
    Receipt::clear_up(host)?;
    let mut receipt = Receipt::read(host)?;
    retire(host, &mut receipt, listen)?;
    let changed = carry_out(host, plan, context, &mut receipt, listen)?;
    // They have served, also when an earlier run used them. One that nobody waited for may be under
    // way still: what stays goes with the next run.
    let _ = forget_folder(host, &downloads());
    Ok(changed)
}

/// Carries a plan out, on a machine of any system.
///
/// # Errors
/// As [`apply`].
pub fn carry_out<S: Change>(
    host: &mut S::Host<'_>,
    plan: &[Item<S>],
    context: &Context,
    receipt: &mut ReceiptOf<S>,
    listen: &mut Listener<S>,
) -> Result<usize> {
    // Downloads begin before the first step: they take longest, and need no step before them.
    plan.iter().try_for_each(|item| item.step.prefetch(host))?;
    let mut changed = 0;
    for item in plan {
        let began = S::machine(host).elapsed();
        let outcome = apply_one(host, item, context, receipt, listen);
        let time = S::machine(host).elapsed().saturating_sub(began);
        let told = *outcome.as_ref().unwrap_or(&Outcome::Failed);
        listen(Event::Ends { item, outcome: told, time });
        if outcome.while_doing(|| item.step.describe())? == Outcome::Done {
            changed += 1;
        }
    }
    Ok(changed)
}

/// Takes back what earlier versions of Landfall did and this one must not leave. The file makes the kernel's
/// setting at boot, before the rules that guard it. One that somebody edited since is his.
fn retire(host: &mut dyn Host, receipt: &mut Receipt, listen: &mut Listener) -> Result<()> {
    let is_retired = |entry: &Entry| entry.change.subject() == "file /etc/sysctl.d/90-landfall.conf";
    let Some(at) = receipt.entries.iter().position(is_retired) else { return Ok(()) };
    let entry = receipt.entries[at].clone();
    if !matches!(entry.change.check(host)?, None | Some(Before::Nothing)) {
        return Ok(());
    }
    entry.change.undo(host, &entry.replaced)?;
    receipt.forget(host, at)?;
    listen(Event::Undone { entry: &entry });
    Ok(())
}

fn apply_one<S: Change>(
    host: &mut S::Host<'_>,
    item: &Item<S>,
    context: &Context,
    receipt: &mut ReceiptOf<S>,
    listen: &mut Listener<S>,
) -> Result<Outcome> {
    let Some(before) = item.step.check(host)? else { return Ok(Outcome::AlreadySo) };
    receipt.record(S::machine_to_touch(host), &item.why, &item.step, before)?;
    listen(Event::Begins(item));
    item.step.apply(host, context)?;
    Ok(Outcome::Done)
}

/// Takes back everything in the receipt, the last change first. Stops at the first failure, and keeps
/// it and what came before it in the receipt: gates outlive packages, and data those who write it.
///
/// # Errors
/// The first change's that cannot be taken back.
pub fn undo<S: Change>(host: &mut S::Host<'_>, listen: &mut Listener<S>) -> Result<Leftovers> {
    let mut receipt = ReceiptOf::<S>::read(S::machine(host))?;
    let mut leftovers = Leftovers::new();
    while let Some(entry) = receipt.entries.last().cloned() {
        if let Err(e) = undo_last(host, &entry, &mut receipt, &mut leftovers) {
            // The next try knows nothing of these any more.
            leftovers.iter().for_each(|left| S::machine(host).tell(&format!("left: {left}")));
            return Err(stopped(e, &entry));
        }
        listen(Event::Undone { entry: &entry });
    }
    Ok(leftovers)
}

fn undo_last<S: Change>(
    host: &mut S::Host<'_>,
    entry: &Entry<S>,
    receipt: &mut ReceiptOf<S>,
    leftovers: &mut Leftovers,
) -> Result<()> {
    leftovers.extend(entry.change.undo(host, &entry.replaced)?);
    receipt.forget(S::machine_to_touch(host), receipt.entries.len() - 1)
}

fn stopped<S: Change>(mut e: Error, entry: &Entry<S>) -> Error {
    let mend = e.hint.take().unwrap_or_else(|| "mend the cause".into());
    e.while_doing(format!("taking back: {}", entry.change.describe()))
        .hint(format!("{mend}; then run 'landfall uninstall' again: it goes on from here"))
}
