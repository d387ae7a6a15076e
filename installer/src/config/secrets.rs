//! Where the activation comes from, and how private a file with a secret in it has to be.

use std::path::{Path, PathBuf};

use super::CREDENTIAL;
use crate::activation::Activation;
use crate::cli::Options;
use crate::error::{Error, Result, While};
use crate::host::{EntryKind, Machine};
use crate::secret::Secret;

/// Permission bits of everybody but a file's owner.
const OTHERS: u32 = 0o077;

/// The activation, from the first source that has one. Who reads standard input is told what is wanted there.
///
/// # Errors
/// When a source was named and holds none.
pub fn activation(
    host: &dyn Machine,
    options: &Options,
    stdin: impl FnOnce(&str) -> Result<Secret>,
) -> Result<Option<Activation>> {
    let id = options.activation_id.clone();
    if let Some(path) = &options.activation_file {
        if path == Path::new("-") {
            // A code alone is of no use without its id, so who has not given that is asked for both.
            let wanted = match id {
                Some(_) => "activation code",
                None => "activation, as 'aws ssm create-activation' printed it",
            };
            return Activation::parse(&stdin(wanted)?, id, "standard input").map(Some);
        }
        return of_file(host, path, id).map(Some);
    }
    if let Some(code) = &options.activation_code {
        let id = id.ok_or_else(|| {
            Error::refused("an activation code was given without its id").hint("give --activation-id too")
        })?;
        return Activation::new(id, code.clone()).map(Some);
    }
    let Some(folder) = host.env("CREDENTIALS_DIRECTORY") else { return Ok(None) };
    let path = PathBuf::from(folder).join(CREDENTIAL);
    match host.read(&path)? {
        Some(content) => {
            let content = Secret::of_file(content, &path)?;
            Activation::parse(&content, id, "the systemd credential landfall.activation").map(Some)
        }
        None => Ok(None),
    }
}

fn of_file(host: &dyn Machine, path: &Path, id: Option<String>) -> Result<Activation> {
    let content = host.read(path).while_doing(|| "reading the file of --activation-file".into())?;
    let content = content.ok_or_else(|| {
        Error::refused(format!("there is no file {}", path.display())).hint("see --activation-file")
    })?;
    let content = Secret::of_file(content, path)?;
    must_be_private(host, path)?;
    Activation::parse(&content, id, &path.display().to_string())
}

/// A secret that others on this machine may read is none any more, and whoever put it there should know. A
/// link is as private as the file that it leads to; a pipe keeps nothing.
pub(crate) fn must_be_private(host: &dyn Machine, path: &Path) -> Result<()> {
    let found = host.stat_followed(path)?;
    let Some(stat) = found.filter(|stat| stat.kind == EntryKind::File && stat.mode & OTHERS != 0) else {
        return Ok(());
    };
    Err(Error::refused(format!(
        "{} holds a secret, and others than its owner may use it (mode {:04o})",
        path.display(),
        stat.mode
    ))
    .hint(format!(
        "'chmod 600 {}', and make a new activation where somebody may have read it",
        path.display()
    )))
}
