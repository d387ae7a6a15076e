//! A right of this process that Windows keeps switched off until it is asked for.

use std::io;
use std::mem::size_of;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{ERROR_SUCCESS, GetLastError, LUID};
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, LUID_AND_ATTRIBUTES, LookupPrivilegeValueW, SE_PRIVILEGE_ENABLED,
    SE_SHUTDOWN_NAME, TOKEN_ADJUST_PRIVILEGES, TOKEN_PRIVILEGES, TOKEN_QUERY,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

/// To restart Windows, or to have it restarted.
pub(super) fn enable_shutdown() -> io::Result<()> {
    let token = own_token()?;
    let privileges = TOKEN_PRIVILEGES {
        PrivilegeCount: 1,
        Privileges: [LUID_AND_ATTRIBUTES { Luid: of_shutdown()?, Attributes: SE_PRIVILEGE_ENABLED }],
    };
    adjust(&token, &privileges)
}

#[allow(unsafe_code, reason = "a call that fills in one handle, which is owned from then on")]
fn own_token() -> io::Result<OwnedHandle> {
    let mut token = null_mut();
    // SAFETY: the process' own handle is always good, and `token` outlives the call; where that succeeds, nobody else
    // has the handle in it.
    unsafe {
        match OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &raw mut token) {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(OwnedHandle::from_raw_handle(token)),
        }
    }
}

#[allow(unsafe_code, reason = "a call that fills in one value")]
fn of_shutdown() -> io::Result<LUID> {
    let mut found = LUID { LowPart: 0, HighPart: 0 };
    // SAFETY: the name is one of Windows' own, which ends in a zero, and `found` outlives the call.
    match unsafe { LookupPrivilegeValueW(null(), SE_SHUTDOWN_NAME, &raw mut found) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(found),
    }
}

#[allow(unsafe_code, reason = "a call with one handle and one structure, which outlive it")]
fn adjust(token: &OwnedHandle, privileges: &TOKEN_PRIVILEGES) -> io::Result<()> {
    let size = u32::try_from(size_of::<TOKEN_PRIVILEGES>()).unwrap_or_default();
    // SAFETY: the token is open for this, the structure holds the one privilege that it counts, and nothing is asked back.
    let changed =
        unsafe { AdjustTokenPrivileges(token.as_raw_handle(), 0, privileges, size, null_mut(), null_mut()) };
    // It calls it a success, too, where the account has no such right.
    // SAFETY: it reads what the call above left.
    let error = unsafe { GetLastError() };
    match (changed, error) {
        (0, _) => Err(io::Error::last_os_error()),
        (_, ERROR_SUCCESS) => Ok(()),
        (_, error) => Err(io::Error::from_raw_os_error(error.cast_signed())),
    }
}
