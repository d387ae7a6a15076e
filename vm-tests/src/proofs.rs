//! What whole-path scenarios really did: the list `vm-tests/proofs.toml`, and how a scenario gets onto it.
//!
//! A scenario that came to its end calls [`record`], which writes one small file into the folder that
//! `LANDFALL_PROOFS` names, and does nothing without it. So tests that run side by side do not meet, and the list
//! changes only when somebody merges the files into it: `cargo run -p vm-tests -- support-table --proofs FOLDER`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::documented::Sources;
use crate::error::{Error, Result, While};
use crate::guest::Guest;
use crate::host_command;
use crate::programs::workspace;
use crate::system::System;
use crate::world::World;

/// The variable that names the folder.
pub const FOLDER: &str = "LANDFALL_PROOFS";

/// Follows a commit that files differed from.
const CHANGED: &str = " with changes";

const ABOVE: &str = "# What whole-path scenarios really did. Written by `cargo run -p vm-tests -- support-table --proofs FOLDER`,\n\
                     # from what the scenarios recorded; not by hand.\n\n";

/// One scenario that went the whole path, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Proof {
    /// The test's name.
    pub test: String,
    /// The release that Landfall took the guest for, by its file in the matrix.
    pub release: String,
    /// The release whose programs a stand-in was made of; nothing where the release ran itself.
    pub stand_in_on: Option<String>,
    /// The guest's architecture, as the kernel calls it.
    pub architecture: String,
    /// The package manager, as it was called.
    pub manager: String,
    /// The first line of its `--version`.
    pub manager_version: String,
    /// The first line of rpm's or dpkg's.
    pub database_version: String,
    /// What the guest was.
    pub machine: String,
    /// The day, by the testing machine's clock, in UTC.
    pub date: String,
    /// The commit that was tried, and whether files differed from it.
    pub commit: String,
}

#[derive(Default, Serialize, Deserialize)]
struct List {
    #[serde(default)]
    proof: Vec<Proof>,
}

/// The folder of proofs, where there is one.
pub(crate) fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// Remembers the commit before anything is built and run: somebody may commit meanwhile.
pub(crate) fn begin() -> Result<()> {
    if folder().is_some() && BEGUN_AT.get().is_none() {
        // Where two tests begin at once, either's answer will do.
        let _ = BEGUN_AT.set(commit().doing(|| "looking what is tried")?);
    }
    Ok(())
}

static BEGUN_AT: OnceLock<String> = OnceLock::new();

/// Says in the folder of proofs, where there is one, that the test of this thread went the whole path in `guest`.
pub fn record(world: &World, guest: &dyn Guest) -> Result<()> {
    let Some(folder) = folder() else { return Ok(()) };
    let proof = proof(world, guest).doing(|| "recording what was proved")?;
    fs::create_dir_all(&folder)?;
    let place = folder.join(&proof.test).with_extension("toml");
    let text = toml::to_string(&proof).doing(|| "writing a proof")?;
    fs::write(&place, text).doing(|| format!("writing {}", place.display()))
}

fn proof(world: &World, guest: &dyn Guest) -> Result<Proof> {
    let facts: serde_json::Value =
        serde_json::from_str(&guest.must("landfall check --facts --json")?).doing(|| "reading the facts")?;
    let fact = |pointer: &str| {
        let value = facts.pointer(pointer).and_then(serde_json::Value::as_str);
        value.map(str::to_owned).ok_or_else(|| Error::new(format!("the facts have no {pointer}")))
    };
    let release = fact("/distro/release")?;
    let distro =
        distro_matrix::named(&release).ok_or_else(|| Error::new(format!("{release} is no release")))?;
    let manager = distro.packages.manager.program().to_owned();
    let database = if manager == "apt-get" { "dpkg" } else { "rpm" };
    let version = |program: &str| -> Result<String> {
        let said = guest.must(&format!("{program} --version"))?;
        Ok(said.lines().next().unwrap_or_default().trim().to_owned())
    };
    Ok(Proof {
        test: this_test()?,
        release,
        stand_in_on: stand_in_on(world.system())?,
        architecture: fact("/facts/kernel_architecture")?,
        manager_version: version(&manager)?,
        database_version: version(database)?,
        manager,
        machine: "system container".to_owned(),
        date: today()?,
        commit: tried_commit()?,
    })
}

/// The day, in UTC.
pub(crate) fn today() -> Result<String> {
    Ok(host_command::run("date", ["-u", "+%F"])?.trim().to_owned())
}

/// The commit that this run tries.
pub(crate) fn tried_commit() -> Result<String> {
    Ok(tried(BEGUN_AT.get(), &commit()?))
}

/// The test harness gives every test a thread with its name.
pub(crate) fn this_test() -> Result<String> {
    let thread = std::thread::current();
    let name = thread.name().and_then(|path| path.rsplit("::").next());
    name.map(str::to_owned).ok_or_else(|| Error::new("this thread is no test's"))
}

fn stand_in_on(system: &System) -> Result<Option<String>> {
    let System::StandIn(_) = system else { return Ok(None) };
    let suite = system.suite()?;
    let is_it = |distro: &&distro_matrix::Distro| {
        distro.identity.codename.as_deref() == Some(suite.as_str())
            || distro.release.ends_with(&format!("-{suite}"))
    };
    let found = distro_matrix::all().iter().find(is_it).map(|distro| distro.release.clone());
    found.map(Some).ok_or_else(|| Error::new(format!("the matrix has no {suite}")))
}

/// What was tried, where the commit at the beginning and the one at the end are not the same.
fn tried(begun: Option<&String>, ended: &str) -> String {
    match begun {
        Some(begun) if begun != ended => format!("{}{CHANGED}", begun.trim_end_matches(CHANGED)),
        _ => ended.to_owned(),
    }
}

