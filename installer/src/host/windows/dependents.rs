//! The services that need another one, which no crate asks Windows for.

use std::io;
use std::mem::size_of;
use std::ptr::null_mut;

use widestring::U16CStr;
use windows_service::service::{Service as Open, ServiceAccess};
use windows_sys::Win32::Foundation::ERROR_MORE_DATA;
use windows_sys::Win32::System::Services::{
    ENUM_SERVICE_STATUSW, EnumDependentServicesW, SERVICE_ACTIVE, SERVICE_ENUMERATE_DEPENDENTS,
};

/// What a service is opened for that is asked about.
pub(super) const ACCESS: ServiceAccess = ServiceAccess::from_bits_retain(SERVICE_ENUMERATE_DEPENDENTS);

/// Those that need this one and run, directly or by another one, in the order in which they can be stopped: Windows lists
/// them so.
pub(super) fn running(service: &Open) -> io::Result<Vec<String>> {
    let mut room = Vec::new();
    loop {
        match listed(service, &mut room) {
            Ok(count) => return Ok(room[..count].iter().map(name).collect()),
            Err(Trouble::TooLittle(bytes)) => {
                let entries = bytes.div_ceil(size_of::<ENUM_SERVICE_STATUSW>());
                room = vec![ENUM_SERVICE_STATUSW::default(); entries.max(room.len() + 1)];
            }
            Err(Trouble::Other(e)) => return Err(e),
        }
    }
}

enum Trouble {
    /// So many bytes would do; the texts are behind the entries.
    TooLittle(usize),
    Other(io::Error),
}

#[allow(unsafe_code, reason = "a call with one handle that fills in a list, which outlives it")]
fn listed(service: &Open, room: &mut [ENUM_SERVICE_STATUSW]) -> Result<usize, Trouble> {
    let size = u32::try_from(size_of_val(room)).unwrap_or(u32::MAX);
    let place = if room.is_empty() { null_mut() } else { room.as_mut_ptr() };
    let (mut needed, mut count) = (0, 0);
    // SAFETY: the handle is that of an open service, and the room is as large as is said.
    let done = unsafe {
        EnumDependentServicesW(
            service.raw_handle(),
            SERVICE_ACTIVE,
            place,
            size,
            &raw mut needed,
            &raw mut count,
        )
    };
    match (done, io::Error::last_os_error()) {
        (0, e) if e.raw_os_error() == Some(ERROR_MORE_DATA.cast_signed()) => {
            Err(Trouble::TooLittle(needed as usize))
        }
        (0, e) => Err(Trouble::Other(e)),
        _ => Ok((count as usize).min(room.len())),
    }
}

#[allow(unsafe_code, reason = "it reads a text that ends in a zero")]
fn name(entry: &ENUM_SERVICE_STATUSW) -> String {
    // SAFETY: Windows put the text into the same room, which the entry is borrowed from.
    unsafe { U16CStr::from_ptr_str(entry.lpServiceName) }.to_string_lossy()
}
