//! A lock: a file that is open for writing, and that nobody else may open for that meanwhile. It ends with the process,
//! and the file with it.

use std::fs::File;
use std::io::{self, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use windows_sys::Win32::Foundation::GENERIC_WRITE;
use windows_sys::Win32::Storage::FileSystem::{DELETE, FILE_FLAG_DELETE_ON_CLOSE};

use crate::host::Holder;

const SHARE_READ: u32 = 1;
/// To write, and to remove.
const ACCESS: u32 = GENERIC_WRITE | DELETE;
/// Somebody has it open in another way.
const SHARING_VIOLATION: i32 = 32;
/// It may be going in this moment: its last holder ended while somebody read it.
const ACCESS_DENIED: i32 = 5;
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(50);

/// Takes a lock, or nothing when somebody else has it.
pub(super) fn take(path: &Path) -> io::Result<Option<File>> {
    let mut options = File::options();
    options.create(true).truncate(true).write(true).access_mode(ACCESS).share_mode(SHARE_READ);
    options.custom_flags(FILE_FLAG_DELETE_ON_CLOSE);
    let mut tries = 1;
    loop {
        match options.open(path) {
            Ok(mut file) => {
                write!(file, "{}", std::process::id())?;
                file.flush()?;
                return Ok(Some(file));
            }
            Err(e) if e.raw_os_error() == Some(SHARING_VIOLATION) => return Ok(None),
            Err(e) if e.raw_os_error() == Some(ACCESS_DENIED) && tries < TRIES => thread::sleep(PAUSE),
            Err(e) => return Err(e),
        }
        tries += 1;
    }
}

/// Who holds a lock on this file, by what it wrote there.
pub(super) fn holder(path: &Path) -> Option<Holder> {
    let is_held = File::options().write(true).open(path).err()?.raw_os_error() == Some(SHARING_VIOLATION);
    let pid = std::fs::read_to_string(path).ok()?.trim().parse().ok()?;
    is_held.then(|| Holder { pid, program: "landfall.exe".into() })
}
