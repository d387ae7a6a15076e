//! What whole-path scenarios really did: the list `vm-tests/proofs.toml`, and how a scenario gets onto it.
//!
//! Other things that run have lists of their own, of which [`list`] knows what is common to all.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, While};
use crate::guest::Guest;
use crate::system::System;
use crate::world::World;

pub mod list;
mod tried;

use list::Listed;
pub(crate) use tried::{begin, today, tried_commit};

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

impl Listed for Proof {
    type Key = (String, String, String);
    const LIST: &'static str = "proofs.toml";
    /// Itself.
    const RECORDED: &'static str = "";
    const ABOVE: &'static str = "# What whole-path scenarios really did. Written by `cargo run -p vm-tests -- support-table --proofs FOLDER`,\n\
         # from what the scenarios recorded; not by hand.\n\n";

    fn name(&self) -> &str {
        &self.test
    }

    fn key(&self) -> Self::Key {
        (self.release.clone(), self.architecture.clone(), self.test.clone())
    }
}

/// Says in the folder of proofs, where there is one, that the test of this thread went the whole path in `guest`.
pub fn record(world: &World, guest: &dyn Guest) -> Result<()> {
    list::record(|| proof(world, guest))
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
    use crate::documented::Sources;

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
        for Proof { test, release, stand_in_on, .. } in list::all()? {
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
        let (all, dropped) = list::merged(old, new, |test| test != "gone");
        let all: Vec<(&str, &str)> = all.iter().map(|it| (it.test.as_str(), it.date.as_str())).collect();
        assert_eq!(all, [("added", "2"), ("renewed", "2"), ("kept", "1")]);
        assert_eq!(dropped, ["gone"]);
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
