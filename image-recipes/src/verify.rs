//! A finished image held against the seal list and against its recipe, from outside: not mounted, not booted.
//!
//! What the seal list finds must not go out; what differs from the recipe was not what was asked for. What could
//! not be looked at is said, never taken for right.

use std::path::Path;

use landfall_contract::seal_list::{self, Group, Survivor};
use serde::Serialize;

use crate::disk::{Disk, ImageTree};
use crate::error::{Error, Result, While};
use crate::live::gpt::Table;
use crate::payload::PIECE;
use crate::recipe::Recipe;
use crate::told::Told;

mod accounts;
mod against_recipe;
#[cfg(test)]
mod tests;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The format's version.
    pub version: u32,
    /// Traces of the machine that the image was made on.
    pub survivors: Vec<Survivor>,
    /// What is not as it has to be.
    pub differences: Vec<Difference>,
    /// What could not be looked at, and why.
    pub unchecked: Vec<String>,
}

/// Something that is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about.
    pub subject: Subject,
    /// Its path or name.
    pub name: String,
    /// One sentence.
    pub what: String,
}

/// What a difference is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A file of the recipe, or one that is made of its tables.
    File,
    /// A user.
    User,
    /// A package.
    Package,
    /// The time zone.
    TimeZone,
    /// The host's name.
    Hostname,
    /// A unit that has to be enabled.
    Unit,
}

impl Report {
    /// Whether the image may go out.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.differences.is_empty() && !self.survivors.iter().any(|it| it.gate)
    }

    /// The report for people, a line for each thing.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for it in &self.survivors {
            let word = if it.gate { "survives" } else { "note" };
            lines.push(format!("{word:<10} {}: {}; {}", it.path, it.what, it.remedy));
        }
        lines.extend(self.differences.iter().map(|it| format!("{:<10} {}: {}", "differs", it.name, it.what)));
        lines.extend(self.unchecked.iter().map(|what| format!("{:<10} {what}", "unchecked")));
        lines
    }

    /// The error that an image which must not go out is.
    ///
    /// # Errors
    /// That one.
    pub fn demand(&self, image: &str) -> Result<()> {
        if self.is_clean() {
            return Ok(());
        }
        let gates = self.survivors.iter().filter(|it| it.gate).count();
        let counted =
            |count: usize, thing: &str| format!("{count} {thing}{}", if count == 1 { "" } else { "s" });
        let traces = format!("has {} of the machine it was made on", counted(gates, "trace"));
        let places = format!("differs in {}", counted(self.differences.len(), "place"));
        let what = match (gates, self.differences.len()) {
            (_, 0) => traces,
            (0, _) => places,
            _ => format!("{traces}, and {places}"),
        };
        Err(Error::problems(format!("{image} {what}"))
            .hint("do not clone it: seal it again with 'landfall seal', or bake it anew"))
    }
}

/// Looks at an image. What its machine told of itself, where that is known, counts for what only the machine can read.
///
/// # Errors
/// When it cannot be read: an image without an ext4 root is refused.
pub fn image(image: &Path, recipe: Option<&Recipe>, told: Option<&Told>) -> Result<Report> {
    let disk = Disk::open(image)?;
    let tree = ImageTree::open(&disk)?;
    let mut report = look(&tree, recipe, told).while_doing(|| format!("verifying {}", image.display()))?;
    report.survivors.extend(seed_of_a_medium(&disk)?);
    Ok(report)
}

/// A disk that a medium of ours wrote has a partition with the seed of that one machine: each copy would register by it.
fn seed_of_a_medium(disk: &Disk) -> Result<Option<Survivor>> {
    let head = disk.read(0, usize::try_from(PIECE).unwrap_or_default())?;
    // A table of another form is none of ours.
    let writer = Table::of(&head).ok().flatten().and_then(|table| table.written_by());
    Ok(writer.map(|id| Survivor {
        id: "seed-of-a-medium",
        group: Group::Landfall,
        path: format!("the partition landfall-{id}"),
        what: "the seed that landfall-image media put on this one disk, with its activation".into(),
        remedy: "delete the partition and overwrite it, or make the image from the one that the medium wrote"
            .into(),
        gate: true,
    }))
}

/// Holds what a machine told of itself against the recipe, where its root cannot be read from outside. That it is sealed
/// was its own `landfall seal --verify` to say.
///
/// # Errors
/// When it did not tell.
pub fn told(told: &Told, recipe: &Recipe, file_system: &str) -> Result<Report> {
    let mut differences = against_recipe::units_not_in(&told.units()?);
    differences.extend(against_recipe::keys_told(&told.keys()?, recipe));
    differences.extend(against_recipe::packages_not_in(&told.packages()?, recipe).unwrap_or_default());
    let unchecked = vec![format!(
        "files, users, time zone and host name: only ext4 is read from outside, and the disk has {file_system}; that it \
         is sealed, 'landfall seal --verify' said within"
    )];
    Ok(Report { version: 1, survivors: Vec::new(), differences, unchecked })
}

fn look(tree: &ImageTree, recipe: Option<&Recipe>, told: Option<&Told>) -> Result<Report> {
    let mut report = Report {
        version: 1,
        survivors: seal_list::survivors(tree)?,
        differences: against_recipe::units(tree)?,
        unchecked: Vec::new(),
    };
    match recipe {
        Some(recipe) => against_recipe::look(tree, recipe, told, &mut report)?,
        None => report.unchecked.push("files, users and packages: no recipe was given".into()),
    }
    Ok(report)
}
