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

use super::{dependents, privilege};
use crate::error::{Error, Result, While};
use crate::windows::door::{Action, Definition, Does, Recovery, Service, Start};
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
    let recovery = recovery_of(&service).map_err(|e| failed("looking at", name, &e))?;
    Ok(Some(Service { start, running, recovery, command }))
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
    if recovery.actions.iter().any(|action| action.does == Does::Reboot) {
        privilege::enable_shutdown()
            .while_doing(|| "asking for the right to have Windows restarted".into())?;
    }
    // Windows asks for the right to start it, too, from whoever says that it is to be started again.
    let service = must_open(name, ServiceAccess::CHANGE_CONFIG | ServiceAccess::START)?;
    let reset_period = recovery.reset_seconds.map_or(ServiceFailureResetPeriod::Never, |seconds| {
        ServiceFailureResetPeriod::After(Duration::from_secs(seconds.into()))
    });
    // Nothing leaves a message or a command as it is; an empty text takes it away.
    let text = |text: &Option<String>| Some(OsString::from(text.as_deref().unwrap_or_default()));
    let actions = ServiceFailureActions {
        reset_period,
        reboot_msg: text(&recovery.message),
        command: text(&recovery.command),
        actions: Some(recovery.actions.iter().map(action).collect()),
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

/// Windows stops none that another one needs which runs, and says so: those are stopped before.
pub(super) fn stop(name: &str) -> Result<()> {
    let service = must_open(name, dependents::ACCESS)?;
    let needing = dependents::running(&service)
        .while_doing(|| format!("asking which services need the service {name}"))?;
    needing.iter().try_for_each(|it| stop_alone(it))?;
    stop_alone(name)
}

fn stop_alone(name: &str) -> Result<()> {
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

/// Nothing where the service manager was asked for what it does not know, or has it do what is not known here: that is
/// then neither changed nor put back.
fn recovery_of(service: &Open) -> windows_service::Result<Option<Recovery>> {
    let there = match service.get_failure_actions() {
        Err(e) if code(&e) == Some(NO_SUCH_LEVEL) => return Ok(None),
        Err(windows_service::Error::ParseValue(..)) => return Ok(None),
        there => there?,
    };
    let actions: Vec<Action> = there.actions.unwrap_or_default().iter().map(action_of).collect();
    let reset_seconds = match there.reset_period {
        // Without actions there is nothing to count for.
        ServiceFailureResetPeriod::After(time) if !actions.is_empty() => u32::try_from(time.as_secs()).ok(),
        _ => None,
    };
    let text = |text: Option<OsString>| {
        text.map(|it| it.to_string_lossy().into_owned()).filter(|text| !text.is_empty())
    };
    Ok(Some(Recovery {
        actions,
        reset_seconds,
        on_error: service.get_failure_actions_on_non_crash_failures().unwrap_or(false),
        command: text(there.command),
        message: text(there.reboot_msg),
    }))
}

fn action_of(action: &ServiceAction) -> Action {
    let does = match action.action_type {
        ServiceActionType::None => Does::Nothing,
        ServiceActionType::Reboot => Does::Reboot,
        ServiceActionType::Restart => Does::Restart,
        ServiceActionType::RunCommand => Does::Command,
    };
    Action { does, after: u32::try_from(action.delay.as_millis()).unwrap_or(u32::MAX) }
}

fn action(action: &Action) -> ServiceAction {
    let action_type = match action.does {
        Does::Nothing => ServiceActionType::None,
        Does::Reboot => ServiceActionType::Reboot,
        Does::Restart => ServiceActionType::Restart,
        Does::Command => ServiceActionType::RunCommand,
    };
    ServiceAction { action_type, delay: Duration::from_millis(action.after.into()) }
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
