//! systemd, acted out: units come from files, and a start is held back by the conditions in them.
//!
//! A running unit keeps what it read at its start until systemd is told to read again. Links that
//! enable a unit are not synced: systemd does not do that either.

use std::path::Path;

use super::disk::{Kind, Node};
use super::{Fake, Halt, answer, refuse};
use crate::host::{Output, UnitState, UnitVerb};
use crate::registration;

/// A unit that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Running {
    since: jiff::Timestamp,
    read: String,
}

/// How a start went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Began {
    Well,
    /// It ended at once, and systemd starts it again and again.
    KeepsFailing,
    /// systemd does not start it again by itself.
    Failed,
}

impl Began {
    fn well_if(well: bool) -> Self {
        if well { Self::Well } else { Self::Failed }
    }
}

const GUARD: &str = crate::components::guard::UNIT;
const REQUIRES_GUARD: &str = "Requires=landfall-guard.service";
const WANTS: &str = "/etc/systemd/system/multi-user.target.wants";

/// The link that makes a unit start at boot.
pub(super) fn link(unit: &str) -> String {
    format!("{WANTS}/{unit}")
}

impl Fake {
    pub(super) fn unit_state(&self, unit: &str) -> UnitState {
        let running = self.volatile.units.get(unit);
        UnitState {
            enabled: self.disk.node(Path::new(&link(unit))).is_some() && self.unit_file(unit).is_some(),
            active: running.is_some(),
            changing: self.volatile.restarting.contains(unit),
            failed: self.volatile.failed.contains(unit),
            stale: running.is_some_and(|running| running.read != self.unit_text(unit)),
            started: running.map(|running| running.since),
        }
    }

    pub(super) fn systemctl(&mut self, verb: UnitVerb, units: &[String]) -> Result<Output, Halt> {
        let mut all = answer();
        for (at, unit) in units.iter().enumerate() {
            if at > 0 {
                self.tick()?;
            }
            let output = self.systemctl_one(verb, unit)?;
            // It goes on with the others.
            if !output.ok() {
                all = output;
            }
        }
        Ok(all)
    }

    fn systemctl_one(&mut self, verb: UnitVerb, unit: &str) -> Result<Output, Halt> {
        let loaded = self.is_running(unit) || self.unit_state(unit).changing || self.unit_state(unit).failed;
        let known = self.unit_file(unit).is_some() || loaded;
        if !known && verb != UnitVerb::Disable {
            return Ok(refuse(5, &format!("Unit {unit} not found.")));
        }
        match verb {
            UnitVerb::Enable => {
                self.enable(unit);
                self.reload_units();
            }
            UnitVerb::Disable => {
                let _ = self.disk.remove(Path::new(&link(unit)));
            }
            UnitVerb::Start => return Ok(self.outcome(unit, Self::start)),
            UnitVerb::Stop => self.stop(unit),
            UnitVerb::Restart => {
                self.stop(unit);
                return Ok(self.outcome(unit, Self::start));
            }
            UnitVerb::ResetFailed => {
                self.volatile.failed.remove(unit);
            }
        }
        Ok(answer())
    }

    fn outcome(&mut self, unit: &str, act: fn(&mut Self, &str)) -> Output {
        act(self, unit);
        if self.volatile.failed.contains(unit) {
            return refuse(1, &format!("Job for {unit} failed."));
        }
        if self.unit_text(unit).contains(REQUIRES_GUARD) && self.volatile.failed.contains(GUARD) {
            return refuse(1, &format!("A dependency job for {unit} failed."));
        }
        answer()
    }

    pub(super) fn reload_units(&mut self) {
        let units: Vec<String> = self.volatile.units.keys().cloned().collect();
        for unit in units {
            let text = self.unit_text(&unit);
            if let Some(running) = self.volatile.units.get_mut(&unit) {
                running.read = text;
            }
        }
    }

    pub(super) fn enable(&mut self, unit: &str) {
        let path = link(unit);
        if self.disk.node(Path::new(&path)).is_none() {
            let node = Node { kind: Kind::Link, mode: 0o777, content: unit.as_bytes().into() };
            let _ = self.disk.make(Path::new(&path), node, self.time());
        }
    }

    pub(super) fn start(&mut self, unit: &str) {
        let text = self.unit_text(unit);
        if self.is_held_back(&text)
            || self.volatile.units.contains_key(unit)
            || self.unit_file(unit).is_none()
        {
            return;
        }
        if text.contains(REQUIRES_GUARD) {
            self.start(GUARD);
            if self.volatile.failed.contains(GUARD) {
                return;
            }
        }
        if self.volatile.restarting.remove(unit) {
            self.cleared_up(unit);
        }
        let began = match unit {
            crate::components::ssh_host_keys::UNIT => {
                self.make_host_keys();
                Began::Well
            }
            GUARD => {
                let there = self.disk.node(Path::new(crate::components::landfall::PROGRAM)).is_some();
                Began::well_if(there && crate::commands::guard::run(self).is_ok())
            }
            "docker.service" => {
                self.volatile.docker0 = true;
                Began::Well
            }
            "amazon-ssm-agent.service" => {
                self.start_ssm_agent();
                Began::Well
            }
            "ecs.service" => {
                self.start("docker.service");
                self.start_ecs_agent(text.contains("wait-for-credentials"))
            }
            crate::components::credentials_endpoint::TIMER => Began::well_if(self.set_endpoint()),
            _ => Began::Well,
        };
        match began {
            Began::Well => {
                self.volatile.failed.remove(unit);
                self.volatile.units.insert(unit.to_owned(), Running { since: self.time(), read: text });
            }
            Began::KeepsFailing => drop(self.volatile.restarting.insert(unit.to_owned())),
            Began::Failed => drop(self.volatile.failed.insert(unit.to_owned())),
        }
        self.pass(1);
    }

