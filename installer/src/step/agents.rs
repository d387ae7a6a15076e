//! Wait, bounded, for something the agents bring about.
//!
//! The first looks are close together, then further and further apart: never a fixed sleep. A wait
//! that ends in vain says what it waited for and what the agent's own log said last.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Before;
use crate::error::{Error, Result};
use crate::host::{Command, Host, UnitVerb};
use crate::registration;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// After a failure the SSM agent sleeps for up to half an hour: longer than this means it does.
const AGENT_ASLEEP: Duration = Duration::from_secs(10);
const SSM_UNIT: &str = "amazon-ssm-agent.service";
const ECS_UNIT: &str = "ecs.service";
const SSM_LOG: &str = "/var/log/amazon/ssm/amazon-ssm-agent.log";
const ECS_LOG: &str = "/var/log/ecs/ecs-agent.log";

/// Something to wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "kebab-case")]
pub enum Await {
    /// Docker's bridge: the SSM agent's fingerprint counts network interfaces, so they are to be
    /// those of every later day.
    DockerBridge {
        /// How long, in seconds.
        seconds: u64,
    },
    /// Unexpired role credentials on the disk.
    Credentials {
        /// How long, in seconds.
        seconds: u64,
    },
    /// The ECS agent registered as a container instance.
    ContainerInstance {
        /// The cluster it must be in; any where none was asked for.
        cluster: Option<String>,
        /// How long, in seconds.
        seconds: u64,
    },
}

impl Await {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        Ok((!self.is_there(host)?).then_some(Before::Nothing))
    }

    pub(super) fn apply(&self, host: &mut dyn Host) -> Result<()> {
        if self.is_there(host)? {
            return Ok(());
        }
        if matches!(self, Self::Credentials { .. }) {
            wake_a_sleeping_agent(host)?;
        }
        let started = host.elapsed();
        let mut pause = FIRST_PAUSE;
        while !self.is_there(host)? {
            let patience = Duration::from_secs(self.seconds());
            if host.elapsed() - started >= patience || self.is_hopeless(host, pause)? {
                return Err(self.in_vain(host, host.elapsed() - started));
            }
            host.sleep(pause);
            pause = (pause * 5 / 4).min(LONGEST_PAUSE);
        }
        Ok(())
    }

    pub(super) fn subject(&self) -> &'static str {
        match self {
            Self::DockerBridge { .. } => "Docker's bridge",
            Self::Credentials { .. } => "credentials",
            Self::ContainerInstance { .. } => "the container instance",
        }
    }

    fn seconds(&self) -> u64 {
        match self {
            Self::DockerBridge { seconds }
            | Self::Credentials { seconds }
            | Self::ContainerInstance { seconds, .. } => *seconds,
        }
    }

    fn is_there(&self, host: &dyn Host) -> Result<bool> {
        match self {
            Self::DockerBridge { .. } => has_bridge(host),
            Self::Credentials { .. } => has_credentials(host),
            Self::ContainerInstance { cluster, .. } => {
                let Some(agent) = host.introspection() else { return Ok(false) };
                let there = agent.container_instance_arn.is_some_and(|arn| !arn.is_empty());
                Ok(there && cluster.as_ref().is_none_or(|wanted| *wanted == agent.cluster))
            }
        }
    }

    /// An agent that failed for good is not waited for. Asking costs a process, so not at every look.
    fn is_hopeless(&self, host: &dyn Host, pause: Duration) -> Result<bool> {
        let (Self::ContainerInstance { .. }, true) = (self, pause > Duration::from_millis(200)) else {
            return Ok(false);
        };
        Ok(host.units(&[ECS_UNIT])?.first().is_some_and(|unit| unit.failed))
    }

    fn in_vain(&self, host: &dyn Host, waited: Duration) -> Error {
        let seconds = waited.as_secs();
        match self {
            Self::DockerBridge { .. } => Error::failed(format!(
                "Docker runs, but its bridge docker0 did not appear within {seconds} s"
            ))
            .hint("see 'bridge' in /etc/docker/daemon.json: the ECS agent needs the default bridge"),
            Self::Credentials { .. } => Error::failed(format!(
                "the SSM agent brought no credentials within {seconds} s{}",
                last_line(host, SSM_LOG)
            ))
            .hint(format!("see {SSM_LOG}; after mending the cause run the same command again")),
            Self::ContainerInstance { .. } => Error::failed(format!(
                "the ECS agent did not register within {seconds} s{}",
                last_line(host, ECS_LOG)
            ))
            .hint(format!(
                "see {ECS_LOG} and 'journalctl -u ecs'; no new activation is needed for the next try"
            )),
        }
    }
}

/// Asked of /proc, which is of our own network namespace: /sys may have been mounted in another.
fn has_bridge(host: &dyn Host) -> Result<bool> {
    let interfaces = host.read(Path::new("/proc/net/dev"))?.unwrap_or_default();
    let text = String::from_utf8_lossy(&interfaces);
    Ok(text.lines().any(|line| line.trim_start().starts_with("docker0:")))
}

fn has_credentials(host: &dyn Host) -> Result<bool> {
    let Some(registration) = registration::read(host)? else { return Ok(false) };
    let ends = registration::credentials_end(host, &registration.instance_id)?;
    Ok(ends.is_some_and(|ends| ends > host.now()))
}

fn wake_a_sleeping_agent(host: &mut dyn Host) -> Result<()> {
    let unit = host.units(&[SSM_UNIT])?.into_iter().next().unwrap_or_default();
    let asleep =
        unit.started.is_some_and(|since| host.now().duration_since(since).unsigned_abs() > AGENT_ASLEEP);
    if unit.active && asleep {
        host.run(&Command::Unit(UnitVerb::Restart, SSM_UNIT.into()))?;
    }
    Ok(())
}

fn last_line(host: &dyn Host, log: &str) -> String {
    let text = host.read(Path::new(log)).ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines()
        .rfind(|line| !line.trim().is_empty())
        .map_or_else(String::new, |line| format!("; it said last: {}", line.trim()))
}
