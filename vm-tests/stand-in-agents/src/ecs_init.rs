//! `amazon-ecs-init`: prepares the host for the ECS agent's container, runs it, and cleans up.
//!
//! ```text
//! pre-start   sysctl, iptables, /mnt/ecs/ebs, the image (the unit's ExecStartPre)
//! start       the container ecs-agent, started again for ever (ExecStart)
//! stop        the container stopped (ExecStop)
//! post-stop   one set of the rules removed (ExecStopPost)
//! ```
//!
//! Exit statuses as the real one's: 255 for a failure, 5 when starting again is of no use. No AppArmor
//! profile is loaded and no GPU is looked for.

mod container;
mod env_file;
mod firewall;
mod image_cache;
mod supervision;

use crate::docker;
use crate::log::Log;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

/// The version that the stand-in stands in for.
pub const VERSION: &str = "1.105.1";

/// How long the real one asks a Docker that does not answer.
const PATIENCE: Duration = Duration::from_secs(13);

const FAILED: u8 = 255;

/// Which package the launcher was built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// The agent in its container trusts whom the machine trusts.
    Deb,
    /// The agent trusts whom its image trusts, unless its configuration names certificates that it can see.
    Rpm,
}

/// Runs the program with its arguments (without its own name).
pub fn run(flavour: Flavour, arguments: Vec<String>) -> ExitCode {
    let [action] = arguments.as_slice() else {
        return usage();
    };
    if matches!(action.trim_start_matches('-'), "version") {
        println!("Amazon ECS Init - v{VERSION} (stand-in for tests)");
        return ExitCode::SUCCESS;
    }
    let known = ["pre-start", "start", "stop", "post-stop", "reload-cache"];
    if !known.contains(&action.as_str()) {
        return usage();
    }
    let log = Log::ecs(Path::new("/var/log/ecs/ecs-init.log"));
    log.info(&format!("{action} (stand-in for tests)"));
    let status = prepared(&log).and_then(|host| match action.as_str() {
        "pre-start" => pre_start(&host, &log).map(|()| 0),
        "start" => supervision::run_until_it_ends(flavour, &log),
        "stop" => docker::stop_container(container::NAME, 30).map(|()| 0).map_err(|error| error.to_string()),
        "post-stop" => firewall::remove(&host, &log).map(|()| 0),
        _ => image_cache::load(&log).map(|()| 0),
    });
    match status {
        Ok(status) => ExitCode::from(status),
        Err(why) => {
            log.error(&why);
            ExitCode::from(FAILED)
        }
    }
}

/// What the real one finds out before any action: sysctl, Docker, the bridge, iptables, in this order.
fn prepared(log: &Log) -> Result<firewall::Host, String> {
    found_program("sysctl")?;
    wait_for_docker(log)?;
    let bridge = docker::bridge_interface().map_err(|error| format!("could not find the bridge: {error}"))?;
    found_program("iptables")?;
    Ok(firewall::Host::of_this_machine(bridge))
}

fn pre_start(host: &firewall::Host, log: &Log) -> Result<(), String> {
    firewall::add(host, log)?;
    std::fs::create_dir_all("/mnt/ecs/ebs")
        .map_err(|error| format!("could not create /mnt/ecs/ebs: {error}"))?;
    image_cache::ensure_loaded(log)
}

fn found_program(name: &str) -> Result<(), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    if found { Ok(()) } else { Err(format!("exec: {name:?}: executable file not found in $PATH")) }
}

fn wait_for_docker(log: &Log) -> Result<(), String> {
    let start = Instant::now();
    loop {
        match docker::ping() {
            Ok(()) => return Ok(()),
            Err(error) if start.elapsed() >= PATIENCE => {
                return Err(format!("could not connect to docker: {error}"));
            }
            Err(error) => log.info(&format!("pre-start: docker does not answer yet: {error}")),
        }
        thread::sleep(Duration::from_secs(1));
    }
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: amazon-ecs-init pre-start|start|stop|post-stop|reload-cache|version (stand-in for tests)"
    );
    ExitCode::from(FAILED)
}
