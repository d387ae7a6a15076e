//! The seal list: what is a machine's own, and must not be in an image that is cloned.
//!
//! A [`Trace`] says where something is, what has to be there instead, and why. [`survivors`] compares the list
//! with a file tree and is pure: on the machine the tree is the running system's, and beside a finished image
//! it is whatever reads that image without mounting it. How a trace is taken away is no business of the list.
//! Not on it, and never to be touched: UUIDs of file systems, firewall rules, certificates of authorities, and
//! what somebody configured on purpose, the host's name included: see `docs/sealing.md`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

mod keys;
mod places;
mod table;
#[cfg(test)]
mod tests;
mod tree;

pub use keys::{Syntax, assigns};
pub use table::TRACES;
pub use tree::{Entry, Kind, Tree};

pub use crate::SEALED;

/// What the mark of a sealed machine says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seal {
    /// The format's version.
    pub version: u32,
    /// The traces that whoever made the image chose to keep, by their ids.
    pub kept: BTreeSet<String>,
}

/// Something that is a machine's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    /// A stable name.
    pub id: &'static str,
    /// What it belongs to.
    pub group: Group,
    /// Where it is. `*` is any text within a name, `**` any number of folders, `{docker}` where Docker keeps
    /// its data.
    pub places: &'static [&'static str],
    /// What has to be there instead.
    pub wanted: Wanted,
    /// What it means when it is there.
    pub weight: Weight,
    /// One sentence that says why it must not be cloned.
    pub why: &'static str,
}

/// Whose traces these are, in the order in which they are taken away: what lets agents start goes first, and
/// what lets a person log in goes late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Landfall's own.
    Landfall,
    /// The SSM agent's and the ECS agent's.
    Aws,
    /// Docker's.
    Docker,
    /// cloud-init's.
    CloudInit,
    /// Addresses, leases, names of network cards.
    Network,
    /// Of the people who made the image.
    People,
    /// Subscriptions and caches of the package manager.
    Packages,
    /// Logs and what programs left lying.
    Logs,
    /// The machine's own names, keys and seeds.
    Machine,
}

impl Group {
    /// All of them, in that order.
    pub const ALL: [Self; 9] = [
        Self::Landfall,
        Self::Aws,
        Self::Docker,
        Self::CloudInit,
        Self::Network,
        Self::People,
        Self::Packages,
        Self::Logs,
        Self::Machine,
    ];

    /// For a line of output.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Landfall => "what Landfall knows of this machine",
            Self::Aws => "the identity of the AWS agents",
            Self::Docker => "Docker's identity and containers",
            Self::CloudInit => "cloud-init's notes on this instance",
            Self::Network => "network cards, leases and connections",
            Self::People => "keys and histories of people",
            Self::Packages => "subscriptions and package caches",
            Self::Logs => "logs and temporary files",
            Self::Machine => "machine-id, host keys and random seeds",
        }
    }

    /// Whether it is cleaned when somebody else generalises the machine, and calls Landfall for its part.
    #[must_use]
    pub fn is_landfalls_part(self) -> bool {
        matches!(self, Self::Landfall | Self::Aws | Self::Docker)
    }
}

/// What has to be at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing.
    Absent,
    /// An empty file with these permission bits, and no other thing.
    Blank(u32),
    /// Nothing, or a file without content: whoever writes it needs it to be there.
    Truncated,
    /// Nothing, or a link to where the thing really is.
    NoFile,
    /// Nothing, or a file that gives none of these keys a value.
    Unset(Syntax, &'static [&'static str]),
    /// Nothing; or, where this program finds it, just this text, of which it makes the thing anew.
    Remade {
        /// The program.
        by: &'static str,
        /// The text.
        from: &'static str,
    },
    /// A file.
    Present,
}

/// What it means when a trace is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// An identity or a secret: the image must not go out.
    Gate,
    /// The same, unless whoever makes the image chose by name to keep it.
    Choice,
    /// Better gone, but harmless; or written anew by the shutdown itself.
    Hygiene,
}

/// A trace that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Survivor {
    /// The trace's name.
    pub id: &'static str,
    /// What it belongs to.
    pub group: Group,
    /// Where it is.
    pub path: String,
    /// What is there. Never a value.
    pub what: String,
    /// What to do.
    pub remedy: String,
    /// Whether the image must not go out with it.
    pub gate: bool,
}

