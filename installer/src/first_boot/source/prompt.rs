//! Whoever sits at a terminal and runs `landfall first-boot` by hand: the unit has no terminal.

use std::fmt::Write;

use super::{Found, Source};
use crate::error::Result;
use crate::first_boot::Policy;
use crate::host::Host;
use crate::secret::Secret;

/// What is asked, unless the policy says it: the key of a seed, and whether it is typed unseen.
const QUESTIONS: [(&str, &str, bool); 4] = [
    ("region", "region, such as eu-central-1", false),
    ("cluster", "cluster (empty for the default one)", false),
    ("activation-id", "activation id", false),
    ("activation-code", "activation code", true),
];

pub(super) fn look(host: &dyn Host, policy: &Policy) -> Result<Option<Found>> {
    let known = |key: &str| {
        (key == "region" && policy.region.is_some()) || (key == "cluster" && policy.cluster.is_some())
    };
    let mut seed = String::new();
    for (key, question, unseen) in QUESTIONS.into_iter().filter(|(key, ..)| !known(key)) {
        let Some(answer) = host.ask_person(question, unseen)? else { return Ok(None) };
        let answer = answer.expose().trim();
        if !answer.is_empty() {
            // A string of TOML, whatever was typed.
            let _ = writeln!(seed, "{key} = {}", toml::Value::from(answer));
        }
    }
    let place = "whoever sits at the terminal".to_owned();
    Ok(Some(Found { source: Source::Prompt, place, seed: Secret::new(seed), signature: None }))
}
