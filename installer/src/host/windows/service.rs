//! Landfall as a service: it goes on after a restart, or at a first boot, and ends.
//!
//! The work is done by another Landfall, as a person would run it, with what it says in a log: so there is one way to do
//! it. A failure is tried again for half an hour, because the network may come up after the service. It can be stopped
//! between two tries, and not while that other Landfall is at work.
//!
//! While Windows sets itself up, as an image does at its first start, nothing is tried: it will get another name, and
//! another start.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use windows_service::service::{
    ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult};
use windows_service::{define_windows_service, service_dispatcher};

use super::RealWindows;
use crate::error::{Error, Result};
use crate::windows::places::{LOG, OWN_SERVICE, RESUME, SEALED};
use crate::windows::setup;

const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_secs(60);
/// How often is looked whether Windows is set up.
const LOOKS: Duration = Duration::from_secs(5);
/// It failed on the way: the next try goes on there.
const FAILED: i32 = 1;

define_windows_service!(service_main, serve);

/// Speaks to the service manager, which called us.
///
/// # Errors
/// When a person did.
pub fn as_service() -> Result<()> {
    service_dispatcher::start(OWN_SERVICE, service_main).map_err(|_| {
        Error::refused("'service' is for Windows' service manager")
            .hint("run 'landfall up', or 'landfall first-boot'")
    })
}

fn serve(_: Vec<OsString>) {
    let (stop, stopped) = mpsc::channel();
    let Ok(status) = service_control_handler::register(OWN_SERVICE, move |control| match control {
        ServiceControl::Stop => {
            let _ = stop.send(());
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    }) else {
        return;
    };
    let tell = |current_state, controls_accepted| {
        let _ = status.set_service_status(ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state,
            controls_accepted,
            exit_code: ServiceExitCode::Win32(0),
            checkpoint: 0,
            wait_hint: Duration::ZERO,
            process_id: None,
        });
    };
    let busy = || tell(ServiceState::Running, ServiceControlAccept::empty());
    busy();
    work(|time| {
        tell(ServiceState::Running, ServiceControlAccept::STOP);
        let is_over = stopped.recv_timeout(time).is_ok();
        busy();
        // One that came in the last moment.
        is_over || stopped.try_recv().is_ok()
    });
    tell(ServiceState::Stopped, ServiceControlAccept::empty());
}

/// `is_stopped` waits for so long, and says whether somebody wants an end meanwhile.
fn work(is_stopped: impl Fn(Duration) -> bool) {
    let machine = RealWindows::open();
    while setup::is_at_work(&machine) {
        if is_stopped(LOOKS) {
            return;
        }
    }
    for _ in 0..TRIES {
        // Looked at anew: what fails for good takes it away, and after a restart on its way a first boot goes on.
        let arguments: &[&str] = if Path::new(RESUME).exists() {
            &["up", "--config", RESUME]
        } else if Path::new(SEALED).exists() {
            &["first-boot"]
        } else {
            return;
        };
        let pause = match run(arguments) {
            Some(0) => Duration::ZERO,
            Some(FAILED) => PAUSE,
            _ => return,
        };
        if is_stopped(pause) {
            return;
        }
    }
}

/// How another Landfall ended that was told this.
fn run(arguments: &[&str]) -> Option<i32> {
    let log = File::create(LOG).ok()?;
    let program = std::env::current_exe().ok()?;
    let output = log.try_clone().ok()?;
    let ended =
        Command::new(program).args(arguments).stdin(Stdio::null()).stdout(output).stderr(log).status();
    // What was said has to be there after the next restart, too.
    let _ = fs::OpenOptions::new().write(true).open(LOG).and_then(|log| log.sync_all());
    ended.ok()?.code()
}