/// Every trace that is there, but for those that the tree's own seal says were kept on purpose.
///
/// # Errors
/// When the tree cannot be read. What could not be looked at is not clean.
pub fn survivors<E>(tree: &dyn Tree<Error = E>) -> Result<Vec<Survivor>, E> {
    let kept = kept(tree)?;
    let mut found = Vec::new();
    for trace in TRACES.iter().filter(|trace| !trace.is_kept(&kept)) {
        found.extend(trace.survivors(tree)?);
    }
    Ok(found)
}

/// What the tree's seal says was kept; nothing where there is no seal, or none that can be read.
///
/// # Errors
/// When the tree cannot be read.
pub fn kept<E>(tree: &dyn Tree<Error = E>) -> Result<BTreeSet<String>, E> {
    if tree.look(SEALED)?.is_none_or(|entry| entry.kind != Kind::File) {
        return Ok(BTreeSet::new());
    }
    let seal = serde_json::from_slice::<Seal>(&tree.read(SEALED)?).unwrap_or_default();
    Ok(seal.kept)
}

impl Trace {
    /// Whether it may stay, because it was chosen to.
    #[must_use]
    pub fn is_kept(&self, kept: &BTreeSet<String>) -> bool {
        self.weight != Weight::Gate && kept.contains(self.id)
    }

    /// Where this trace is in a tree.
    ///
    /// # Errors
    /// When the tree cannot be read.
    pub fn survivors<E>(&self, tree: &dyn Tree<Error = E>) -> Result<Vec<Survivor>, E> {
        let mut found = Vec::new();
        for path in places::found(tree, self.places)? {
            if let Some(what) = self.wanted.misses(tree, &path)? {
                found.push(self.survivor(path, what));
            }
        }
        if let (true, [place]) = (self.wanted.demands_something(), self.places)
            && tree.look(place)?.is_none()
        {
            found.push(self.survivor((*place).to_owned(), "it is missing".into()));
        }
        Ok(found)
    }

    fn survivor(&self, path: String, what: String) -> Survivor {
        let remedy = self.wanted.remedy();
        Survivor { id: self.id, group: self.group, path, what, remedy, gate: self.weight != Weight::Hygiene }
    }
}

impl Wanted {
    /// Why what is at a path is not what is wanted.
    fn misses<E>(self, tree: &dyn Tree<Error = E>, path: &str) -> Result<Option<String>, E> {
        let Some(entry) = tree.look(path)? else { return Ok(None) };
        let is_file = entry.kind == Kind::File;
        Ok(match self {
            Self::Absent => Some(entry.kind.name().to_owned()),
            Self::Blank(_) if !is_file => Some(format!("{} in a file's place", entry.kind.name())),
            Self::Blank(_) if entry.size > 0 => Some(format!("a file of {} bytes", entry.size)),
            Self::Blank(mode) => {
                (entry.mode & 0o7777 != mode).then(|| format!("empty, with mode {:04o}", entry.mode & 0o7777))
            }
            Self::Truncated => (is_file && entry.size > 0).then(|| format!("a file of {} bytes", entry.size)),
            Self::NoFile => (entry.kind != Kind::Link).then(|| entry.kind.name().to_owned()),
            Self::Unset(syntax, keys) if is_file => {
                let content = tree.read(path)?;
                let text = String::from_utf8_lossy(&content);
                let set: Vec<&str> = keys.iter().filter(|key| syntax.sets(&text, key)).copied().collect();
                (!set.is_empty()).then(|| format!("it sets {}", set.join(", ")))
            }
            Self::Unset(..) => None,
            Self::Remade { from, .. } if is_file && tree.read(path)? == from.as_bytes() => None,
            Self::Remade { .. } => Some(entry.kind.name().to_owned()),
            Self::Present => (!is_file).then(|| format!("{} in a file's place", entry.kind.name())),
        })
    }

    fn demands_something(self) -> bool {
        matches!(self, Self::Blank(_) | Self::Present)
    }

    fn remedy(self) -> String {
        match self {
            Self::Absent | Self::NoFile => "remove it".into(),
            Self::Blank(mode) => format!("leave an empty file with mode {mode:04o}, never 'uninitialized'"),
            Self::Truncated => "empty it".into(),
            Self::Unset(..) => "take these lines out".into(),
            Self::Remade { by, from } => {
                format!("remove it, or where {by} is let it say '{}' alone", from.trim_end())
            }
            Self::Present => "run 'landfall seal'".into(),
        }
    }
}
