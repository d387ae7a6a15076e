//! `install --root`: makes a tree that does not run an image of a machine that is Landfall's from its first boot on.
//!
//! Only files go in. Packages come at the first boot, where a package manager runs.

use std::path::{Path, PathBuf};

use landfall_contract::seal_list::{SEALED, Seal};
use serde_json::json;

use super::print_json;
use crate::cli::Options;
use crate::components::{at_boot, first_boot, guard, landfall, sealing, ssh_host_keys};
use crate::config;
use crate::elf;
use crate::error::{Error, Result, While};
use crate::facts::Told;
use crate::host::{EntryKind, Host};
use crate::offline;
use crate::plan::{Item, Plan, item};
use crate::recognition;
use crate::step::{Change, Folders, Step, WriteFile};
use crate::ui::Ui;

const CONFIGURATION: &str = "/etc/landfall/config.toml";
/// What tells which processor a system is for.
const PROGRAMS: [&str; 4] = ["usr/lib/systemd/systemd", "lib/systemd/systemd", "usr/bin/bash", "bin/bash"];

/// Puts Landfall into a tree.
///
/// # Errors
/// Refused, with nothing touched, where the tree holds no supported system, or a link is in the way.
pub fn run(
    host: &mut dyn Host,
    root: &Path,
    flags: &Options,
    config: Option<&Path>,
    json: bool,
) -> Result<()> {
    let policy = config::policy(host, flags)?;
    if (Options { policy: None, ..flags.clone() }) != Options::default() {
        return Err(Error::refused(
            "with --root, what the image is to know comes from a file, not from flags",
        )
        .hint("write the options as keys into a file, and give that as --config FILE"));
    }
    let root = root_of(host, root)?;
    let distro = {
        let told = Told::of_file(host, &os_release(host, &root)?);
        recognition::distro(&told.os, told.broken.as_deref())?
    };
    must_fit(host, &root)?;
    let mut plan = Plan::new();
    plan.extend(landfall::steps());
    plan.extend(guard::itself());
    plan.extend(first_boot::steps(policy.as_ref()));
    plan.extend(configuration(host, config)?);
    plan.extend(sealing::steps());
    plan.extend(ssh_host_keys::steps());
    plan.extend(at_boot::of_landfall());
    plan.extend(mark());
    let ui = Ui::new(host.env("NO_COLOR").is_some(), host.progress());
    let mut told = Vec::new();
    let changed = offline::apply(host, &root, &plan, &mut |item, outcome| {
        ui.line(outcome, "", &item.step.describe());
        told.push(json!({"subject": item.step.subject(), "why": item.why, "outcome": outcome}));
    })?;
    host.sync_all()?;
    if json {
        print_json(&json!({"version": 1, "result": "done", "root": root, "changed": changed, "steps": told}));
    }
    host.tell(&format!("{} boots as a first boot of {}", root.display(), distro.name));
    Ok(())
}

/// The running machine is not a tree to put files into behind its back.
fn root_of(host: &dyn Host, given: &Path) -> Result<PathBuf> {
    let root = host.resolve(given)?.ok_or_else(|| {
        Error::refused(format!("there is no folder {}", given.display())).hint("mount the system there first")
    })?;
    if root == Path::new("/") {
        return Err(Error::refused("--root is for a system that does not run, and / is this machine's own")
            .hint("run 'landfall install' without --root"));
    }
    Ok(root)
}

fn os_release(host: &dyn Host, root: &Path) -> Result<PathBuf> {
    let found = file_of(host, root, &["etc/os-release", "usr/lib/os-release"])?;
    found.ok_or_else(|| {
        let what =
            format!("{} holds no system: neither etc/os-release nor usr/lib/os-release", root.display());
        Error::refused(what).hint("mount the root file system there first")
    })
}

/// A program for another processor would not start at the first boot, with nobody there to be told. A tree without
/// any of these programs is not judged.
fn must_fit(host: &dyn Host, root: &Path) -> Result<()> {
    let machine = |program: &Path| -> Result<Option<&'static str>> {
        let head = host.read_head(program, elf::HEAD)?.unwrap_or_default();
        Ok(elf::machine(&head))
    };
    let Some(program) = file_of(host, root, &PROGRAMS)? else { return Ok(()) };
    match machine(&host.own_program()?)?.zip(machine(&program)?) {
        Some((own, its)) if own != its => Err(Error::refused(format!(
            "{} holds a system for {its}, and this landfall is for {own}",
            root.display()
        ))
        .hint(format!("run the landfall that is built for {its}"))),
        _ => Ok(()),
    }
}

/// The first of these places of a tree that is a file itself: a link might lead anywhere.
fn file_of(host: &dyn Host, root: &Path, places: &[&str]) -> Result<Option<PathBuf>> {
    for place in places {
        let path = root.join(place);
        let above = host.resolve(path.parent().unwrap_or(root))?;
        let is_inside = above.is_some_and(|above| above.starts_with(root));
        if is_inside && host.stat(&path)?.is_some_and(|stat| stat.kind == EntryKind::File) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// The file is read as a run would read it, and must hold no activation: that would be in every clone.
fn configuration(host: &dyn Host, file: Option<&Path>) -> Result<Vec<Item>> {
    let Some(file) = file else { return Ok(Vec::new()) };
    let options = config::file(host, Some(file))?;
    let content = String::from_utf8(host.read(file)?.unwrap_or_default())
        .map_err(|e| Error::refused(e.to_string()))
        .while_doing(|| format!("reading {}", file.display()))?;
    let given = [
        ("activation-id", options.activation_id.is_some()),
        ("activation-code", options.activation_code.is_some()),
        ("activation-file", options.activation_file.is_some()),
    ];
    if let Some((key, _)) = given.into_iter().find(|(_, given)| *given) {
        let what = format!("{} sets {key}, which would be in every clone", file.display());
        return Err(Error::refused(what)
            .hint("take it out: a clone gets its activation from a seed, at its first boot"));
    }
    let path = PathBuf::from(CONFIGURATION);
    Ok(vec![
        item(
            "people and whoever provisions machines keep what is Landfall's in this folder",
            Step::Folders(Folders { paths: vec!["/etc/landfall".into()], mode: 0o755, only_if_empty: true }),
        ),
        item(
            "the first boot takes region, cluster and all else from here that its seed does not name",
            Step::WriteFile(WriteFile { path, content, mode: 0o600 }),
        ),
    ])
}

/// Last: a tree that was left half-way has no first boot.
fn mark() -> [Item; 1] {
    let content = format!("{}\n", json!(Seal { version: 1, ..Seal::default() }));
    [item(
        "the first boot of this tree installs, registers and starts everything",
        Step::WriteFile(WriteFile { path: SEALED.into(), content, mode: 0o600 }),
    )]
}

#[cfg(test)]
mod tests;
