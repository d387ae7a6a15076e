//! What was chosen for ECS Exec.

use std::path::PathBuf;

use super::text;
use crate::cli::Options;
use crate::error::{Error, Result};
use crate::host::Machine;

/// The version becomes a part of an address and the name of a folder.
pub(super) fn version(options: &Options) -> Result<Option<String>> {
    let is_version = |text: &str| {
        let mut parts = text.split('.');
        text.contains('.')
            && parts.all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match &options.exec_version {
        Some(version) if !is_version(version) => {
            Err(Error::refused(format!("'{version}' is not a version of the SSM agent"))
                .hint("--exec-version takes figures and dots, such as 3.3.0.0"))
        }
        version => Ok(version.clone()),
    }
}

/// The certificates are looked at before anything is touched.
pub(super) fn certificates(host: &dyn Machine, options: &Options) -> Result<Option<PathBuf>> {
    let Some(path) = &options.certs_file else { return Ok(None) };
    if !path.is_absolute() {
        return Err(Error::refused(format!("{} is not a whole path", path.display()))
            .hint("--certs-file is read again by later runs: give its path from the root"));
    }
    if !text(host, path, "--certs-file")?.contains("-----BEGIN CERTIFICATE-----") {
        return Err(Error::refused(format!("{} holds no certificate", path.display()))
            .hint("--certs-file takes certificates as PEM, all in one file"));
    }
    Ok(Some(path.clone()))
}
