//! What a machine carries so that others who make an image of it do Landfall's part too.
//!
//! cloud-init's own `clean` is what image makers run, and it calls the scripts of a folder. And presets decide about
//! units on a machine whose machine-id is missing: which `landfall seal` never leaves, but other tools do.

use std::path::PathBuf;

use super::landfall::PROGRAM;
use crate::host::SEALING;
use crate::plan::{Item, item};
use crate::step::{Folders, Step, WriteFile};

/// cloud-init runs what is in this folder, in the order of names: from version 22.3 on.
const CLEANERS: &str = "/etc/cloud/clean.d";
/// The script in it.
pub const HOOK: &str = "/etc/cloud/clean.d/50-landfall";
const PRESETS: &str = "/etc/systemd/system-preset";
const PRESET: &str = "/etc/systemd/system-preset/80-landfall.preset";

pub(crate) fn steps() -> [Item; 4] {
    [
        item(
            "cloud-init calls scripts of this folder when somebody makes an image, also where it is installed later",
            folders(&["/etc/cloud", CLEANERS]),
        ),
        item(
            "'cloud-init clean' makes the next boot a first boot, so it must leave no identity of the agents either",
            Step::WriteFile(WriteFile { path: PathBuf::from(HOOK), content: hook(), mode: 0o755 }),
        ),
        item("presets are looked for in this folder", folders(&[PRESETS])),
        item(
            "a boot without any machine-id sets all units to their presets, which would turn these off",
            Step::WriteFile(WriteFile { path: PathBuf::from(PRESET), content: preset().into(), mode: 0o644 }),
        ),
    ]
}

/// Whoever runs `cloud-init clean` asks for a machine that is nobody yet: that is the confirmation that the flag is.
fn hook() -> String {
    format!(
        "#!/bin/sh\n\
         # Written by Landfall. Called by 'cloud-init clean'.\n\
         [ -z \"${SEALING}\" ] || exit 0\n\
         [ -x {PROGRAM} ] || exit 0\n\
         exec {PROGRAM} seal --only-landfall --forget-identity\n"
    )
}

/// Only Landfall's own: those of Docker and of the agents are enabled by the first boot, and a preset for them would have
/// their rpm packages enable them while they are installed, which nothing takes back.
fn preset() -> &'static str {
    "# Written by Landfall.\nenable landfall-*\n"
}

/// Somebody may install cloud-init later: a folder that has more in it stays.
fn folders(paths: &[&str]) -> Step {
    Step::Folders(Folders {
        paths: paths.iter().map(PathBuf::from).collect(),
        mode: 0o755,
        only_if_empty: true,
    })
}
