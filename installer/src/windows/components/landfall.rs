//! Landfall itself: its program, and the service that goes on after a restart and at a first boot.

use std::path::PathBuf;

use crate::plan::{Item, item};
use crate::step::InstallProgram;
use crate::windows::door::{Definition, Start};
use crate::windows::places::{OWN_SERVICE, PROGRAM};
use crate::windows::step::{ServiceStep, Step};

/// What brings Landfall.
pub fn steps() -> Vec<Item<Step>> {
    let definition = Definition {
        display: "Landfall".into(),
        description: "Goes on with what Landfall began before a restart, and gives a new copy of an image its own identity."
            .into(),
        program: PathBuf::from(PROGRAM),
        arguments: vec!["service".into()],
        after: Vec::new(),
    };
    vec![
        item(
            "the service below, and whoever looks after this machine, need the program at a place that stays",
            Step::InstallProgram(InstallProgram { path: PathBuf::from(PROGRAM) }),
        ),
        item(
            "Windows has to be restarted on the way, and somebody has to go on then",
            Step::Service(ServiceStep {
                service: OWN_SERVICE.into(),
                made_from: Some(definition),
                brought: false,
                start: Some(Start::Automatic),
                running: None,
                recovery: None,
            }),
        ),
    ]
}
