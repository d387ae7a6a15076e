//! A simulator of its own for each test, on free ports, with its state in a folder that goes away with it.

use crate::client::Client;
use crate::machine::Machine;
use aws_simulator::{Admin, Settings, Simulator};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub const REPOSITORY: &str = "packages.landfall.test";

/// A running simulator.
pub struct Rehearsal {
    pub admin: Admin,
    simulator: Option<Simulator>,
    runtime: Runtime,
    folder: TempDir,
}

impl Rehearsal {
    pub fn start() -> Rehearsal {
        Rehearsal::with(|_| {})
    }

    /// Starts with other settings than the usual ones.
    pub fn with(change: impl FnOnce(&mut Settings)) -> Rehearsal {
        let folder = TempDir::new().unwrap();
        let mut settings = Settings::new(
            "127.0.0.1".parse().unwrap(),
            folder.path().join("state"),
            folder.path().join("objects"),
        );
        settings.statics.push((REPOSITORY.to_owned(), folder.path().join("repository")));
        std::fs::create_dir(folder.path().join("objects")).unwrap();
        std::fs::create_dir(folder.path().join("repository")).unwrap();
        change(&mut settings);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let simulator = runtime.block_on(Simulator::start(settings)).unwrap();
        let admin = Admin::at(simulator.state());
        Rehearsal { admin, simulator: Some(simulator), runtime, folder }
    }

    pub fn client(&self) -> Client {
        let simulator = self.simulator();
        Client::new(simulator.https(), simulator.http(), &simulator.state().join("ca.pem"))
    }

    /// A machine that registered with an activation made for it.
    pub fn registered_machine(&self) -> Machine {
        let activation = self.admin.activation(1, 3600).unwrap();
        let mut machine = Machine::new(self.client());
        let answer = machine.register(&activation.activation_id, &activation.activation_code);
        assert_eq!(answer.status, 200, "{}", answer.text());
        machine
    }

    /// A registered machine with temporary credentials.
    pub fn machine_with_credentials(&self) -> Machine {
        let mut machine = self.registered_machine();
        assert_eq!(machine.request_role_token().status, 200);
        machine
    }

    /// Writes a file below `objects` or `repository`.
    pub fn file(&self, path: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn state(&self) -> &Path {
        self.simulator().state()
    }

    /// Ends this run and starts another with the same state.
    pub fn restart(&mut self) {
        let objects = self.folder.path().join("objects");
        let settings = Settings::new("127.0.0.1".parse().unwrap(), self.state().to_owned(), objects);
        self.simulator = None;
        self.simulator = Some(self.runtime.block_on(Simulator::start(settings)).unwrap());
    }

    fn simulator(&self) -> &Simulator {
        self.simulator.as_ref().expect("it runs until the test ends")
    }
}

impl Drop for Rehearsal {
    fn drop(&mut self) {
        let _runtime = self.runtime.enter();
        self.simulator = None;
    }
}
