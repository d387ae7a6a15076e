//! Services, by the service manager.

use std::ffi::OsString;
use std::io;
use std::ptr::{null, null_mut};
use std::thread;
use std::time::{Duration, Instant};

use windows_service::service::{
    Service as Open, ServiceAccess, ServiceAction, ServiceActionType, ServiceDependency, ServiceErrorControl,
    ServiceFailureActions, ServiceFailureResetPeriod, ServiceInfo, ServiceStartType, ServiceState,
    ServiceType,
};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_sys::Win32::System::Services::{ChangeServiceConfigW, SERVICE_NO_CHANGE};

use crate::error::{Error, Result, While};
use crate::windows::door::{Definition, Recovery, Service, Start};
use crate::windows::places::shown;

/// How long a service may take to come up or to come to rest.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);
/// There is no service of this name.
const DOES_NOT_EXIST: i32 = 1060;
/// It rests already.
const NOT_ACTIVE: i32 = 1062;
/// It takes no such request now.
const TAKES_NO_STOP: i32 = 1052;
/// It takes no request now.
const TAKES_NOTHING: i32 = 1061;
/// It runs already.
const ALREADY_RUNNING: i32 = 1056;
/// The service manager was asked for what it does not know.
const NO_SUCH_LEVEL: i32 = 124;
/// It is to be deleted as soon as nobody looks at it any more.
const MARKED_FOR_DELETE: i32 = 1072;

pub(super) fn look(name: &str) -> Result<Option<Service>> {
    let Some(service) = open(name, ServiceAccess::QUERY_CONFIG | ServiceAccess::QUERY_STATUS)? else {
        return Ok(None);
    };
    let config = service.query_config().map_err(|e| failed("looking at", name, &e))?;
    let status = service.query_status().map_err(|e| failed("looking at", name, &e))?;
    let running = !matches!(status.current_state, ServiceState::Stopped | ServiceState::StopPending);
    let start = start_of(config.start_type);
    let command = config.executable_path.display().to_string();
    let actions = service.get_failure_actions();
    let can_recover = !matches!(&actions, Err(e) if code(e) == Some(NO_SUCH_LEVEL));
    let recovery = recovery_of(&service, actions.ok());
    Ok(Some(Service { start, running, recovery, can_recover, command }))
}

pub(super) fn create(name: &str, definition: &Definition) -> Result<()> {
    let info = ServiceInfo {
        name: name.into(),
        display_name: definition.display.clone().into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::OnDemand,
        error_control: ServiceErrorControl::Normal,
        executable_path: shown(&definition.program).into(),
        launch_arguments: definition.arguments.iter().map(OsString::from).collect(),
        dependencies: definition.after.iter().map(|it| ServiceDependency::Service(it.into())).collect(),
        account_name: None,
        account_password: None,
    };
    let manager = manager(ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE)?;
    let service = manager
        .create_service(&info, ServiceAccess::CHANGE_CONFIG)
        .map_err(|e| failed("making", name, &e))?;
    // A service without a description is a whole one.
    let _ = service.set_description(&definition.description);
    Ok(())
}

pub(super) fn delete(name: &str) -> Result<()> {
    let Some(service) = open(name, ServiceAccess::DELETE)? else { return Ok(()) };
    match service.delete() {
        Err(e) if code(&e) != Some(MARKED_FOR_DELETE) => Err(failed("deleting", name, &e)),
        _ => Ok(()),
    }
}

pub(super) fn set_start(name: &str, start: Start) -> Result<()> {
    let service = must_open(name, ServiceAccess::CHANGE_CONFIG)?;
    change_start(&service, start).while_doing(|| format!("changing the service {name}"))
}

/// The start alone. The crate's own way writes the whole service anew, and takes a command line with arguments for the
/// path of a program.
#[allow(unsafe_code, reason = "a call with one handle, which lives as long as the service")]
fn change_start(service: &Open, start: Start) -> io::Result<()> {
    let start = match start {
        Start::Automatic => ServiceStartType::AutoStart,
        Start::Manual => ServiceStartType::OnDemand,
        Start::Disabled => ServiceStartType::Disabled,
    };
    // SAFETY: the handle is that of an open service, and a null pointer leaves what it stands for as it is.
    let changed = unsafe {
        ChangeServiceConfigW(
            service.raw_handle(),
            SERVICE_NO_CHANGE,
            start as u32,
            SERVICE_NO_CHANGE,
            null(),
            null(),
            null_mut(),
            null(),
            null(),
            null(),
            null(),
        )
    };
    if changed == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

pub(super) fn set_recovery(name: &str, recovery: &Recovery) -> Result<()> {
    // Windows asks for the right to start it, too, from whoever says that it is to be started again.
    let service = must_open(name, ServiceAccess::CHANGE_CONFIG | ServiceAccess::START)?;
    let action = |after: &u32| ServiceAction {
        action_type: ServiceActionType::Restart,
        delay: Duration::from_millis(u64::from(*after)),
    };
    let actions = ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(Duration::from_secs(recovery.reset_seconds.into())),
        reboot_msg: None,
        command: None,
        actions: Some(recovery.restart_after.iter().map(action).collect()),
    };
    service
        .update_failure_actions(actions)
        .and_then(|()| service.set_failure_actions_on_non_crash_failures(recovery.on_error))
        .map_err(|e| failed("saying what happens when it fails of", name, &e))
}