fn commit() -> Result<String> {
    let git = |arguments: &[&str]| {
        let place = workspace();
        let all = [OsStr::new("-C"), place.as_os_str()].into_iter().chain(arguments.iter().map(OsStr::new));
        host_command::run("git", all)
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changes = git(&["status", "--porcelain"])?;
    Ok(format!("{}{}", commit.trim(), if changes.is_empty() { "" } else { CHANGED }))
}

/// The list's place.
fn file() -> PathBuf {
    workspace().join("vm-tests/proofs.toml")
}

/// The list.
pub fn all() -> Result<Vec<Proof>> {
    let text = fs::read_to_string(file()).doing(|| "reading proofs.toml")?;
    Ok(toml::from_str::<List>(&text).doing(|| "reading proofs.toml")?.proof)
}

/// Takes what was recorded in `folder` onto the list; returns how many that are, and the tests that were dropped.
pub fn merge(folder: &Path) -> Result<(usize, Vec<String>)> {
    let mut new = Vec::new();
    for entry in fs::read_dir(folder).doing(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let text = fs::read_to_string(&path)?;
            new.push(toml::from_str(&text).doing(|| format!("reading {}", path.display()))?);
        }
    }
    let (count, sources) = (new.len(), Sources::read()?);
    let (proof, dropped) = merged(all()?, new, |test| sources.have_test(test));
    let text = toml::to_string(&List { proof }).doing(|| "writing proofs.toml")?;
    fs::write(file(), format!("{ABOVE}{text}"))?;
    Ok((count, dropped))
}

/// A newer proof takes the place of an older one of the same test; one whose test is gone goes.
fn merged(old: Vec<Proof>, new: Vec<Proof>, is_test: impl Fn(&str) -> bool) -> (Vec<Proof>, Vec<String>) {
    let key = |proof: &Proof| (proof.release.clone(), proof.architecture.clone(), proof.test.clone());
    let is_renewed = |proof: &Proof| new.iter().any(|newer| key(newer) == key(proof));
    let mut all: Vec<Proof> = old.into_iter().filter(|proof| !is_renewed(proof)).collect();
    all.extend(new);
    let (mut all, gone): (Vec<Proof>, Vec<Proof>) = all.into_iter().partition(|proof| is_test(&proof.test));
    all.sort_by_key(key);
    (all, gone.into_iter().map(|proof| proof.test).collect())
}

impl Proof {
    /// The number in what the package manager said of its version.
    pub fn manager_number(&self) -> &str {
        number(&self.manager_version)
    }

    /// The number in what rpm or dpkg said.
    pub fn database_number(&self) -> &str {
        number(&self.database_version)
    }
}

fn number(line: &str) -> &str {
    let is_number = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
    line.split_whitespace().find(is_number).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(test: &str, release: &str, date: &str) -> Proof {
        Proof {
            test: test.into(),
            release: release.into(),
            stand_in_on: None,
            architecture: "x86_64".into(),
            manager: "apt-get".into(),
            manager_version: "apt 2.6.1 (amd64)".into(),
            database_version: "Debian 'dpkg' package management program version 1.21.22 (amd64).".into(),
            machine: "system container".into(),
            date: date.into(),
            commit: "0123456789ab".into(),
        }
    }

    #[test]
    fn every_proof_is_of_a_test_and_a_release_that_are_there() -> Result<()> {
        let sources = Sources::read()?;
        for Proof { test, release, stand_in_on, .. } in all()? {
            assert!(sources.have_test(&test), "proofs.toml has {test}, which is no test's name");
            for name in [Some(release), stand_in_on].into_iter().flatten() {
                assert!(distro_matrix::named(&name).is_some(), "proofs.toml has {name}, which is no release");
            }
        }
        Ok(())
    }

    #[test]
    fn a_newer_proof_of_a_test_takes_the_place_of_the_older_and_one_without_a_test_goes() {
        let old = vec![
            proof("kept", "debian-13", "1"),
            proof("renewed", "debian-12", "1"),
            proof("gone", "x", "1"),
        ];
        let new = vec![proof("renewed", "debian-12", "2"), proof("added", "debian-11", "2")];
        let (all, dropped) = merged(old, new, |test| test != "gone");
        let all: Vec<(&str, &str)> = all.iter().map(|it| (it.test.as_str(), it.date.as_str())).collect();
        assert_eq!(all, [("added", "2"), ("renewed", "2"), ("kept", "1")]);
        assert_eq!(dropped, ["gone"]);
    }

    #[test]
    fn a_commit_that_came_while_a_test_ran_is_not_what_was_tried() {
        let begun = |commit: &str| Some(commit.to_owned());
        assert_eq!(tried(begun("a").as_ref(), "a"), "a");
        assert_eq!(tried(begun("a").as_ref(), "b"), "a with changes");
        assert_eq!(tried(begun("a with changes").as_ref(), "b"), "a with changes");
        assert_eq!(tried(None, "b"), "b");
    }

    #[test]
    fn a_version_is_found_in_what_each_program_says_of_itself() {
        for (line, version) in [
            ("apt 2.6.1 (amd64)", "2.6.1"),
            ("4.14.0", "4.14.0"),
            ("dnf5 version 5.4.6.0", "5.4.6.0"),
            ("zypper 1.14.89", "1.14.89"),
            ("RPM version 4.18.0", "4.18.0"),
            ("Debian 'dpkg' package management program version 1.21.22 (amd64).", "1.21.22"),
            ("none of that", "none of that"),
        ] {
            assert_eq!(number(line), version);
        }
    }
}
