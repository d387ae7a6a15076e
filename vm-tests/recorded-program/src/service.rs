//! A service that only answers what it is asked over HTTP, until it is told to stop.
#![allow(unsafe_code, reason = "Windows calls back through a function that a macro of windows-service makes")]

use std::ffi::OsString;
use std::io;
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use recorded_program::Serves;

use windows_service::service::{
    ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult};
use windows_service::{define_windows_service, service_dispatcher};

define_windows_service!(service_main, until_it_is_stopped);

/// Is a service of whatever name it was started by.
pub fn run(serves: Vec<Serves>) -> io::Result<()> {
    serves.into_iter().try_for_each(listen)?;
    service_dispatcher::start("", service_main).map_err(io::Error::other)
}

fn until_it_is_stopped(arguments: Vec<OsString>) {
    // Nobody would hear of an error: the service does not come up then, which is what a test sees.
    let _ = serve(&arguments);
}

fn serve(arguments: &[OsString]) -> windows_service::Result<()> {
    let (stop, stopped) = mpsc::channel();
    let on_control = move |control| match control {
        ServiceControl::Stop | ServiceControl::Shutdown => {
            let _ = stop.send(());
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    let name = arguments.first().cloned().unwrap_or_default();
    let handle = service_control_handler::register(name, on_control)?;
    let status = |current_state, controls_accepted| ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state,
        controls_accepted,
        exit_code: ServiceExitCode::Win32(0),
        checkpoint: 0,
        wait_hint: Duration::default(),
        process_id: None,
    };
    handle.set_service_status(status(ServiceState::Running, ServiceControlAccept::STOP))?;
    let _ = stopped.recv();
    handle.set_service_status(status(ServiceState::Stopped, ServiceControlAccept::empty()))
}

/// From now on somebody answers there, one question after the other.
fn listen(serves: Serves) -> io::Result<()> {
    if serves.at.starts_with(r"\\.\pipe\") {
        let pipe = crate::pipe::Pipe::open(&serves.at)?;
        thread::spawn(move || pipe.answer_all(|connection| serves.answer(connection)));
        return Ok(());
    }
    let listener = TcpListener::bind(&serves.at)?;
    thread::spawn(move || {
        // Who went away before the answer misses it.
        listener.incoming().flatten().for_each(|mut it| drop(serves.answer(&mut it)));
    });
    Ok(())
}
