//! A small blocking client of the admin socket, for tests and for this program's own subcommands. It speaks
//! just enough HTTP/1.1 for the server beside it: one request a connection, answers with a length.

use crate::admin::ActivationWish;
use crate::faults::Fault;
use crate::percent;
use crate::recording::Record;
use crate::world::{Activation, ContainerInstance, ManagedInstance, NewActivation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The operator's side of a running simulator.
#[derive(Debug, Clone)]
pub struct Admin {
    socket: PathBuf,
}

/// Why a simulator did not do as it was told.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Nobody listens.
    #[error("no simulator answers at {}: {source}", socket.display())]
    NotRunning {
        /// Where it was looked for.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The simulator said no.
    #[error("the simulator refused: {0}")]
    Refused(String),
    /// The answer makes no sense, or broke off.
    #[error("the simulator's answer cannot be read: {0}")]
    Answer(#[from] io::Error),
}

impl Admin {
    /// The simulator with this state folder.
    pub fn at(state: impl AsRef<Path>) -> Admin {
        Admin { socket: state.as_ref().join("admin.sock") }
    }

    /// Makes an activation; one that expires in 0 seconds has expired.
    pub fn activation(&self, limit: u32, expires_in_seconds: i64) -> Result<NewActivation, AdminError> {
        self.call("POST", "/activations", Some(&ActivationWish { limit, expires_in_seconds }))
    }

    /// The activations so far.
    pub fn activations(&self) -> Result<Vec<Activation>, AdminError> {
        self.look("/activations")
    }

    /// The managed instances so far.
    pub fn managed_instances(&self) -> Result<Vec<ManagedInstance>, AdminError> {
        self.look("/managed-instances")
    }

    /// The container instances so far.
    pub fn container_instances(&self) -> Result<Vec<ContainerInstance>, AdminError> {
        self.look("/container-instances")
    }

    /// The requests so far; those whose target ends with `target`, or whose host or path holds it.
    pub fn requests(&self, target: Option<&str>) -> Result<Vec<Record>, AdminError> {
        match target {
            None => self.look("/requests"),
            Some(text) => self.look(&format!("/requests?target={}", percent::encode(text.as_bytes()))),
        }
    }

    /// Adds a cluster.
    pub fn cluster(&self, name: &str) -> Result<(), AdminError> {
        self.call::<Value>("POST", "/clusters", Some(&json!({"name": name}))).map(drop)
    }

    /// Orders a fault.
    pub fn fault(&self, fault: &Fault) -> Result<(), AdminError> {
        self.call::<Value>("POST", "/faults", Some(fault)).map(drop)
    }

    /// Takes back all faults.
    pub fn clear_faults(&self) -> Result<(), AdminError> {
        self.call::<Value>("DELETE", "/faults", None::<&()>).map(drop)
    }

    fn look<T: DeserializeOwned>(&self, path: &str) -> Result<T, AdminError> {
        self.call("GET", path, None::<&()>)
    }

    fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, AdminError> {
        let not_running = |source| AdminError::NotRunning { socket: self.socket.clone(), source };
        let mut stream = UnixStream::connect(&self.socket).map_err(not_running)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let body = body.map(|body| serde_json::to_string(body).expect("plain data")).unwrap_or_default();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (status, text) = split(&answer).ok_or(io::Error::from(io::ErrorKind::UnexpectedEof))?;
        if status != "200" {
            return Err(AdminError::Refused(text.to_owned()));
        }
        Ok(serde_json::from_str(text).map_err(io::Error::from)?)
    }
}

/// The status and the body of a whole answer.
fn split(answer: &str) -> Option<(&str, &str)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?, body))
}
