//! A Windows machine in memory, behind the same door as a real one.
//!
//! It acts out what Landfall has done on Windows (DISM, the service manager, the registry, both agents and AWS's
//! module), remembers what has reached the disk, fails at the n-th touch, and keeps what it was before each touch.
//! What a real Windows does is not proved by it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::door::{Feature, Service, Start, Value};
use super::places::{DOCKER_SERVICE, ECS_DATA, ECS_SERVICE, ENVIRONMENT, OWN_SERVICE, SSM_SERVICE, STORE};
use crate::error::{Error, Result};
use crate::host::Introspection;
use crate::host::fake::{Disk, Kind, Node, Survivors};

mod door;
mod machine;
mod machines;
mod programs;

pub use machines::{OPERATORS, fresh, with_agents, with_docker, with_waiting_agent};

/// 2026-11-22, noon.
const BEGINNING: i64 = 1_795_348_800;

/// Which service needs which other one: AWS's module makes the ECS agent's so.
const NEEDS: [(&str, &str); 1] = [(ECS_SERVICE, DOCKER_SERVICE)];

/// What a registry has under its keys.
pub type Registry = BTreeMap<String, BTreeMap<String, Value>>;

/// A Windows machine in memory.
#[derive(Debug, Clone)]
pub struct Fake {
    /// Its files.
    pub disk: Disk,
    /// Its registry.
    pub registry: Registry,
    /// Its services, as they are set; which of them run is another matter.
    pub services: BTreeMap<String, Service>,
    /// The feature that Landfall brings.
    pub containers: Feature,
    /// Whether DISM brings features without a restart.
    pub at_once: bool,
    /// How often AWS was asked for an identity and gave one.
    pub registrations: u32,
    /// The domain that it is joined to.
    pub domain: Option<String>,
    /// Who signed the SSM agent's installer.
    pub signer: &'static str,
    /// How often the machine was touched since the counting began.
    pub touches: u32,
    /// The touch that fails.
    pub fails_at: Option<u32>,
    /// Whether downloads fail.
    pub offline: bool,
    /// Whether the sum beside the archive is another one.
    pub wrong_sum: bool,
    /// How often something was fetched.
    pub fetches: u32,
    /// How often the SSM agent was started without an identity, by anybody but its installer.
    pub strays: u32,
    /// Whether the SSM agent's installer ends well and leaves the agent, when it is to take it away.
    pub keeps_ssm_agent: bool,
    /// The folders that were closed to others after they were made.
    pub closed: BTreeSet<PathBuf>,
    running: BTreeSet<String>,
    fetched: BTreeMap<PathBuf, bool>,
    keeps_moments: bool,
    moments: Vec<Fake>,
    clock: Cell<Duration>,
    told: RefCell<Vec<String>>,
}

impl Fake {
    /// Begins to keep what the machine was just before each touch.
    pub fn keep_moments(&mut self) {
        self.keeps_moments = true;
    }

    /// What was kept.
    pub fn take_moments(&mut self) -> Vec<Self> {
        self.keeps_moments = false;
        std::mem::take(&mut self.moments)
    }

    /// The power goes now, and comes back.
    pub fn lose_power(&mut self, survivors: Survivors) {
        self.disk.cut(survivors);
        self.boot();
    }

    /// Starts, as after a power cut or a restart.
    pub fn boot(&mut self) {
        self.containers = match self.containers {
            Feature::EnablePending => Feature::Enabled,
            Feature::DisablePending => Feature::Disabled,
            other => other,
        };
        self.running.clear();
        self.fetched.clear();
        self.fails_at = None;
        self.pass(30_000);
        for name in self.services.keys().cloned().collect::<Vec<_>>() {
            if self.services[&name].start == Start::Automatic {
                self.run_service(&name);
            }
        }
        self.touches = 0;
    }

    /// Everything that undo is to restore and a second run is to leave alone, each as a line.
    pub fn state(&self) -> BTreeMap<String, String> {
        let mut state = BTreeMap::new();
        for (path, node) in self.disk.all() {
            let content = String::from_utf8_lossy(&node.content);
            state.insert(path.display().to_string(), format!("{:?} {content}", node.kind));
        }
        for (key, values) in &self.registry {
            state.insert(format!("key {key}"), String::new());
            for (name, value) in values {
                state.insert(format!("value {key} {name}"), value.to_string());
            }
        }
        for (name, service) in &self.services {
            let running = self.running.contains(name);
            state.insert(format!("service {name}"), format!("{service:?} {running}"));
        }
        state.insert("containers".into(), format!("{:?}", self.containers));
        state
    }

    /// What was told to the person at the machine.
    pub fn told(&self) -> String {
        self.told.borrow().join("\n")
    }

    fn time(&self) -> Timestamp {
        let start = Timestamp::from_second(BEGINNING).expect("a time");
        start + SignedDuration::try_from(self.clock.get()).expect("a short time")
    }

