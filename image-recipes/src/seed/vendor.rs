//! The user data for an untouched vendor image: cloud-init mounts the shared medium and runs Landfall from it.
//!
//! It is the same for every host and holds no secret. The seed's `landfall.toml` is read from its disk, mounted for
//! root alone; its keys are those of Landfall's configuration, so it is given as one.

use serde_json::json;

use super::fat::{BINARY, CIDATA};
use crate::render::yaml;

/// How often, and how many seconds apart, Landfall is run while it fails in a way that may pass.
const TRIES: u32 = 20;
const PAUSE: u32 = 30;

/// The user data.
#[must_use]
pub fn user_data() -> String {
    format!("#cloud-config\n{}", yaml::block(&json!({ "runcmd": [["sh", "-c", script()]] })))
}

/// `exec` because some systems mount without it; `umask` because FAT has no owners. Exit code 1 is a failure that
/// another run goes on after; any other is for a person.
fn script() -> String {
    let file = landfall_contract::seed::FILE;
    format!(
        "set -eu\n\
         umask 077\n\
         at=/run/landfall-seed\n\
         mkdir -p \"$at/binary\" \"$at/seed\"\n\
         trap 'umount \"$at/binary\" \"$at/seed\" 2>/dev/null || true; rmdir \"$at/binary\" \"$at/seed\" \"$at\" || true' EXIT\n\
         mount -t vfat -o ro,exec,umask=0077 LABEL={BINARY} \"$at/binary\"\n\
         mount -t vfat -o ro,noexec,umask=0077 LABEL={CIDATA} \"$at/seed\"\n\
         try=1\n\
         while :; do\n  \
           code=0\n  \
           \"$at/binary/landfall\" up --config \"$at/seed/{file}\" || code=$?\n  \
           [ \"$code\" -eq 1 ] && [ \"$try\" -lt {TRIES} ] || exit \"$code\"\n  \
           try=$((try + 1))\n  \
           sleep {PAUSE}\n\
         done\n"
    )
}
