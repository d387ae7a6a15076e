//! Credentials of AWS in the agents' way.

use super::{Code, Finding};
use crate::facts::Facts;
use crate::registration::CREDENTIALS;

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let about = |place: &String| {
        let remedy = if place.contains(CREDENTIALS) {
            "the SSM agent will write the role's credentials there; 'landfall uninstall' puts these back: keep them \
             under another profile's name meanwhile"
        } else {
            "take it out there: the agents are to use the registered identity alone"
        };
        Finding::new(
            Code::ForeignCredentials,
            format!("credentials that are not of this machine's identity lie in the agents' way: {place}"),
            remedy,
        )
    };
    facts.foreign_credentials.iter().map(about).collect()
}
