//! The few calls to the Docker daemon that the ECS family makes, over its unix socket.
//!
//! No version stands in the paths: the daemon then answers in its own, so that old and new ones serve.

use crate::wire::{Body, Request, Response, Stream, WireError, exchange};
use serde_json::Value;
use std::fs::File;
use std::path::Path;

const SOCKET: &str = "/var/run/docker.sock";

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// The daemon was not reached.
    #[error("{0}")]
    Wire(#[from] WireError),
    /// The daemon refused.
    #[error("API error ({status}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The daemon's words.
        message: String,
    },
    /// A file could not be read.
    #[error("{0}")]
    File(#[from] std::io::Error),
}

/// Whether the daemon answers.
pub fn ping() -> Result<(), DockerError> {
    ask("GET", "/_ping", None).map(drop)
}

/// The daemon's version, as `20.10.24+dfsg1`.
pub fn version() -> Result<String, DockerError> {
    let answer = json(&ask("GET", "/version", None)?);
    Ok(answer["Version"].as_str().unwrap_or_default().to_owned())
}

/// The interface of the network `bridge`.
pub fn bridge_interface() -> Result<String, DockerError> {
    let network = json(&ask("GET", "/networks/bridge", None)?);
    Ok(network["Options"]["com.docker.network.bridge.name"].as_str().unwrap_or("docker0").to_owned())
}

/// Whether an image of this name is there.
pub fn has_image(name: &str) -> Result<bool, DockerError> {
    let images = json(&ask("GET", "/images/json", None)?);
    let tags = images.as_array().into_iter().flatten().filter_map(|image| image["RepoTags"].as_array());
    Ok(tags.flatten().any(|tag| tag == name))
}

/// Loads the images of an archive that `docker save` could have written.
pub fn load_images(archive: &Path) -> Result<(), DockerError> {
    let file = File::open(archive)?;
    let length = file.metadata()?.len();
    let answer =
        call("POST", "/images/load?quiet=1", "application/x-tar", Body::Stream(Box::new(file), length))?;
    // The daemon says 200 before it has read the archive; an error then stands in the stream.
    let text = answer.text();
    match text.lines().find(|line| line.contains("\"error\"")) {
        Some(line) => Err(DockerError::Refused { status: answer.status, message: line.to_owned() }),
        None => Ok(()),
    }
}

/// Removes a container, running or not; one that is not there is fine.
pub fn remove_container(name: &str) -> Result<(), DockerError> {
    absent_is_fine(ask("DELETE", &format!("/containers/{name}?force=true"), None))
}

/// Stops a container; one that is not there is fine.
pub fn stop_container(name: &str, seconds: u32) -> Result<(), DockerError> {
    absent_is_fine(ask("POST", &format!("/containers/{name}/stop?t={seconds}"), None))
}

/// Creates a container and starts it.
pub fn start_container(name: &str, configuration: &Value) -> Result<(), DockerError> {
    ask("POST", &format!("/containers/create?name={name}"), Some(configuration))?;
    ask("POST", &format!("/containers/{name}/start"), None).map(drop)
}

/// Waits until a container has ended; its exit status.
pub fn wait_for_container(name: &str) -> Result<i64, DockerError> {
    let answer = json(&ask("POST", &format!("/containers/{name}/wait"), None)?);
    Ok(answer["StatusCode"].as_i64().unwrap_or(-1))
}

fn ask(method: &str, target: &str, body: Option<&Value>) -> Result<Response, DockerError> {
    let bytes = body.map(|body| body.to_string().into_bytes());
    let body = match &bytes {
        Some(bytes) => Body::Sized(bytes),
        None if method == "POST" => Body::Sized(b""),
        None => Body::None,
    };
    call(method, target, "application/json", body)
}

fn call(method: &str, target: &str, content: &str, body: Body) -> Result<Response, DockerError> {
    let stream = Stream::open_unix(SOCKET)?;
    let headers = [("Content-Type", content)];
    let request =
        Request { method, host: "docker", target, user_agent: "amazon-ecs-init", headers: &headers, body };
    let answer = exchange(stream, request)?;
    if answer.status < 400 {
        return Ok(answer);
    }
    let message = json(&answer)["message"].as_str().map_or_else(|| answer.text(), str::to_owned);
    Err(DockerError::Refused { status: answer.status, message })
}

fn json(answer: &Response) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn absent_is_fine(answer: Result<Response, DockerError>) -> Result<(), DockerError> {
    match answer {
        Err(DockerError::Refused { status: 404, .. }) => Ok(()),
        other => other.map(drop),
    }
}
