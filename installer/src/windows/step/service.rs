//! Make a service, say when it starts and what happens when it fails, start or stop it. One that was there
//! already is never made anew, and undo puts it back as it was.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::step::{Before, Leftovers};
use crate::windows::door::{Definition, Recovery, Service, Start, Windows};

/// What a service should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServiceStep {
    /// Its name.
    pub service: String,
    /// What it is made from where it is missing; nothing where an installer makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_from: Option<Definition>,
    /// Whether the installer of an earlier step makes it, which takes it away again, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub brought: bool,
    /// When it starts by itself; left as it is where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
    /// Whether it should run now; left as it is where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
    /// What Windows does when it fails; left as it is where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
}

impl ServiceStep {
    pub(in crate::windows) fn check(&self, host: &dyn Windows) -> Result<Option<Before>> {
        let Some(now) = host.service(&self.service)? else { return Ok(Some(Before::Nothing)) };
        let Service { start, running, recovery, .. } = now.clone();
        Ok((!self.is_so(&now)).then_some(Before::Service { start, running, recovery }))
    }

    pub(in crate::windows) fn apply(&self, host: &mut dyn Windows) -> Result<()> {
        if host.service(&self.service)?.is_none() {
            let Some(definition) = &self.made_from else {
                return Err(Error::failed(format!("there is no service {}", self.service))
                    .hint("its installer did not make it, or somebody deleted it: run again"));
            };
            host.create_service(&self.service, definition)?;
        }
        let now = self.look(host)?;
        if let Some(start) = self.start.filter(|start| *start != now.start) {
            host.set_start(&self.service, start)?;
        }
        if let Some(recovery) = differing(self.recovery.as_ref(), &now) {
            host.set_recovery(&self.service, recovery)?;
        }
        match self.running {
            Some(true) if !now.running && self.start.unwrap_or(now.start) == Start::Disabled => {
                Err(Error::failed(format!("the service {} is disabled, and has to run", self.service)).hint(
                    format!("'sc.exe config {} start= demand' lets it start; then run again", self.service),
                ))
            }
            Some(true) if !now.running => host.start_service(&self.service),
            Some(false) if now.running => host.stop_service(&self.service),
            _ => Ok(()),
        }
    }

    pub(in crate::windows) fn undo(&self, host: &mut dyn Windows, before: &Before) -> Result<Leftovers> {
        let Some(now) = host.service(&self.service)? else { return Ok(Leftovers::new()) };
        let Before::Service { start, running, recovery } = before else {
            if now.running {
                host.stop_service(&self.service)?;
            }
            // One that an installer made goes with what the installer brought.
            if self.made_from.is_some() {
                host.delete_service(&self.service)?;
            }
            return Ok(Leftovers::new());
        };
        if now.running && !running {
            host.stop_service(&self.service)?;
        }
        // What goes in a moment is not started for that.
        if self.brought {
            return Ok(Leftovers::new());
        }
        let starts = *running && !now.running;
        // One that is disabled cannot be started, and may run all the same.
        if starts && *start == Start::Disabled {
            host.start_service(&self.service)?;
        }
        if now.start != *start {
            host.set_start(&self.service, *start)?;
        }
        if let Some(recovery) = differing(recovery.as_ref(), &now) {
            host.set_recovery(&self.service, recovery)?;
        }
        if starts && *start != Start::Disabled {
            host.start_service(&self.service)?;
        }
        Ok(Leftovers::new())
    }

    pub(super) fn describe(&self) -> String {
        let verb = if self.made_from.is_some() { "make the service" } else { "set the service" };
        let start = self.start.map(|start| format!(" to start {start}"));
        let running = match self.running {
            Some(true) => ", and start it",
            Some(false) => ", and stop it",
            None => "",
        };
        format!("{verb} {}{}{running}", self.service, start.unwrap_or_default())
    }

    /// Who made a service says how it is taken away, whatever a later step asked of it.
    pub(super) fn absorb(self, earlier: &Self) -> Self {
        Self {
            made_from: self.made_from.or_else(|| earlier.made_from.clone()),
            brought: self.brought || earlier.brought,
            ..self
        }
    }

    fn is_so(&self, now: &Service) -> bool {
        self.start.is_none_or(|start| start == now.start)
            && self.running.is_none_or(|running| running == now.running)
            && differing(self.recovery.as_ref(), now).is_none()
    }

    fn look(&self, host: &dyn Windows) -> Result<Service> {
        let gone = || Error::failed(format!("the service {} is gone again", self.service));
        host.service(&self.service)?.ok_or_else(gone)
    }
}

/// What is wanted of the service manager, where it is another thing than now and can be had.
fn differing<'a>(wanted: Option<&'a Recovery>, now: &Service) -> Option<&'a Recovery> {
    wanted.filter(|wanted| now.recovery.as_ref().is_some_and(|now| now != *wanted))
}
