//! The feature of Windows without which there are no containers.

use std::path::PathBuf;

use crate::plan::{Item, item};
use crate::step::WriteFile;
use crate::windows::door::Feature;
use crate::windows::facts::Facts;
use crate::windows::places::RESUME;
use crate::windows::step::{EnableFeature, Step};

/// Its name, in DISM's words.
pub const FEATURE: &str = "Containers";

/// What brings it.
pub fn steps(facts: &Facts, choices: &str) -> Vec<Item<Step>> {
    let mut steps = Vec::new();
    if facts.containers != Feature::Enabled {
        steps.push(item(
            "what was chosen has to outlive a restart; an activation is not among it, only where its file is",
            Step::WriteFile(WriteFile {
                path: PathBuf::from(RESUME),
                content: choices.to_owned(),
                mode: 0o600,
            }),
        ));
    }
    steps.push(item(
        "Windows runs containers only with this feature; it may ask for a restart, after which Landfall goes on",
        Step::EnableFeature(EnableFeature { feature: FEATURE.into() }),
    ));
    steps
}
