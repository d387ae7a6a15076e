//! What a recipe asked for, looked for in an image.

use std::collections::BTreeSet;

use landfall_contract::policy;
use landfall_contract::seal_list::{Kind, TRACES, Tree};
use serde_json::Value;

use super::accounts::Accounts;
use super::{Difference, Report, Subject};
use crate::disk::ImageTree;
use crate::error::Result;
use crate::packages::Packages;
use crate::recipe::{Recipe, User};
use crate::render::{self, CONFIG, DAEMON_JSON, Placed};
use crate::told::Told;

/// What makes a clone register, and what keeps a copy of a registered machine from its identity.
const UNITS: [&str; 2] = ["landfall-first-boot.service", "landfall-guard.service"];
const UNIT_FOLDER: &str = "/etc/systemd/system";
const KEYS: &str = "authorized-keys";

/// Units that have to be enabled and are not.
pub fn units(tree: &ImageTree) -> Result<Vec<Difference>> {
    let mut enabled = BTreeSet::new();
    for folder in tree.list(UNIT_FOLDER)? {
        if folder.ends_with(".wants") || folder.ends_with(".requires") {
            enabled.extend(tree.list(&format!("{UNIT_FOLDER}/{folder}"))?);
        }
    }
    Ok(units_not_in(&enabled))
}

/// The same, where the enabled ones are known.
pub fn units_not_in(enabled: &BTreeSet<String>) -> Vec<Difference> {
    let missing = UNITS.iter().filter(|unit| !enabled.contains(**unit));
    missing.map(|unit| differs(Subject::Unit, *unit, "it is not enabled")).collect()
}

/// Everything else.
pub fn look(tree: &ImageTree, recipe: &Recipe, told: Option<&Told>, report: &mut Report) -> Result<()> {
    let accounts = Accounts::read(tree)?;
    for file in render::files(recipe)? {
        report.differences.extend(file_difference(tree, &accounts, &file)?);
    }
    for user in &recipe.users {
        report.differences.extend(user_differences(&accounts, user));
    }
    keys(tree, recipe, &accounts, report)?;
    packages(tree, recipe, told, report)?;
    report.differences.extend(time_zone(tree, recipe)?);
    report.differences.extend(hostname(tree, recipe)?);
    Ok(())
}

fn file_difference(tree: &ImageTree, accounts: &Accounts, file: &Placed) -> Result<Option<Difference>> {
    let path = file.path.as_str();
    let says = |what: String| Ok(Some(differs(Subject::File, path, what)));
    let Some(there) = tree.root.metadata(path)? else { return says("it is missing".into()) };
    if !there.file_type().is_regular_file() {
        return says("it is not a file".into());
    }
    if !same(path, &file.content, &tree.read(path)?) {
        return says("its content is not the recipe's".into());
    }
    if there.mode() & 0o7777 != file.mode.bits() {
        return says(format!("its mode is {:04o}, not {}", there.mode() & 0o7777, file.mode));
    }
    let owner =
        (accounts.user(file.owner.user.as_str()).map(|it| it.uid), accounts.group(file.owner.group.as_str()));
    if owner != (Some(there.uid()), Some(there.gid())) {
        return says(format!(
            "it belongs to {}:{}, not to {}",
            there.uid(),
            there.gid(),
            String::from(file.owner.clone())
        ));
    }
    Ok(None)
}

/// Whether a file says what it has to. Landfall and Docker's packages may add keys to files of options, so there
/// each key of the recipe counts; the policy has to be the recipe's and nothing else.
fn same(path: &str, wanted: &[u8], found: &[u8]) -> bool {
    let toml = |bytes: &[u8]| toml::from_str::<Value>(&String::from_utf8_lossy(bytes)).ok();
    let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    match path {
        policy::PATH => toml(wanted) == toml(found),
        CONFIG => toml(wanted).zip(toml(found)).is_some_and(|(wanted, found)| holds(&found, &wanted)),
        DAEMON_JSON => json(wanted).zip(json(found)).is_some_and(|(wanted, found)| holds(&found, &wanted)),
        _ => wanted == found,
    }
}

/// Whether every key of `wanted` has its value in `found`.
fn holds(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| found.get(key).is_some_and(|found| holds(found, wanted)))
        }
        (found, wanted) => found == wanted,
    }
}

fn user_differences(accounts: &Accounts, user: &User) -> Vec<Difference> {
    let name = user.name.as_str();
    let says = |what: String| differs(Subject::User, name, what);
    if accounts.user(name).is_none() {
        return vec![says("it is missing".into())];
    }
    let missing = user.groups.iter().filter(|group| !accounts.is_in(name, group.as_str()));
    let mut found: Vec<Difference> =
        missing.map(|group| says(format!("it is not in the group {group}"))).collect();
    if accounts.has_password(name) {
        found.push(says("it has a password".into()));
    }
    found
}

