//! The fake's side of the door that Windows has alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Fake;
use crate::error::{Error, Result};
use crate::host::{DockerDaemon, Machine, Output};
use crate::windows::door::{Definition, Feature, Program, Recovery, Service, Start, Value, Windows};
use crate::windows::places::{DOCKER_SERVICE, ENVIRONMENT};

const SERVICES: &str = r"SYSTEM\CurrentControlSet\Services";

impl Windows for Fake {
    fn values(&self, key: &str) -> Result<Option<BTreeMap<String, Value>>> {
        let shown = |(name, value): (&String, &Value)| match key {
            ENVIRONMENT => (name.to_ascii_uppercase(), value.clone()),
            _ => (name.clone(), value.clone()),
        };
        Ok(self.registry.get(key).map(|values| values.iter().map(shown).collect()))
    }

    fn service(&self, name: &str) -> Result<Option<Service>> {
        let running = self.running.contains(name);
        Ok(self.services.get(name).map(|service| Service { running, ..service.clone() }))
    }

    fn feature(&self, _: &str) -> Result<Feature> {
        Ok(self.containers)
    }

    fn docker(&self) -> Option<DockerDaemon> {
        let daemon = DockerDaemon { version: "25.0.6".into(), engine: true };
        Some(daemon).filter(|_| self.running.contains(DOCKER_SERVICE))
    }

    fn domain(&self) -> Result<Option<String>> {
        Ok(self.domain.clone())
    }

    fn connects(&self, _: &str, port: u16) -> bool {
        port != 445
    }

    fn signer(&self, program: &Path, publishers: &[&str]) -> Result<String> {
        assert!(self.disk.node(program).is_some(), "{} is not there", program.display());
        match publishers.contains(&self.signer) {
            true => Ok(self.signer.to_owned()),
            false => Err(Error::failed(format!("it was signed by {}", self.signer))),
        }
    }

    fn close(&mut self, folder: &Path) -> Result<()> {
        self.tick()?;
        assert!(self.disk.node(folder).is_some(), "{} is not there", folder.display());
        self.closed.insert(folder.to_owned());
        Ok(())
    }

    fn set_value(&mut self, key: &str, name: &str, value: Option<&Value>) -> Result<()> {
        self.tick()?;
        let values = self.registry.get_mut(key).ok_or_else(|| Error::failed("there is no such key"))?;
        place(values, name, value);
        Ok(())
    }

    fn create_service(&mut self, name: &str, definition: &Definition) -> Result<()> {
        self.tick()?;
        if self.disk.node(&definition.program).is_none() {
            return Err(Error::failed(format!("{} is not there", definition.program.display())));
        }
        let command = format!("{} {}", definition.program.display(), definition.arguments.join(" "));
        let recovery = Some(Recovery::default());
        let service = Service { start: Start::Manual, running: false, recovery, command };
        self.make_service(name, service);
        Ok(())
    }

    fn delete_service(&mut self, name: &str) -> Result<()> {
        self.tick()?;
        assert!(!self.running.contains(name), "{name} was not stopped");
        self.drop_service(name);
        Ok(())
    }

    fn set_start(&mut self, name: &str, start: Start) -> Result<()> {
        self.tick()?;
        self.services.get_mut(name).ok_or_else(missing)?.start = start;
        Ok(())
    }

    fn set_recovery(&mut self, name: &str, recovery: &Recovery) -> Result<()> {
        self.tick()?;
        self.services.get_mut(name).ok_or_else(missing)?.recovery = Some(recovery.clone());
        Ok(())
    }

    fn start_service(&mut self, name: &str) -> Result<()> {
        self.tick()?;
        if self.services.get(name).ok_or_else(missing)?.start == Start::Disabled {
            return Err(Error::failed("it is disabled (1058)"));
        }
        self.run_service(name);
        Ok(())
    }

    fn stop_service(&mut self, name: &str) -> Result<()> {
        self.tick()?;
        self.stop(name);
        Ok(())
    }

    fn unzip(&mut self, archive: &Path, members: &[(String, PathBuf)]) -> Result<()> {
        assert!(self.disk.node(archive).is_some(), "the archive is not there");
        for (member, path) in members {
            self.create_file(path, member.as_bytes(), 0o600)?;
            self.sync(path)?;
        }
        Ok(())
    }

    fn run(&mut self, program: &Program) -> Result<Output> {
        self.tick()?;
        Ok(self.act(program))
    }
}

impl Fake {
    pub(super) fn make_service(&mut self, name: &str, service: Service) {
        self.services.insert(name.to_owned(), service);
        self.registry.insert(format!(r"{SERVICES}\{name}"), BTreeMap::new());
    }

    pub(super) fn drop_service(&mut self, name: &str) {
        self.services.remove(name);
        self.registry.remove(&format!(r"{SERVICES}\{name}"));
    }
}

fn missing() -> Error {
    Error::failed("there is no such service")
}

/// As Windows has it: one value, by whatever case, and the name as it was written first.
pub(super) fn place(values: &mut BTreeMap<String, Value>, name: &str, value: Option<&Value>) {
    let there = values.keys().find(|it| it.eq_ignore_ascii_case(name)).cloned();
    let name = there.unwrap_or_else(|| name.to_owned());
    match value {
        Some(value) => drop(values.insert(name, value.clone())),
        None => drop(values.remove(&name)),
    }
}