    fn pass(&self, milliseconds: u64) {
        self.clock.set(self.clock.get() + Duration::from_millis(milliseconds));
    }

    /// One touch: it may fail, or find the power gone.
    fn tick(&mut self) -> Result<()> {
        self.pass(1);
        self.touches += 1;
        if self.keeps_moments {
            let kept = std::mem::take(&mut self.moments);
            self.keeps_moments = false;
            let moment = self.clone();
            (self.moments, self.keeps_moments) = (kept, true);
            self.moments.push(moment);
        }
        match self.fails_at == Some(self.touches) {
            true => Err(Error::failed("this was made to fail")),
            false => Ok(()),
        }
    }

    fn folders(&mut self, path: &Path) {
        let mut above: Vec<&Path> = path.ancestors().filter(|it| !it.as_os_str().is_empty()).collect();
        above.reverse();
        for folder in above {
            let node = Node { kind: Kind::Folder, mode: 0o700, content: Arc::from(&b""[..]) };
            let _ = self.disk.make(folder, node, self.time());
        }
    }

    /// Writes without any sync, with the folders above, as programs do that do not care.
    fn scribble(&mut self, path: &Path, content: &str) {
        self.folders(path.parent().expect("it is in a folder"));
        let node = Node { kind: Kind::File, mode: 0o600, content: content.as_bytes().into() };
        let _ = self.disk.write(path, node, self.time());
    }

    /// Removes a path with all that is below it, and syncs nothing.
    fn sweep(&mut self, path: &Path) {
        for name in self.disk.list(path) {
            self.sweep(&path.join(name));
        }
        let _ = self.disk.remove(path);
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let mut variables = self.registry.get(ENVIRONMENT)?.iter();
        variables.find(|(it, _)| it.eq_ignore_ascii_case(name))?.1.text()
    }

    /// Stops a service, and before it what needs it.
    fn stop(&mut self, name: &str) {
        for (needing, needed) in NEEDS {
            if needed == name {
                self.stop(needing);
            }
        }
        self.running.remove(name);
    }

    /// Starts a service, with what it does first of all.
    fn run_service(&mut self, name: &str) {
        self.running.insert(name.to_owned());
        let identity = STORE.read(self).ok().flatten();
        match (name, identity) {
            (SSM_SERVICE, None) => self.strays += 1,
            (SSM_SERVICE, Some(found)) => {
                let ends = self.time() + SignedDuration::from_hours(1);
                let note =
                    format!(r#"{{"InstanceId":"{}","CredentialsExpiresAt":"{ends}"}}"#, found.instance_id);
                self.scribble(Path::new(STORE.identity), &note);
                self.write_credentials();
            }
            (ECS_SERVICE, _) => self.run_ecs_agent(),
            // It does what is left to do, and ends.
            (OWN_SERVICE, _) => drop(self.running.remove(OWN_SERVICE)),
            _ => {}
        }
    }

    /// The agent's own profile, and what others have in that file; what a power cut would do to those is no matter of
    /// Landfall's.
    fn write_credentials(&mut self) {
        let path = Path::new(STORE.credentials);
        let text = self.disk.text(STORE.credentials).unwrap_or_default();
        let others = text
            .split_inclusive('\n')
            .skip_while(|line| !line.starts_with('[') || line.starts_with("[default]"));
        let text = ["[default]\naws_access_key_id = role\n"].into_iter().chain(others).collect::<String>();
        self.scribble(path, &text);
        self.disk.settle_below(path);
    }

    /// With saved state of another cluster it ends at once.
    fn run_ecs_agent(&mut self) {
        let cluster = self.variable("ECS_CLUSTER").unwrap_or("default").to_owned();
        let saved = self.saved_cluster();
        match saved {
            Some(saved) if !saved.is_empty() && saved != cluster => {
                self.running.remove(ECS_SERVICE);
            }
            // The agent's database is never half of one.
            _ => {
                self.scribble(&Path::new(ECS_DATA).join("agent.db"), &cluster);
                self.disk.settle_below(Path::new(ECS_DATA));
            }
        }
    }

    fn saved_cluster(&self) -> Option<String> {
        self.disk.text(&format!("{ECS_DATA}/agent.db"))
    }

    fn ecs_introspection(&self) -> Option<Introspection> {
        let external = self.variable("ECS_EXTERNAL") == Some("true");
        let has_credentials = self.disk.text(STORE.credentials).is_some_and(|text| !text.is_empty());
        if !self.running.contains(ECS_SERVICE) || !external || !has_credentials {
            return None;
        }
        let cluster = self.variable("ECS_CLUSTER").unwrap_or("default").to_owned();
        Some(Introspection {
            container_instance_arn: Some(format!("arn:aws:ecs:us-east-1:1:container-instance/{cluster}/1")),
            cluster,
            version: "Amazon ECS Agent - v1.105.1 (*a8b3e7d3)".into(),
        })
    }
}
