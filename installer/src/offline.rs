//! Putting files into a system that does not run: a mounted tree, or the tree that an image is made of.
//!
//! The steps are those of a machine that runs, with their paths moved below the tree's root, and they are written
//! down in the tree's own receipt. Nothing is run there, no service is asked, and no link is followed: a tree
//! may hold links that lead out of it.

use std::path::{Component, Path, PathBuf};

use crate::apply::Outcome;
use crate::durable;
use crate::error::{Error, Result, While};
use crate::host::{EntryKind, Host};
use crate::plan::{Item, Plan};
use crate::receipt::Receipt;
use crate::step::{AtBoot, Before, Change, Context, Step};

const UNITS: &str = "/etc/systemd/system";

/// Carries a plan out in a tree; tells how each step ended.
///
/// # Errors
/// Where a link is in the way nothing was touched; else the first step's that fails, and another run goes on.
pub fn apply(
    host: &mut dyn Host,
    root: &Path,
    plan: &Plan,
    listen: &mut dyn FnMut(&Item, Outcome),
) -> Result<usize> {
    let state = Path::new("/var/lib/landfall/receipt.json").to_owned();
    for path in plan.iter().flat_map(|item| places(plan, &item.step)).chain([state]) {
        must_stay_inside(host, root, &path)?;
    }
    let mut receipt = Receipt::read_in(host, root)?;
    let mut changed = 0;
    for item in plan {
        let outcome = apply_one(host, root, plan, item, &mut receipt)
            .while_doing(|| format!("{}, in {}", item.step.describe(), root.display()))?;
        listen(item, outcome);
        changed += usize::from(outcome == Outcome::Done);
    }
    Ok(changed)
}

fn apply_one(
    host: &mut dyn Host,
    root: &Path,
    plan: &Plan,
    item: &Item,
    receipt: &mut Receipt,
) -> Result<Outcome> {
    if let Step::AtBoot(step) = &item.step {
        return enable(host, root, plan, item, step, receipt);
    }
    let step = moved(&item.step, root)?;
    let Some(before) = step.check(host)? else { return Ok(Outcome::AlreadySo) };
    receipt.note(&item.why, &item.step, moved_back(before, root));
    receipt.write_in(host, root)?;
    for path in places(plan, &item.step) {
        durable::create_folders(host, durable::parent(&inside(root, &path)), 0o755)?;
    }
    step.apply(host, &Context::default())?;
    Ok(Outcome::Done)
}

/// By the links that systemctl would make.
fn enable(
    host: &mut dyn Host,
    root: &Path,
    plan: &Plan,
    item: &Item,
    step: &AtBoot,
    receipt: &mut Receipt,
) -> Result<Outcome> {
    let (mut enabled, mut all) = (Vec::new(), Vec::new());
    for unit in &step.units {
        let missing = missing(host, root, links(plan, unit))?;
        enabled.extend(missing.is_empty().then(|| unit.clone()));
        all.extend(missing.into_iter().map(|link| (link, unit)));
    }
    if all.is_empty() {
        return Ok(Outcome::AlreadySo);
    }
    receipt.note(&item.why, &item.step, Before::AtBoot { enabled, active: Vec::new() });
    receipt.write_in(host, root)?;
    all.iter().try_for_each(|(at, unit)| link(host, root, at, unit))?;
    Ok(Outcome::Done)
}

/// A path of the tree's system, as it is found from here.
fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// The same step, below the tree's root.
fn moved(step: &Step, root: &Path) -> Result<Step> {
    let mut step = step.clone();
    match &mut step {
        Step::Folders(step) => step.paths.iter_mut().for_each(|path| *path = inside(root, path)),
        Step::WriteFile(step) => step.path = inside(root, &step.path),
        Step::InstallProgram(step) => step.path = inside(root, &step.path),
        other => return Err(Error::bug(format!("'{}' needs a machine that runs", other.describe()))),
    }
    Ok(step)
}

fn moved_back(before: Before, root: &Path) -> Before {
    let Before::Folders { absent } = before else { return before };
    let back = |path: PathBuf| Path::new("/").join(path.strip_prefix(root).unwrap_or(&path));
    Before::Folders { absent: absent.into_iter().map(back).collect() }
}

/// What a step touches.
fn places(plan: &Plan, step: &Step) -> Vec<PathBuf> {
    match step {
        Step::Folders(step) => step.paths.clone(),
        Step::WriteFile(step) => vec![step.path.clone()],
        Step::InstallProgram(step) => vec![step.path.clone()],
        Step::AtBoot(step) => {
            let links = step.units.iter().flat_map(|unit| links(plan, unit));
            links.map(|link| durable::parent(&link).to_owned()).collect()
        }
        _ => Vec::new(),
    }
}

/// The links that `systemctl enable` would make, by what the unit's file of the same plan says.
fn links(plan: &Plan, unit: &str) -> Vec<PathBuf> {
    let file = Path::new(UNITS).join(unit);
    let text = plan.iter().find_map(|item| match &item.step {
        Step::WriteFile(step) if step.path == file => Some(step.content.as_str()),
        _ => None,
    });
    let mut links = Vec::new();
    for line in text.unwrap_or_default().lines() {
        for (key, folder) in [("WantedBy=", "wants"), ("RequiredBy=", "requires")] {
            let targets = line.strip_prefix(key).unwrap_or_default().split_whitespace();
            links.extend(targets.map(|it| Path::new(UNITS).join(format!("{it}.{folder}")).join(unit)));
        }
    }
    links
}

fn missing(host: &dyn Host, root: &Path, links: Vec<PathBuf>) -> Result<Vec<PathBuf>> {
    let mut missing = Vec::new();
    for link in links {
        if host.stat(&inside(root, &link))?.is_none() {
            missing.push(link);
        }
    }
    Ok(missing)
}

fn link(host: &mut dyn Host, root: &Path, at: &Path, unit: &str) -> Result<()> {
    let path = inside(root, at);
    durable::create_folders(host, durable::parent(&path), 0o755)?;
    host.link(&path, &Path::new(UNITS).join(unit))?;
    host.sync(durable::parent(&path))
}

/// No part of the way is a link, and what is to be a file is none yet, or one.
fn must_stay_inside(host: &dyn Host, root: &Path, path: &Path) -> Result<()> {
    let mut at = root.to_owned();
    for name in path.components().filter(|it| matches!(it, Component::Normal(_))) {
        at.push(name);
        match host.stat(&at)?.map(|stat| stat.kind) {
            None => return Ok(()),
            Some(EntryKind::Folder) => {}
            Some(EntryKind::File) if at == inside(root, path) => {}
            Some(_) => {
                return Err(Error::refused(format!("{} is a link, or no folder", at.display()))
                    .hint("links may lead out of the tree and are not followed: put the folder or file itself there"));
            }
        }
    }
    Ok(())
}
