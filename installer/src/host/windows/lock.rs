//! A lock: a file that is open for writing, and that nobody else may open for that meanwhile. It ends with the process.

use std::fs::File;
use std::io::{self, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;

use crate::host::Holder;

const SHARE_READ: u32 = 1;
/// Somebody has it open in another way.
const SHARING_VIOLATION: i32 = 32;

/// Takes a lock, or nothing when somebody else has it.
pub(super) fn take(path: &Path) -> io::Result<Option<File>> {
    match File::options().create(true).truncate(true).write(true).share_mode(SHARE_READ).open(path) {
        Ok(mut file) => {
            write!(file, "{}", std::process::id())?;
            file.flush()?;
            Ok(Some(file))
        }
        Err(e) if e.raw_os_error() == Some(SHARING_VIOLATION) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Who holds a lock on this file, by what it wrote there.
pub(super) fn holder(path: &Path) -> Option<Holder> {
    let is_held = File::options().write(true).open(path).err()?.raw_os_error() == Some(SHARING_VIOLATION);
    let pid = std::fs::read_to_string(path).ok()?.trim().parse().ok()?;
    is_held.then(|| Holder { pid, program: "landfall.exe".into() })
}
