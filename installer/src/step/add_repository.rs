//! Add a vendor's package repository: its key, and a source that trusts that key for this repository alone.
//!
//! Of the file that the vendor offers only the certificate with the pinned fingerprint is written. Where
//! somebody offers the same repository here already, nothing is added: apt takes two keys for one
//! repository for an error. Undo leaves what somebody changed since.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::file::{look, put_back};
use super::{Before, Context, Leftovers};
use crate::apt_sources;
use crate::certificate;
use crate::durable;
use crate::error::{Error, Result, While};
use crate::host::{Host, Packages};
use crate::package_lock;
use crate::package_words::telling;

const KEYRINGS: &str = "/etc/apt/keyrings";
/// A key file is a few kilobytes.
const LARGEST_KEY_FILE: u64 = 256 * 1024;

/// A vendor's package repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddRepository {
    /// What its files are called: as in the vendor's own instructions, so that following those too does
    /// not end in two sources for one repository.
    pub name: String,
    /// Its address.
    pub url: String,
    /// The address of its key's file.
    pub key_url: String,
    /// The primary key that signs it, by its fingerprint.
    pub fingerprint: String,
    /// The suite: the release's codename.
    pub suite: String,
    /// The component.
    pub component: String,
    /// The package manager's name of the architecture.
    pub architecture: String,
    /// Where apt has all of these from elsewhere, the repository is not needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<String>,
    /// Seconds to wait while somebody else holds the package manager's lock.
    pub lock_seconds: u64,
}

impl AddRepository {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        if self.is_in_place(host)? || self.is_offered_by_others(host)? || self.is_not_needed(host)? {
            return Ok(None);
        }
        let mut absent = durable::missing_folders(host, Path::new(KEYRINGS))?;
        for folder in durable::missing_folders(host, Path::new(apt_sources::FOLDER))? {
            if !absent.contains(&folder) {
                absent.push(folder);
            }
        }
        Ok(Some(Before::Repository {
            absent,
            keyring: Box::new(look(host, &self.keyring())?),
            source: Box::new(look(host, &self.source())?),
        }))
    }

    /// A fall-back comes after the lists were read: those of the new source are then read here.
    pub(super) fn apply(&self, host: &mut dyn Host, context: &Context) -> Result<()> {
        if !self.unless.is_empty() {
            self.must_know_the_lists(context)?;
        }
        let certificate = self.certificate(host)?;
        durable::create_folders(host, Path::new(KEYRINGS), 0o755)?;
        durable::create_folders(host, Path::new(apt_sources::FOLDER), 0o755)?;
        durable::write(host, &self.keyring(), certificate.as_bytes(), 0o644)?;
        durable::write(host, &self.source(), self.text().as_bytes(), 0o644)?;
        if !self.unless.is_empty() {
            let patience = Duration::from_secs(self.lock_seconds);
            context.keep_lists(package_lock::run(host, Packages::Update, patience)?);
        }
        Ok(())
    }

    /// The source first: what it names is there as long as it is.
    pub(super) fn undo(&self, host: &mut dyn Host, before: &Before) -> Result<Leftovers> {
        let Before::Repository { absent, keyring, source } = before else { return Ok(Leftovers::new()) };
        let (keyring_file, source_file) = (self.keyring(), self.source());
        if !self.may_put_back(host, &source_file, source)? {
            return Ok(vec![format!(
                "{} was changed since, and stays with {}",
                source_file.display(),
                keyring_file.display()
            )]);
        }
        put_back(host, &source_file, source)?;
        if let Some(user) = self.other_user_of_the_keyring(host)? {
            return Ok(vec![format!("{} stays: {} names it", keyring_file.display(), user.display())]);
        }
        put_back(host, &keyring_file, keyring)?;
        for folder in absent.iter().rev() {
            if host.stat(folder)?.is_some() && host.list(folder)?.is_empty() {
                durable::remove(host, folder)?;
            }
        }
        Ok(Leftovers::new())
    }

    /// Whether the repository's packages are a second choice.
    #[must_use]
    pub(crate) fn is_fall_back(&self) -> bool {
        !self.unless.is_empty()
    }

    fn keyring(&self) -> PathBuf {
        Path::new(KEYRINGS).join(format!("{}.asc", self.name))
    }

    fn source(&self) -> PathBuf {
        Path::new(apt_sources::FOLDER).join(format!("{}.sources", self.name))
    }

    fn text(&self) -> String {
        format!(
            "# Written by Landfall.\nTypes: deb\nURIs: {}\nSuites: {}\nComponents: {}\nArchitectures: {}\n\
             Signed-By: {}\n",
            self.url,
            self.suite,
            self.component,
            self.architecture,
            self.keyring().display()
        )
    }

    fn is_in_place(&self, host: &dyn Host) -> Result<bool> {
        let keyring = host.read(&self.keyring())?.unwrap_or_default();
        Ok(self.is_our_source(host)? && certificate::holds_only(&keyring, &self.fingerprint))
    }

    fn is_our_source(&self, host: &dyn Host) -> Result<bool> {
        Ok(host.read(&self.source())?.is_some_and(|there| there == self.text().as_bytes()))
    }

    fn is_offered_by_others(&self, host: &dyn Host) -> Result<bool> {
        let ours = self.text();
        let files = apt_sources::files(host)?;
        let mut others = files.iter().filter(|(_, text)| *text != ours);
        Ok(others.any(|(path, text)| apt_sources::offers(path, text, &self.url, &self.suite)))
    }

    fn is_not_needed(&self, host: &dyn Host) -> Result<bool> {
        Ok(self.is_fall_back() && host.offered(&self.unless)?.len() == self.unless.len())
    }

    /// Lists that could not be read do not show that the first choice cannot be had.
    fn must_know_the_lists(&self, context: &Context) -> Result<()> {
        match context.lists() {
            Some(lists) if !lists.ok() => Err(Error::failed(format!(
                "whether {} can be had is not known, since reading the package lists failed: {}",
                self.unless.join(" "),
                telling(&lists)
            ))
            .hint("mend the package sources ('apt-get update' must end well) and run again, or choose with --docker-install-source")),
            _ => Ok(()),
        }
    }

    fn certificate(&self, host: &mut dyn Host) -> Result<String> {
        let file = host
            .download(&self.key_url, LARGEST_KEY_FILE)
            .while_doing(|| format!("fetching the key of {}", self.url))?;
        certificate::only(&file, &self.fingerprint).ok_or_else(|| {
            let found = certificate::fingerprints(&file);
            let what = if found.is_empty() { "no certificate".to_owned() } else { found.join(" and ") };
            Error::failed(format!(
                "{} has {what} in it, and not the pinned certificate {}",
                self.key_url, self.fingerprint
            ))
            .hint("the repository was not added; the file may have been changed on its way: see where it comes from before trying again")
        })
    }

    fn may_put_back(&self, host: &dyn Host, path: &Path, before: &Before) -> Result<bool> {
        let there = look(host, path)?;
        Ok(there == Before::Nothing || there == *before || self.is_our_source(host)?)
    }

    fn other_user_of_the_keyring(&self, host: &dyn Host) -> Result<Option<PathBuf>> {
        let name = self.keyring().display().to_string();
        let mut files = apt_sources::files(host)?;
        files.retain(|(path, text)| *path != self.source() && text.contains(&name));
        Ok(files.into_iter().next().map(|(path, _)| path))
    }
}
