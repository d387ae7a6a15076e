//! Questions that never leave the machine, over plain HTTP: to the ECS agent on its introspection port, and how
//! Docker answers on its socket or pipe.

use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder};
use rustls::RootCertStore;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::http::tls;
use crate::host::{DockerDaemon, Introspection};

const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    version: String,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Component {
    name: String,
}

/// What the ECS agent says of itself.
pub(in crate::host) fn introspection() -> Option<Introspection> {
    let client = plain()?.build().ok()?;
    get(&client, "http://127.0.0.1:51678/v1/metadata")
}

/// The daemon that answered with this. Docker names its engine "Engine"; podman's look-alike has another name in
/// its place.
pub(in crate::host) fn daemon(answer: &[u8]) -> Option<DockerDaemon> {
    let version: Version = serde_json::from_slice(answer).ok()?;
    let engine = version.components.iter().any(|component| component.name == "Engine");
    Some(DockerDaemon { version: version.version, engine })
}

/// No proxy and no TLS, since these never leave the machine: reading the system's authorities for
/// them would cost more than the questions.
pub(in crate::host) fn plain() -> Option<ClientBuilder> {
    let tls = tls(RootCertStore::empty()).ok()?;
    Some(Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(PATIENCE))
}

fn get<T: DeserializeOwned>(client: &Client, address: &str) -> Option<T> {
    let answer = client.get(address).send().ok()?.error_for_status().ok()?;
    serde_json::from_slice(&answer.bytes().ok()?).ok()
}
