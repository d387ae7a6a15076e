//! The places that a seed can come from, asked in one order; the first that has one is the one that counts.
//!
//! A source that the policy does not allow is not opened at all, and no source is asked further for what it has
//! than [`MOST`] bytes. A seed that is refused later is not passed over in silence for the next source's: whoever
//! gave it meant this machine, and has to see why it does not count.

use std::path::Path;

use super::{MOST, Policy, Source};
use crate::error::{Error, Result};
use crate::host::{EntryKind, Host};
use crate::secret::Secret;

mod cloud_init;
mod credential;
mod disk;
mod file;
mod fw_cfg;
mod guestinfo;
mod kernel_command_line;
mod openstack;
mod prompt;
mod smbios;
mod text;

pub(crate) use credential::NONE as NO_CREDENTIAL;

/// A seed as it was found.
pub struct Found {
    /// Where.
    pub source: Source,
    /// The same in words, for people.
    pub place: String,
    /// What it says.
    pub seed: Secret,
    /// Its signature, where it has one.
    pub signature: Option<String>,
}

impl Found {
    /// How a signature is given with this source, in words.
    #[must_use]
    pub fn source_of_signature(&self) -> &'static str {
        match self.source {
            Source::Credential => "as the credential landfall.seed.minisig",
            Source::Smbios => "as a second string, landfall.seed.minisig=<base64>",
            Source::FwCfg => "as opt/landfall/seed.minisig",
            Source::Disk | Source::RemovableDisk => "beside it as landfall.toml.minisig",
            Source::CloudInit | Source::Openstack => {
                "as landfall-minisig beside landfall, which then is a text"
            }
            Source::Guestinfo => "as guestinfo.landfall.seed.minisig",
            Source::File => "beside it as seed.toml.minisig",
            Source::KernelCommandLine => "as landfall.seed.minisig=<base64>",
            Source::Prompt => "by another source",
        }
    }
}

/// Looks at the sources that count, in their order. What a source could not be asked is told, and the next is asked.
///
/// # Errors
/// When a source has something that cannot be a seed.
pub fn look(host: &dyn Host, policy: &Policy, tell: &mut dyn FnMut(String)) -> Result<Option<Found>> {
    for source in Source::ALL.into_iter().filter(|source| policy.sources.contains(source)) {
        match of(source, host, policy, tell) {
            Ok(None) => {}
            Ok(found) => return Ok(found),
            Err(e) if e.exit_code() == 2 => return Err(e),
            Err(e) => tell(format!("note: the source {} cannot be read: {}", source.name(), e.what)),
        }
    }
    Ok(None)
}

fn of(
    source: Source,
    host: &dyn Host,
    policy: &Policy,
    tell: &mut dyn FnMut(String),
) -> Result<Option<Found>> {
    match source {
        Source::Credential => credential::look(host),
        Source::Smbios => smbios::look(host),
        Source::FwCfg => fw_cfg::look(host),
        Source::Disk => disk::look(host, disk::Kind::Fixed, tell),
        Source::RemovableDisk => disk::look(host, disk::Kind::Removable, tell),
        Source::CloudInit => cloud_init::look(host, policy, tell),
        Source::Guestinfo => guestinfo::look(host),
        Source::Openstack => openstack::look(host),
        Source::File => file::look(host),
        Source::KernelCommandLine => kernel_command_line::look(host, tell),
        Source::Prompt => prompt::look(host, policy),
    }
}

/// What is there, as far as that shows without opening it, and does not count.
///
/// # Errors
/// When the machine cannot be looked at.
pub fn not_allowed(host: &dyn Host, policy: &Policy) -> Result<Vec<String>> {
    let mut there = Vec::new();
    if !policy.sources.contains(&Source::RemovableDisk) {
        let names = disk::named(host, disk::Kind::Removable)?.into_iter();
        there.extend(names.map(|name| (format!("the removable disk {name}"), Source::RemovableDisk)));
    }
    if !policy.sources.contains(&Source::Openstack) && openstack::is_here(host)? {
        there.push(("OpenStack's metadata service".into(), Source::Openstack));
    }
    let say = |(what, source): (String, Source)| {
        format!(
            "note: {what} is not asked for a seed: the policy of this image does not have '{}' among its sources",
            source.name()
        )
    };
    Ok(there.into_iter().map(say).collect())
}

/// Makes a source that counts visible to a look.
///
/// # Errors
/// When the machine refuses to be looked at.
pub fn prepare(host: &mut dyn Host, policy: &Policy) -> Result<()> {
    if policy.sources.contains(&Source::FwCfg) {
        fw_cfg::prepare(host)?;
    }
    Ok(())
}

/// Takes the copies away that Landfall can take away of seeds, in every source that counts: the one that was used, and
/// those behind it. What others keep stays: cloud-init its cache of metadata on this very disk, and whoever runs the
/// machine what is in SMBIOS, in fw_cfg and on media.
///
/// # Errors
/// When the machine refuses.
pub fn forget(host: &mut dyn Host, policy: &Policy) -> Result<()> {
    if policy.sources.contains(&Source::Guestinfo) {
        guestinfo::forget(host)?;
    }
    if policy.sources.contains(&Source::File) {
        file::forget(host)?;
    }
    Ok(())
}

/// A file's whole text, where there is a file; too large is an error.
fn whole(host: &dyn Host, path: &Path, place: &str) -> Result<Option<Secret>> {
    if host.stat_followed(path)?.is_none_or(|stat| stat.kind != EntryKind::File) {
        return Ok(None);
    }
    let Some(content) = host.read_head(path, MOST + 1)? else { return Ok(None) };
    if content.len() > MOST {
        return Err(too_large(place));
    }
    of_bytes(content, place).map(Some)
}

fn of_bytes(content: Vec<u8>, place: &str) -> Result<Secret> {
    String::from_utf8(content).map(Secret::new).map_err(|e| {
        drop(zeroize::Zeroizing::new(e.into_bytes()));
        Error::refused(format!("the seed from {place} is not text")).hint("a seed is TOML in UTF-8")
    })
}

fn too_large(place: &str) -> Error {
    Error::refused(format!("the seed from {place} has more than {MOST} bytes"))
        .hint("a seed is a short text: see what lies there in its place")
}

#[cfg(test)]
mod tests;
