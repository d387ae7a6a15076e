//! A named pipe that answers whoever opens it, as Docker's does.
#![allow(unsafe_code, reason = "the standard library opens pipes, and makes none")]

use std::fs::File;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle};
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{ERROR_NO_DATA, ERROR_PIPE_CONNECTED, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::PIPE_ACCESS_DUPLEX;
use windows_sys::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, PIPE_TYPE_BYTE, PIPE_UNLIMITED_INSTANCES, PIPE_WAIT,
};

const BUFFER: u32 = 4096;

/// A pipe with one end that waits for somebody.
pub struct Pipe {
    name: Vec<u16>,
    waiting: File,
}

impl Pipe {
    pub fn open(name: &str) -> io::Result<Self> {
        let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
        Ok(Self { waiting: end(&name)?, name })
    }

    /// Ends with the process, or where no further end can be made.
    pub fn answer_all(mut self, answer: impl Fn(&mut File) -> io::Result<()>) -> io::Result<()> {
        loop {
            connect(&self.waiting)?;
            // The next one waits before this one is answered, so that nobody finds no pipe in between.
            let mut connected = std::mem::replace(&mut self.waiting, end(&self.name)?);
            // Who went away before the answer misses it; who did not has read all of it after the flush.
            let _ = answer(&mut connected).and_then(|()| connected.sync_all());
        }
    }
}

fn end(name: &[u16]) -> io::Result<File> {
    // SAFETY: the name ends with a zero, and lives as long as the call.
    let handle = unsafe {
        CreateNamedPipeW(
            name.as_ptr(),
            PIPE_ACCESS_DUPLEX,
            PIPE_TYPE_BYTE | PIPE_WAIT,
            PIPE_UNLIMITED_INSTANCES,
            BUFFER,
            BUFFER,
            0,
            null(),
        )
    };
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: nobody else has the handle that was just made.
    Ok(unsafe { File::from_raw_handle(handle) })
}

fn connect(pipe: &File) -> io::Result<()> {
    // SAFETY: the handle is that of an open pipe; nothing overlaps.
    if unsafe { ConnectNamedPipe(pipe.as_raw_handle(), null_mut()) } != 0 {
        return Ok(());
    }
    match io::Error::last_os_error() {
        // Somebody was faster, and is connected, or gone again.
        e if [ERROR_PIPE_CONNECTED, ERROR_NO_DATA]
            .map(|it| i32::try_from(it).ok())
            .contains(&e.raw_os_error()) =>
        {
            Ok(())
        }
        e => Err(e),
    }
}