/// The recipe's keys have to be there, and no others, whatever the seal was told to keep.
fn keys(tree: &ImageTree, recipe: &Recipe, accounts: &Accounts, report: &mut Report) -> Result<()> {
    let mut ours = BTreeSet::new();
    for user in &recipe.users {
        let (Some(wanted), Some(account)) =
            (render::authorized_keys(user), accounts.user(user.name.as_str()))
        else {
            continue;
        };
        let path = format!("{}/.ssh/authorized_keys", account.home);
        let found = tree.root.content(&path)?.unwrap_or_default();
        if lines(&found) != lines(wanted.as_bytes()) {
            report.differences.push(not_the_recipes_keys(user.name.as_str()));
        }
        ours.insert(path);
    }
    report.survivors.retain(|it| it.id != KEYS);
    for trace in TRACES.iter().filter(|trace| trace.id == KEYS) {
        report.survivors.extend(trace.survivors(tree)?.into_iter().filter(|it| !ours.contains(&it.path)));
    }
    Ok(())
}

/// The same as a machine told of it: no key of anybody else's, whoever's file it is in.
pub fn keys_told(found: &BTreeSet<(String, String)>, recipe: &Recipe) -> Vec<Difference> {
    let mut wanted = BTreeSet::new();
    for user in &recipe.users {
        let keys = lines(render::authorized_keys(user).unwrap_or_default().as_bytes());
        wanted.extend(keys.into_iter().map(|key| (user.name.as_str().to_owned(), key)));
    }
    let users: BTreeSet<&str> = wanted.symmetric_difference(found).map(|(user, _)| user.as_str()).collect();
    users.into_iter().map(not_the_recipes_keys).collect()
}

fn not_the_recipes_keys(user: &str) -> Difference {
    differs(Subject::User, user, "its keys are not the recipe's")
}

/// Keys without comments and empty lines, in any order.
fn lines(text: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(text);
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

fn packages(tree: &ImageTree, recipe: &Recipe, told: Option<&Told>, report: &mut Report) -> Result<()> {
    if recipe.packages.is_empty() {
        return Ok(());
    }
    let packages = match (Packages::read(tree)?, told) {
        (Packages::Rpm(None), Some(told)) => told.packages()?,
        (packages, _) => packages,
    };
    match packages_not_in(&packages, recipe) {
        Some(missing) => report.differences.extend(missing),
        None => report.unchecked.push("packages: rpm's database is read by rpm alone, in the guest".into()),
    }
    Ok(())
}

/// The recipe's packages that are missing; `None` where nobody knows which are there.
pub fn packages_not_in(packages: &Packages, recipe: &Recipe) -> Option<Vec<Difference>> {
    let known = packages.known()?;
    let missing = recipe.packages.iter().filter(|wanted| !known.iter().any(|it| it.name == wanted.as_str()));
    Some(missing.map(|it| differs(Subject::Package, it.as_str(), "it is not installed")).collect())
}

fn time_zone(tree: &ImageTree, recipe: &Recipe) -> Result<Option<Difference>> {
    let wanted = recipe.time_zone.as_str();
    let found = match tree.root.link("/etc/localtime")? {
        Some(link) => link.rsplit_once("zoneinfo/").map_or(link.clone(), |(_, zone)| zone.to_owned()),
        None if tree.look("/etc/localtime")?.is_some_and(|it| it.kind == Kind::File) => {
            let named = tree.root.content("/etc/timezone")?.unwrap_or_default();
            String::from_utf8_lossy(&named).trim().to_owned()
        }
        // Without it, systemd's is UTC.
        None => "UTC".into(),
    };
    let plain = |zone: &str| zone.trim_start_matches("Etc/").to_owned();
    let differs = || differs(Subject::TimeZone, wanted, format!("the image has '{found}'"));
    Ok((plain(&found) != plain(wanted)).then(differs))
}

fn hostname(tree: &ImageTree, recipe: &Recipe) -> Result<Option<Difference>> {
    let Some(wanted) = &recipe.hostname else { return Ok(None) };
    let found = tree.root.content("/etc/hostname")?.unwrap_or_default();
    let found = String::from_utf8_lossy(&found).trim().to_owned();
    let differs = || differs(Subject::Hostname, wanted.as_str(), format!("the image is called '{found}'"));
    Ok((found != wanted.as_str()).then(differs))
}

fn differs(subject: Subject, name: impl Into<String>, what: impl Into<String>) -> Difference {
    Difference { subject, name: name.into(), what: what.into() }
}
