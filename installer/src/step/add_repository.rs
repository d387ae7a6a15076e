//! Add a vendor's package repository: its key, and a source that trusts that key for this repository alone.
//!
//! Of the file that the vendor offers only the certificate with the pinned fingerprint is written. rpm has one
//! keyring for all repositories, so there that certificate is put into it by name: no package manager is ever
//! told to import what it finds. Where somebody offers the same repository here already, nothing is added: apt
//! takes two keys for one repository for an error. Undo leaves what somebody changed since.

use std::path::{Path, PathBuf};
use std::time::Duration;

use distro_matrix::{Format, Manager};
use serde::{Deserialize, Serialize};

use super::file::{look, put_back};
use super::{Before, Context, Leftovers, is_apt};
use crate::apt_sources;
use crate::certificate;
use crate::durable;
use crate::error::{Error, Result, While};
use crate::host::{Host, Output, Packages};
use crate::package_lock;
use crate::package_words::{reading_lists, telling};
use crate::rpm_sources;

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
    /// The suite, where the format has suites: the release's codename.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suite: String,
    /// The component, where the format has components.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub component: String,
    /// The package manager's name of the architecture.
    pub architecture: String,
    /// Where the package manager has all of these from elsewhere, the repository is not needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<String>,
    /// The package manager.
    #[serde(default, skip_serializing_if = "is_apt")]
    pub manager: Manager,
    /// Seconds to wait while somebody else holds the package manager's lock.
    pub lock_seconds: u64,
}

