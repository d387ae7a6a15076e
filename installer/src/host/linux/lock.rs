//! Locks on files, in the way that dpkg and apt use them: POSIX record locks, which name their holder;
//! and in that of yum, dnf 4 and zypper: a file with the holder's number.

use std::fs::{self, File, OpenOptions};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::{F_UNLCK, F_WRLCK, SEEK_SET, flock};

use crate::host::Holder;

/// Takes a lock, or nothing when somebody else has it. It ends with the file.
pub(super) fn take(path: &Path) -> std::io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    match fcntl(&file, FcntlArg::F_SETLK(&whole_file())) {
        Ok(_) => Ok(Some(file)),
        Err(Errno::EACCES | Errno::EAGAIN) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// Who holds a lock on this file.
pub(super) fn holder(path: &Path) -> Option<Holder> {
    if path.extension().is_some_and(|ending| ending == "pid") {
        return named_in(path);
    }
    let file = OpenOptions::new().write(true).open(path).ok()?;
    let mut lock = whole_file();
    fcntl(&file, FcntlArg::F_GETLK(&mut lock)).ok()?;
    if lock.l_type == F_UNLCK as i16 {
        return None;
    }
    Some(process(lock.l_pid).unwrap_or(Holder { pid: lock.l_pid, program: "another process".into() }))
}

/// Who wrote its number into a file of it; nobody, where that process is gone.
fn named_in(path: &Path) -> Option<Holder> {
    process(fs::read_to_string(path).ok()?.trim().parse().ok()?)
}

fn process(pid: i32) -> Option<Holder> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(Holder { pid, program: name.trim().to_owned() })
}

fn whole_file() -> flock {
    flock { l_type: F_WRLCK as i16, l_whence: SEEK_SET as i16, l_start: 0, l_len: 0, l_pid: 0 }
}
