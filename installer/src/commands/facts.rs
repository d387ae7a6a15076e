//! `check --facts`: what this machine is, and whether it is supported, from the machine alone. And `--os-release`, which
//! answers for a machine of which only that file is known.

use std::path::Path;

use serde_json::{Value, json};

use super::{check, print_json};
use crate::error::Result;
use crate::facts::{Facts, Told};
use crate::findings::of_release;
use crate::host::Host;
use crate::recognition::{Recognised, recognised};

/// Prints the facts, of this machine or of a file, also where they are of a system that is refused.
///
/// # Errors
/// Exit code 2 when the release is refused, unknown, or its os-release broken.
pub fn run(host: &dyn Host, file: Option<&Path>, json: bool) -> Result<()> {
    let Some(file) = file else {
        let facts = Facts::gather_what_is_visible(host)?;
        let (release, outcome) = recognised(&facts.os, facts.os_release_broken.as_deref());
        print(&release, json!(facts), json);
        return outcome;
    };
    let told = Told::of_file(host, file);
    let (release, outcome) = recognised(&told.os, told.broken.as_deref());
    print(&release, json!(told), json);
    outcome
}

/// Prints what a file's release alone stands in the way with.
///
/// # Errors
/// Exit code 2 as `run`; 3 when something warns.
pub fn findings_of_file(host: &dyn Host, file: &Path, json: bool) -> Result<()> {
    let told = Told::of_file(host, file);
    let found = of_release(&told);
    check::print(&found, json);
    recognised(&told.os, told.broken.as_deref()).1?;
    check::conclude(&found)
}

fn print(release: &Recognised, facts: Value, json: bool) {
    if json {
        return print_json(&json!({"version": 1, "distro": release, "facts": facts}));
    }
    print!("{}", render(release, &facts));
}

/// The facts as people read them: what decides, a line each.
fn render(release: &Recognised, facts: &Value) -> String {
    let support = json!(release.support);
    let name = release.release.as_deref().unwrap_or("none");
    let mut rows = vec![("release", format!("{name} ({})", support.as_str().unwrap_or_default()))];
    rows.extend(release.name.clone().map(|name| ("system", name)));
    rows.extend(release.like.clone().map(|like| ("like", like)));
    rows.extend(release.end_of_life.clone().map(|end| ("support ends", end)));
    for (name, pointer) in [
        ("kernel", "/kernel_architecture"),
        ("programs", "/userland_architecture"),
        ("container", "/container"),
        ("cloud", "/environment/cloud"),
        ("hypervisor", "/environment/hypervisor"),
        ("immutable", "/environment/immutable"),
        ("immutable", "/immutable"),
        ("selinux", "/security/selinux"),
        ("docker", "/docker/version"),
        ("instance", "/registration/instance_id"),
    ] {
        let value = facts.pointer(pointer).and_then(Value::as_str);
        rows.extend(value.map(|value| (name, value.to_owned())));
    }
    rows.iter().map(|(name, value)| format!("{name:<13} {value}\n")).collect()
}
