//! The domain that this machine is joined to.

use std::io;
use std::ptr::{null, null_mut};

use widestring::U16CStr;
use windows_sys::Win32::NetworkManagement::NetManagement::{
    NetApiBufferFree, NetGetJoinInformation, NetSetupDomainName, NetSetupUnknownStatus,
};

use crate::error::{Result, While};

/// Its name, which may be the short one. Nothing in a workgroup.
#[allow(unsafe_code, reason = "a call that hands out a text, which is copied and given back")]
pub(super) fn joined() -> Result<Option<String>> {
    let (mut text, mut status) = (null_mut(), NetSetupUnknownStatus);
    // SAFETY: nothing stands for this machine, and both places outlive the call.
    let code = unsafe { NetGetJoinInformation(null(), &raw mut text, &raw mut status) };
    if code != 0 {
        let error = io::Error::from_raw_os_error(code.cast_signed());
        return Err(error).while_doing(|| "asking which domain this machine is joined to".into());
    }
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: where it succeeds the text ends in a zero, and is ours until it is given back, once.
    let name = unsafe {
        let name = U16CStr::from_ptr_str(text).to_string_lossy();
        NetApiBufferFree(text.cast());
        name
    };
    Ok((status == NetSetupDomainName).then_some(name))
}
