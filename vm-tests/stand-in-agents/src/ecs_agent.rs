//! `amazon-ecs-agent`: what runs as `/agent` in the container `ecs-agent`.
//!
//! It registers the container instance, answers on 51678 and 51679, and holds the two websockets open.
//! It runs no tasks: no task of the stand-in ever has credentials. Its state file `agent.db` is JSON,
//! where the real one's is a bolt database.
//!
//! `/agent probe HOST:PORT PATH` is an addition for tests: a plain GET from inside the container's
//! network, so that the same image can ask the credentials endpoint from the bridge.

mod attributes;
mod checkpoint;
mod control_plane;
mod introspection;
mod probe;
mod sessions;
mod settings;

use crate::docker;
use crate::log::Log;
use crate::termination;
use control_plane::{ControlPlane, Outcome};
use settings::Settings;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The version that the stand-in stands in for.
pub const VERSION: &str = "1.105.1";

/// The commit it names.
pub const HASH: &str = "a8b3e7d3";

/// Starting again is of no use; any other failure is 1.
const TERMINAL: u8 = 5;

/// Runs the program with its arguments (without its own name).
pub fn run(arguments: Vec<String>) -> ExitCode {
    match arguments.first().map(|first| first.trim_start_matches('-')) {
        Some("probe") => return probe::run(&arguments[1..]),
        Some("version") => {
            println!("Amazon ECS Agent - v{VERSION} (*{HASH}) (stand-in for tests)");
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let settings = Settings::of_the_environment();
    let log = Log::ecs(&settings.log_file);
    let farewell = log.clone();
    termination::on_signal(move || farewell.info("Agent received termination signal, exiting"));
    log.info(&format!("Amazon ECS agent v{VERSION} (stand-in for tests), commit {HASH}"));
    ExitCode::from(agent(settings, &log))
}

fn agent(settings: Settings, log: &Log) -> u8 {
    if !settings.external {
        hang_on_the_metadata_service(log);
    }
    let saved = checkpoint::read(&settings.data_folder);
    let settings = match settings.joined_with(saved.as_ref()) {
        Ok(settings) => settings,
        Err(mismatch) => {
            log.error(&mismatch);
            return TERMINAL;
        }
    };
    let docker_version = docker::version().unwrap_or_else(|error| {
        log.warn(&format!("could not get docker version: {error}"));
        String::new()
    });
    let control_plane = match ControlPlane::new(&settings, log) {
        Ok(control_plane) => control_plane,
        Err(why) => {
            log.error(&format!("Unable to register as a container instance with ECS: {why}"));
            return 1;
        }
    };
    let arn = match control_plane.register(saved.map(|saved| saved.container_instance_arn).as_deref()) {
        Outcome::Registered(arn) => arn,
        Outcome::Failed(status) => return status,
    };
    checkpoint::write(&settings.data_folder, &settings.cluster, &arn, log);
    log.info(&format!("Registration completed successfully, containerInstanceArn {arn}"));
    introspection::serve(&settings.cluster, &arn, log);
    let (control_plane, endpoints) = (Arc::new(control_plane), Arc::default());
    sessions::Sessions { control_plane, arn, docker_version, endpoints }.hold_for_ever()
}

/// Off EC2 and not told so, the real agent asks for an instance identity that never comes.
fn hang_on_the_metadata_service(log: &Log) -> ! {
    loop {
        log.error("Unable to communicate with EC2 Metadata service to infer region and instance identity");
        thread::sleep(Duration::from_secs(5));
    }
}