impl AddRepository {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        if self.is_in_place(host)? || self.is_offered_by_others(host)? || self.is_not_needed(host)? {
            return Ok(None);
        }
        let mut absent = durable::missing_folders(host, durable::parent(&self.keyring()))?;
        for folder in durable::missing_folders(host, durable::parent(&self.source()))? {
            if !absent.contains(&folder) {
                absent.push(folder);
            }
        }
        Ok(Some(Before::Repository {
            absent,
            trusted: self.is_trusted(host)?,
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
        let (keyring, source) = (self.keyring(), self.source());
        durable::create_folders(host, durable::parent(&keyring), 0o755)?;
        durable::create_folders(host, durable::parent(&source), 0o755)?;
        durable::write(host, &keyring, certificate.as_bytes(), 0o644)?;
        if !self.is_trusted(host)? {
            let output = self.run(host, Packages::TrustKey(keyring))?;
            if !output.ok() {
                return Err(Error::failed(format!(
                    "rpm does not take the key of {}: {}",
                    self.url,
                    telling(&output)
                ))
                .hint("see 'rpmkeys --import FILE' by hand"));
            }
        }
        durable::write(host, &source, self.text().as_bytes(), 0o644)?;
        if !self.unless.is_empty() {
            context.keep_lists(self.run(host, Packages::Update)?);
        }
        Ok(())
    }

    fn forget_key(&self, host: &mut dyn Host) -> Result<()> {
        let Some(key) = host.rpm_key(&self.fingerprint)? else { return Ok(()) };
        let output = self.run(host, Packages::ForgetKey(key.clone()))?;
        if output.ok() {
            return Ok(());
        }
        Err(Error::failed(format!("rpm does not forget the key {key}: {}", telling(&output)))
            .hint(format!("see 'rpm -e {key}'")))
    }

    fn run(&self, host: &mut dyn Host, packages: Packages) -> Result<Output> {
        package_lock::run(host, self.manager, packages, Duration::from_secs(self.lock_seconds))
    }

    /// The source first: what it names is there as long as it is.
    pub(super) fn undo(&self, host: &mut dyn Host, before: &Before) -> Result<Leftovers> {
        let Before::Repository { absent, keyring, source, trusted } = before else {
            return Ok(Leftovers::new());
        };
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
        if self.manager.format() == Format::Rpm && !trusted {
            self.forget_key(host)?;
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
        match self.manager.format() {
            Format::Deb => Path::new("/etc/apt/keyrings").join(format!("{}.asc", self.name)),
            Format::Rpm => Path::new("/etc/pki/rpm-gpg").join(format!("RPM-GPG-KEY-{}", self.name)),
        }
    }

    fn source(&self) -> PathBuf {
        match self.manager.format() {
            Format::Deb => Path::new(apt_sources::FOLDER).join(format!("{}.sources", self.name)),
            Format::Rpm => rpm_sources::folder(self.manager).join(format!("{}.repo", self.name)),
        }
    }

    fn text(&self) -> String {
        let (url, keyring) = (&self.url, self.keyring());
        match self.manager.format() {
            Format::Deb => format!(
                "# Written by Landfall.\nTypes: deb\nURIs: {url}\nSuites: {}\nComponents: {}\nArchitectures: {}\n\
                 Signed-By: {}\n",
                self.suite,
                self.component,
                self.architecture,
                keyring.display()
            ),
            Format::Rpm => format!(
                "# Written by Landfall.\n[{name}-stable]\nname={name}\nbaseurl={url}\nenabled=1\ngpgcheck=1\n\
                 gpgkey=file://{}\n",
                keyring.display(),
                name = self.name
            ),
        }
    }

    fn is_in_place(&self, host: &dyn Host) -> Result<bool> {
        let keyring = host.read(&self.keyring())?.unwrap_or_default();
        let is_written = self.is_our_source(host)? && certificate::holds_only(&keyring, &self.fingerprint);
        Ok(is_written && self.is_trusted(host)?)
    }

    /// apt trusts what the source names; rpm what is in its keyring.
    fn is_trusted(&self, host: &dyn Host) -> Result<bool> {
        match self.manager.format() {
            Format::Deb => Ok(true),
            Format::Rpm => Ok(host.rpm_key(&self.fingerprint)?.is_some()),
        }
    }

    fn is_our_source(&self, host: &dyn Host) -> Result<bool> {
        Ok(host.read(&self.source())?.is_some_and(|there| there == self.text().as_bytes()))
    }

    fn is_offered_by_others(&self, host: &dyn Host) -> Result<bool> {
        let ours = self.text();
        let files = self.source_files(host)?;
        let mut others = files.iter().filter(|(_, text)| *text != ours);
        Ok(others.any(|(path, text)| match self.manager.format() {
            Format::Deb => apt_sources::offers(path, text, &self.url, &self.suite),
            // A file of the name that we would take is somebody's choice of where Docker comes from.
            Format::Rpm => {
                rpm_sources::offers(text, &self.url) || (*path == self.source() && rpm_sources::is_on(text))
            }
        }))
    }

    fn source_files(&self, host: &dyn Host) -> Result<Vec<(PathBuf, String)>> {
        match self.manager.format() {
            Format::Deb => apt_sources::files(host),
            Format::Rpm => apt_sources::files_in(host, rpm_sources::folder(self.manager), &[".repo"]),
        }
    }

    fn is_not_needed(&self, host: &dyn Host) -> Result<bool> {
        Ok(self.is_fall_back() && host.offered(self.manager, &self.unless)?.len() == self.unless.len())
    }

    /// Lists that could not be read do not show that the first choice cannot be had.
    fn must_know_the_lists(&self, context: &Context) -> Result<()> {
        match context.lists() {
            Some(lists) if !lists.ok() => Err(Error::failed(format!(
                "whether {} can be had is not known, since reading the package lists failed: {}",
                self.unless.join(" "),
                telling(&lists)
            ))
            .hint(format!("mend the package sources ({} must end well) and run again, or choose with --docker-install-source", reading_lists(self.manager)))),
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
        let mut files = self.source_files(host)?;
        files.retain(|(path, text)| *path != self.source() && text.contains(&name));
        Ok(files.into_iter().next().map(|(path, _)| path))
    }
}