    /// Every condition must hold, and of those with a bar at least one.
    fn is_held_back(&self, text: &str) -> bool {
        let conditions = text.lines().filter_map(|line| line.strip_prefix("ConditionPathExists="));
        let holds = |condition: &str| match condition.strip_prefix('!') {
            Some(path) => self.disk.node(Path::new(path)).is_none(),
            None => self.disk.node(Path::new(condition)).is_some(),
        };
        let (any, all): (Vec<&str>, Vec<&str>) = conditions.partition(|it| it.starts_with('|'));
        let any: Vec<&str> = any.iter().map(|it| &it[1..]).collect();
        !all.into_iter().all(holds) || (!any.is_empty() && !any.into_iter().any(holds))
    }

    pub(crate) fn stop(&mut self, unit: &str) {
        let restarted = self.volatile.restarting.remove(unit);
        if self.volatile.units.remove(unit).is_some() || restarted {
            self.cleared_up(unit);
        }
    }

    /// What is done when a unit has stopped, as its file says.
    fn cleared_up(&mut self, unit: &str) {
        match unit {
            "ecs.service" => {
                self.stopped_ecs_agent();
                if self.unit_text(unit).contains("ExecStopPost=-/usr/local/bin/landfall credentials-endpoint")
                {
                    self.set_endpoint();
                }
            }
            "docker.service" => self.stop("ecs.service"),
            _ => {}
        }
    }

    /// What is enabled starts, in the order of the units' own dependencies.
    pub(super) fn start_what_is_enabled(&mut self) {
        const ORDER: [&str; 8] = [
            crate::components::ssh_host_keys::UNIT,
            GUARD,
            crate::step::FIREWALLD,
            "containerd.service",
            crate::components::credentials_endpoint::TIMER,
            "docker.service",
            "amazon-ssm-agent.service",
            "ecs.service",
        ];
        for unit in ORDER {
            if self.unit_state(unit).enabled {
                self.start(unit);
            }
        }
    }

    pub(super) fn is_running(&self, unit: &str) -> bool {
        self.volatile.units.contains_key(unit)
    }

    /// Those that are missing, where an SSH server is.
    fn make_host_keys(&mut self) {
        let key = "/etc/ssh/ssh_host_ed25519_key";
        if self.disk.node(Path::new("/etc/ssh")).is_some() && self.disk.node(Path::new(key)).is_none() {
            self.put(key, &format!("made at {}", self.time()), 0o600);
        }
    }

    fn set_endpoint(&mut self) -> bool {
        let there = self.disk.node(Path::new(crate::components::landfall::PROGRAM)).is_some();
        there && crate::commands::credentials_endpoint::run(self).is_ok()
    }

    /// An agent without an identity looks for a cloud that is not there: that is counted.
    fn start_ssm_agent(&mut self) {
        let Some(found) = registration::read(self).ok().flatten() else {
            self.strays += 1;
            self.scribble_deep("/var/log/amazon/ssm/amazon-ssm-agent.log", "no identity\n", 0o600);
            return;
        };
        let told = self.unit_text("amazon-ssm-agent.service").contains("https_proxy=");
        if self.behind_proxy && !told {
            return;
        }
        let ends = self.time() + jiff::SignedDuration::from_hours(1);
        let identity = serde_json::json!({"InstanceId": found.instance_id, "CredentialsExpiresAt": ends});
        self.service.requests += 1;
        self.write_credentials();
        let config = "/var/lib/amazon/ssm/runtimeconfig/identity_config.json";
        self.scribble_deep(config, &identity.to_string(), 0o600);
        self.scribble_deep("/var/log/amazon/ssm/amazon-ssm-agent.log", "online\n", 0o600);
    }

    /// The agent writes one profile, and leaves the others.
    fn write_credentials(&mut self) {
        let old = self.disk.text(registration::CREDENTIALS).unwrap_or_default();
        let others = match old.strip_prefix("[default]") {
            Some(rest) => rest.find("\n[").map_or("", |at| &rest[at + 1..]),
            None => &old,
        };
        let text = format!("[default]\naws_access_key_id = role\n{others}");
        self.scribble_deep(registration::CREDENTIALS, &text, 0o600);
    }

    fn unit_file(&self, unit: &str) -> Option<String> {
        ["/etc/systemd/system", "/lib/systemd/system"]
            .iter()
            .find_map(|folder| self.disk.text(&format!("{folder}/{unit}")))
    }

    fn unit_text(&self, unit: &str) -> String {
        let mut text = self.unit_file(unit).unwrap_or_default();
        let folder = format!("/etc/systemd/system/{unit}.d");
        for name in self.disk.list(Path::new(&folder)) {
            if name.ends_with(".conf") && !name.starts_with('.') {
                text += &self.disk.text(&format!("{folder}/{name}")).unwrap_or_default();
            }
        }
        text
    }
}
