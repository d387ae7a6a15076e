//! What a plan would change on this machine, told before anything is touched.
//!
//! Each step is looked at as [`apply`](crate::apply::apply) looks at it before it acts, but all of them now. A step
//! whose answer hangs on one before it that is still to be done is not asked: it is unknown, and that is said. So what
//! is told comes true, and no package manager is asked for what its lists do not have yet.

use serde::Serialize;

use crate::error::{Result, While};
use crate::host::Host;
use crate::plan::Plan;
use crate::step::{Change, Step};

/// What a step would come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Foreseen {
    /// Nothing is to be done.
    AlreadySo,
    /// It would change something.
    ToDo,
    /// A step before it decides, or only root may look.
    Unknown,
}

/// What each step of a plan would come to, in its order.
///
/// # Errors
/// Where a step would end `up` before it acts: what it has to look at cannot be looked at, or speaks against it.
pub fn foresee(host: &dyn Host, plan: &Plan) -> Result<Vec<Foreseen>> {
    let mut open: Vec<&Step> = Vec::new();
    let mut all = Vec::new();
    for step in plan.iter().map(|item| &item.step) {
        let foreseen = if open.iter().any(|earlier| step.hangs_on(earlier)) {
            Foreseen::Unknown
        } else {
            look(host, step)?
        };
        if foreseen != Foreseen::AlreadySo {
            open.push(step);
        }
        all.push(foreseen);
    }
    Ok(all)
}

fn look(host: &dyn Host, step: &Step) -> Result<Foreseen> {
    match step.check(host) {
        Ok(None) => Ok(Foreseen::AlreadySo),
        Ok(Some(_)) => Ok(Foreseen::ToDo),
        Err(_) if !host.is_root() => Ok(Foreseen::Unknown),
        Err(e) => Err(e).while_doing(|| step.describe()),
    }
}