pub(super) fn start(name: &str) -> Result<()> {
    let service = must_open(name, ServiceAccess::START | ServiceAccess::QUERY_STATUS)?;
    match service.start::<OsString>(&[]) {
        Err(e) if code(&e) != Some(ALREADY_RUNNING) => return Err(failed("starting", name, &e)),
        _ => {}
    }
    wait_for(&service, name, ServiceState::Running)
}

/// Windows stops none that another one needs which runs, and says so.
pub(super) fn stop(name: &str) -> Result<()> {
    let service = must_open(name, ServiceAccess::STOP | ServiceAccess::QUERY_STATUS)?;
    let began = Instant::now();
    loop {
        match service.stop() {
            // On its way up, or at work that it does not break off.
            Err(e)
                if matches!(code(&e), Some(TAKES_NO_STOP | TAKES_NOTHING)) && began.elapsed() < PATIENCE =>
            {
                thread::sleep(PAUSE);
            }
            Err(e) if code(&e) != Some(NOT_ACTIVE) => return Err(failed("stopping", name, &e)),
            _ => return wait_for(&service, name, ServiceState::Stopped),
        }
    }
}

fn wait_for(service: &Open, name: &str, wanted: ServiceState) -> Result<()> {
    let began = Instant::now();
    loop {
        let state = service.query_status().map_err(|e| failed("looking at", name, &e))?.current_state;
        if state == wanted {
            return Ok(());
        }
        let ended = wanted == ServiceState::Running && state == ServiceState::Stopped;
        if ended || began.elapsed() > PATIENCE {
            return Err(Error::failed(format!("the service {name} is not {wanted:?}, but {state:?}"))
                .hint("see Windows' event log, mend the cause, and run again"));
        }
        thread::sleep(PAUSE);
    }
}

fn manager(access: ServiceManagerAccess) -> Result<ServiceManager> {
    ServiceManager::local_computer(None::<&str>, access)
        .map_err(|e| Error::failed(format!("the service manager does not answer: {}", words(&e))))
}

fn open(name: &str, access: ServiceAccess) -> Result<Option<Open>> {
    match manager(ServiceManagerAccess::CONNECT)?.open_service(name, access) {
        Ok(service) => Ok(Some(service)),
        Err(e) if code(&e) == Some(DOES_NOT_EXIST) => Ok(None),
        Err(e) => Err(failed("opening", name, &e)),
    }
}

fn must_open(name: &str, access: ServiceAccess) -> Result<Open> {
    open(name, access)?.ok_or_else(|| Error::failed(format!("there is no service {name}")))
}

fn start_of(start: ServiceStartType) -> Start {
    match start {
        ServiceStartType::OnDemand => Start::Manual,
        ServiceStartType::Disabled => Start::Disabled,
        _ => Start::Automatic,
    }
}

/// Nothing where Windows does nothing, or something else than to start it again.
fn recovery_of(service: &Open, actions: Option<ServiceFailureActions>) -> Option<Recovery> {
    let actions = actions?;
    let restart = |action: &ServiceAction| {
        let after = u32::try_from(action.delay.as_millis()).ok()?;
        (action.action_type == ServiceActionType::Restart).then_some(after)
    };
    let restart_after: Option<Vec<u32>> = actions.actions?.iter().map(restart).collect();
    let reset_seconds = match actions.reset_period {
        ServiceFailureResetPeriod::After(time) => u32::try_from(time.as_secs()).ok()?,
        ServiceFailureResetPeriod::Never => u32::MAX,
    };
    let restart_after = restart_after.filter(|it| !it.is_empty())?;
    let on_error = service.get_failure_actions_on_non_crash_failures().unwrap_or(false);
    Some(Recovery { restart_after, reset_seconds, on_error })
}

fn failed(doing: &str, name: &str, e: &windows_service::Error) -> Error {
    Error::failed(words(e)).while_doing(format!("{doing} the service {name}"))
}

fn words(e: &windows_service::Error) -> String {
    match e {
        windows_service::Error::Winapi(e) => e.to_string(),
        other => other.to_string(),
    }
}

fn code(e: &windows_service::Error) -> Option<i32> {
    match e {
        windows_service::Error::Winapi(e) => e.raw_os_error(),
        _ => None,
    }
}
