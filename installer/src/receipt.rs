//! The receipt: what Landfall changed and what it replaced, on disk before each change is made.
//!
//! A resumed run keeps the first `before`, so undo leads back to the machine that was found. What was
//! on the machine already never enters, so undo never removes it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::durable;
use crate::error::{Error, Result, While};
use crate::host::Machine;
use crate::step::{Before, Change, Step};

/// The version of the format below; a later Landfall reads every earlier one.
pub const VERSION: u32 = 1;

/// Everything Landfall changed on this machine with Linux.
pub type Receipt = ReceiptOf<Step>;

/// Everything Landfall changed on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "S: Change")]
pub struct ReceiptOf<S> {
    /// The format's version.
    pub version: u32,
    /// The changes, in the order they were first made.
    pub entries: Vec<Entry<S>>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "S: Change")]
pub struct Entry<S = Step> {
    /// Why it was made.
    pub why: String,
    /// The change.
    pub change: S,
    /// What it replaced.
    pub replaced: Before,
}

impl<S: Change> ReceiptOf<S> {
    /// Reads the machine's receipt; an empty one where there is none.
    ///
    /// # Errors
    /// When it cannot be read, or was written by a later version.
    pub fn read(host: &dyn Machine) -> Result<Self> {
        Self::read_file(host, Path::new(S::RECEIPT))
    }

    /// The same of the system in a tree.
    ///
    /// # Errors
    /// As `read`.
    pub fn read_in(host: &dyn Machine, root: &Path) -> Result<Self> {
        Self::read_file(host, &Self::file_in(root))
    }

    fn read_file(host: &dyn Machine, path: &Path) -> Result<Self> {
        let Some(text) = host.read(path)? else {
            return Ok(Self { version: VERSION, entries: Vec::new() });
        };
        let receipt: Self =
            serde_json::from_slice(&text).while_doing(|| format!("reading {}", path.display()))?;
        if receipt.version > VERSION {
            return Err(Error::refused(format!(
                "the receipt was written by a later Landfall (format {}, this one knows {VERSION})",
                receipt.version
            ))
            .hint("use that version, or a later one"));
        }
        Ok(receipt)
    }

    /// Writes a change down before it is made.
    ///
    /// # Errors
    /// When the disk refuses: the change must then not be made.
    pub fn record(&mut self, host: &mut dyn Machine, why: &str, change: &S, replaced: Before) -> Result<()> {
        self.note(why, change, replaced);
        self.write_file(host, Path::new(S::RECEIPT))
    }

    /// The same in memory alone.
    pub fn note(&mut self, why: &str, change: &S, replaced: Before) {
        let subject = change.subject();
        match self.entries.iter_mut().find(|entry| entry.change.subject() == subject) {
            Some(entry) => {
                entry.change = change.clone().absorb(&entry.change);
                why.clone_into(&mut entry.why);
            }
            None => self.entries.push(Entry { why: why.to_owned(), change: change.clone(), replaced }),
        }
    }

    /// Takes away what a receipt left that a power cut met while it was being written.
    ///
    /// # Errors
    /// When the machine refuses.
    pub fn clear_up(host: &mut dyn Machine) -> Result<()> {
        durable::forget_attempt(host, Path::new(S::RECEIPT))
    }

    /// Takes a change off, after it was undone.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn forget(&mut self, host: &mut dyn Machine, at: usize) -> Result<()> {
        self.entries.remove(at);
        self.replace(host)
    }

    /// Takes the first of these changes off the machine's receipt, where there is one.
    ///
    /// # Errors
    /// When it cannot be read, or the disk refuses.
    pub fn forget_where(host: &mut dyn Machine, is_it: impl Fn(&S) -> bool) -> Result<()> {
        let mut receipt = Self::read(host)?;
        match receipt.entries.iter().position(|entry| is_it(&entry.change)) {
            Some(at) => receipt.forget(host, at),
            None => Ok(()),
        }
    }

    /// Writes this receipt in the place of the one that is there.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn replace(&self, host: &mut dyn Machine) -> Result<()> {
        if self.entries.is_empty() {
            return durable::remove(host, Path::new(S::RECEIPT));
        }
        self.write_file(host, Path::new(S::RECEIPT))
    }

    /// Writes it for the system in a tree.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_in(&self, host: &mut dyn Machine, root: &Path) -> Result<()> {
        self.write_file(host, &Self::file_in(root))
    }

    fn file_in(root: &Path) -> PathBuf {
        root.join(S::RECEIPT.trim_start_matches('/'))
    }

    fn write_file(&self, host: &mut dyn Machine, path: &Path) -> Result<()> {
        durable::create_folders(host, durable::parent(path), 0o700)?;
        let mut text = serde_json::to_string_pretty(self).map_err(|e| Error::bug(e.to_string()))?;
        text.push('\n');
        durable::write(host, path, text.as_bytes(), 0o600)
    }
}
