//! The disk that every machine of wine's begins with: a Debian, and over it what wine makes of an empty C:.
//!
//! The second is the upper layer of an overlay on the first, so a machine has both as its lower ones, and nothing is
//! copied for it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cache;
use crate::error::{Error, Result, While};
use crate::guest::base_root;
use crate::host_command;

/// The first Debian whose wine has what Rust's programs need.
const SUITE: &str = "trixie";

const PACKAGES: [&str; 2] = ["wine", "wine64"];

/// Goes up when the script changes in what it makes.
const RECIPE: &[u8] = b"1";

/// Runs a script over layers of a disk.
pub const ENTER: &str = include_str!("enter.sh");

/// Makes C: and the registry. No dialogue for a program that crashed: there is nobody to close it.
const MAKE: &str = "wineboot --init && wine reg add 'HKCU\\Software\\Wine\\WineDbg' \
                    /v ShowCrashDialog /t REG_DWORD /d 0 /f && wineserver --kill --wait";

/// The lower layers of a machine's disk, as mount wants them.
pub fn with_windows() -> Result<String> {
    if std::env::consts::ARCH != "x86_64" {
        return Err(Error::new("wine runs programs for x86_64 on a machine of that kind alone"));
    }
    let base = base_root::debian_with(SUITE, &PACKAGES.map(str::to_owned))?;
    let ingredients = [RECIPE, base.as_os_str().as_encoded_bytes()];
    let entry = cache::entry("wine-drive", &ingredients, |folder| make(&base, folder))?;
    Ok(format!("{}:{}", entry.join("upper").display(), base.display()))
}

fn make(base: &Path, folder: &Path) -> Result<()> {
    for part in ["root", "upper", "work"] {
        fs::create_dir(folder.join(part))?;
    }
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--net", "--propagation", "private", "--pid", "--fork", "--kill-child"])
        .args(["sh", "-c", ENTER, "sh"])
        .arg(base)
        .arg(folder)
        .arg(MAKE)
        .args(super::ENVIRONMENT);
    host_command::finish(&mut command).doing(|| "making C:")?;
    fs::remove_dir_all(folder.join("work"))?;
    Ok(())
}
