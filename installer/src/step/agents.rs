//! Wait, bounded, for something the agents bring about.
//!
//! The first looks are close together, then further and further apart: never a fixed sleep. A wait
//! that ends in vain names the cause where the agent's own log has a known one, and otherwise what that
//! said last; where the cause is one that waiting cannot mend, it ends at once.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Before;
use crate::diagnosis::{self, Agent, Moment};
use crate::error::{Error, Result};
use crate::host::{Command, Host, UnitState, UnitVerb};
use crate::registration;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// After a failure the SSM agent sleeps for up to half an hour: longer than this means it does.
const AGENT_ASLEEP: Duration = Duration::from_secs(10);
const SSM_UNIT: &str = "amazon-ssm-agent.service";
const ECS_CONFIGURATION: &str = "/etc/ecs/ecs.config";
const ECS_UNIT: &str = "ecs.service";
const NO_NEW_ACTIVATION: &str = "; then run again: no new activation is needed for that";
/// Asking systemd costs a process: not at the looks that are closest together.
const ASKING_PAUSE: Duration = Duration::from_millis(200);

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
        self.wait(host, true)
    }

    /// Waits to the end of its patience also where that seems hopeless. For systemd, which would only
    /// start the wait again, sooner and sooner.
    ///
    /// # Errors
    /// When it did not come about.
    pub(crate) fn wait_to_the_end(&self, host: &mut dyn Host) -> Result<()> {
        self.wait(host, false)
    }

    fn wait(&self, host: &mut dyn Host, gives_up: bool) -> Result<()> {
        if self.is_there(host)? {
            return Ok(());
        }
        self.wake_agent(host)?;
        let started = host.elapsed();
        let mut pause = FIRST_PAUSE;
        while !self.is_there(host)? {
            let patience = Duration::from_secs(self.seconds());
            let asks = gives_up && pause > ASKING_PAUSE;
            if host.elapsed() - started >= patience
                || asks && self.is_hopeless(host, host.elapsed() - started)?
            {
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

    fn agent(&self) -> Option<(Agent, &'static str)> {
        match self {
            Self::DockerBridge { .. } => None,
            Self::Credentials { .. } => Some((Agent::Ssm, SSM_UNIT)),
            Self::ContainerInstance { .. } => Some((Agent::Ecs, ECS_UNIT)),
        }
    }

    /// An agent that failed for good is not waited for, nor one whose cause is final.
    fn is_hopeless(&self, host: &dyn Host, waited: Duration) -> Result<bool> {
        let Some((agent, unit)) = self.agent() else { return Ok(false) };
        let unit = state(host, unit)?;
        let cause = diagnosis::cause(host, agent, &unit, Moment::After)?;
        let failed = unit.failed && agent == Agent::Ecs;
        let Some(cause) = cause else { return Ok(failed) };
        Ok(failed || cause.is_final(waited, cluster_is_named(host)?))
    }

    /// After a failure the SSM agent sleeps, and the ECS agent is started again later and later: what
    /// failed a while ago is started now, because its cause may be mended.
    fn wake_agent(&self, host: &mut dyn Host) -> Result<()> {
        let Some((agent, name)) = self.agent() else { return Ok(()) };
        let unit = state(host, name)?;
        let since = unit.started.map(|since| host.now().duration_since(since).unsigned_abs());
        if !unit.active || since.is_none_or(|since| since <= AGENT_ASLEEP) {
            return Ok(());
        }
        if agent == Agent::Ssm || diagnosis::cause(host, agent, &unit, Moment::Within)?.is_some() {
            host.run(&Command::Unit(UnitVerb::Restart, vec![name.into()]))?;
        }
        Ok(())
    }

    fn in_vain(&self, host: &dyn Host, waited: Duration) -> Error {
        let seconds = waited.as_secs();
        let Some((agent, unit)) = self.agent() else {
            return Error::failed(format!(
                "Docker runs, but its bridge docker0 did not appear within {seconds} s"
            ))
            .hint("see 'bridge' in /etc/docker/daemon.json: the ECS agent needs the default bridge");
        };
        // What cannot be looked at now explains nothing, and must not hide what went wrong.
        let unit = state(host, unit).unwrap_or_default();
        if let Ok(Some(cause)) = diagnosis::cause(host, agent, &unit, Moment::Within) {
            let again = if cause.ends_the_identity() { "" } else { NO_NEW_ACTIVATION };
            return Error::failed(cause.sentence).hint(format!("{}{again}", cause.remedy));
        }
        let said = diagnosis::last_line(host, agent).ok().flatten();
        let said = said.map_or_else(String::new, |line| format!("; it said last: {line}"));
        let log = agent.logs()[0];
        let what = match agent {
            Agent::Ssm => "the SSM agent brought no credentials",
            Agent::Ecs => "the ECS agent did not register",
        };
        Error::failed(format!("{what} within {seconds} s{said}"))
            .hint(format!("see {log}, and mend the cause{NO_NEW_ACTIVATION}"))
    }
}

fn state(host: &dyn Host, unit: &str) -> Result<UnitState> {
    Ok(host.units(&[unit])?.into_iter().next().unwrap_or_default())
}

fn cluster_is_named(host: &dyn Host) -> Result<bool> {
    let told = host.read(Path::new(ECS_CONFIGURATION))?.unwrap_or_default();
    let told = String::from_utf8_lossy(&told);
    Ok(super::env_value(&told, "ECS_CLUSTER").is_some_and(|name| !name.is_empty()))
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
