//! `start`: the container is created anew, waited for, and started again as its exit status asks for.

use super::{Flavour, container, image_cache};
use crate::docker::{self, DockerError};
use crate::log::Log;
use std::thread;
use std::time::Duration;

const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(15);

/// What an exit status of the agent means.
#[derive(Debug, PartialEq)]
enum Verdict {
    /// It was asked to end.
    Stop,
    /// Starting it again is of no use.
    Terminal,
    /// It has put a newer image into the cache.
    Upgrade,
    /// Anything else.
    Again,
}

/// Runs the container until its end is final; the exit status for the unit.
pub fn run_until_it_ends(flavour: Flavour, log: &Log) -> Result<u8, String> {
    let mut pause = SHORTEST;
    loop {
        let status = run_once(flavour, log).map_err(|error| format!("could not start Agent: {error}"))?;
        match verdict(status) {
            Verdict::Stop => return Ok(0),
            Verdict::Terminal => {
                log.error("Terminal error; agent exited with code 5, not restarting it");
                return Ok(5);
            }
            Verdict::Upgrade => image_cache::load(log)?,
            Verdict::Again => {
                log.warn(&format!("ECS Agent failed to start, retrying in {pause:?}"));
                thread::sleep(pause);
                pause = (pause * 2).min(LONGEST);
            }
        }
    }
}

fn run_once(flavour: Flavour, log: &Log) -> Result<i64, DockerError> {
    docker::remove_container(container::NAME)?;
    log.info("Starting Amazon Elastic Container Service Agent");
    docker::start_container(container::NAME, &container::configuration(flavour))?;
    let status = docker::wait_for_container(container::NAME)?;
    log.info(&format!("Agent exited with code {status}"));
    Ok(status)
}

fn verdict(status: i64) -> Verdict {
    match status {
        0 => Verdict::Stop,
        5 => Verdict::Terminal,
        42 => Verdict::Upgrade,
        _ => Verdict::Again,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_is_final_and_one_is_not() {
        assert_eq!(verdict(5), Verdict::Terminal);
        assert_eq!(verdict(1), Verdict::Again);
        assert_eq!(verdict(42), Verdict::Upgrade);
        assert_eq!(verdict(0), Verdict::Stop);
    }
}
