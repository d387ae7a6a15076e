//! Files with activations in them: read only when nobody else can.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};

/// Refuses a file that others may read: what is in it would be a secret no more.
///
/// # Errors
/// That refusal.
pub fn demand(path: &Path) -> Result<()> {
    let named = |e: std::io::Error| Error::refused(format!("{}: {e}", path.display()));
    let metadata = std::fs::metadata(path).map_err(named)?;
    let mode = metadata.permissions().mode() & 0o777;
    // A pipe keeps nothing.
    if metadata.is_file() && mode & 0o077 != 0 {
        let what = format!(
            "{} holds activation codes, and others than its owner may use it (mode {mode:04o})",
            path.display()
        );
        return Err(Error::refused(what).hint(format!(
            "'chmod 600 {}', and make new activations where somebody may have read it",
            path.display()
        )));
    }
    Ok(())
}

/// Id and code of an activation, out of what `aws ssm create-activation` printed.
///
/// # Errors
/// When others may read the file, or it is something else.
pub fn activation(path: &Path) -> Result<(String, String)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Printed {
        activation_id: String,
        activation_code: String,
    }
    demand(path)?;
    let text = std::fs::read(path).map_err(|e| Error::refused(format!("{}: {e}", path.display())))?;
    // What serde would say shows what it found.
    let printed: Printed = serde_json::from_slice(&text).map_err(|_| {
        Error::refused(format!("{} is not what 'aws ssm create-activation' prints", path.display()))
            .hint("it is JSON with ActivationId and ActivationCode")
    })?;
    Ok((printed.activation_id, printed.activation_code))
}
