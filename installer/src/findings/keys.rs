//! Pinned keys that come to their end.

use jiff::Timestamp;

use super::{Code, Finding};
use crate::plan::Plan;
use crate::signature::ending;
use crate::step::Step;

/// Said in time where packages of AWS will not be taken any more.
#[must_use]
pub fn findings(plan: &Plan, now: Timestamp) -> Option<Finding> {
    let installs = plan.iter().any(|item| matches!(item.step, Step::InstallPackages(_)));
    let sentence = ending(now).filter(|_| installs)?;
    Some(Finding::new(Code::SigningKeyEnds, sentence, "get a later Landfall"))
}
