//! Three local questions: to Docker on its socket, to the ECS agent on its introspection port, and to
//! OpenStack's metadata service at its link-local address.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder};
use rustls::RootCertStore;
use serde::Deserialize;

use crate::first_boot::MOST;
use crate::host::{DockerDaemon, Introspection};
use crate::secret::Secret;

const DOCKER: &str = "/var/run/docker.sock";
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

/// Docker names its engine "Engine"; podman's look-alike has another name in its place.
pub(super) fn docker() -> Option<DockerDaemon> {
    if !Path::new(DOCKER).exists() {
        return None;
    }
    let client = plain()?.unix_socket(DOCKER).build().ok()?;
    let version: Version = get(&client, "http://docker/version")?;
    let engine = version.components.iter().any(|component| component.name == "Engine");
    Some(DockerDaemon { version: version.version, engine })
}

pub(super) fn introspection() -> Option<Introspection> {
    let client = plain()?.build().ok()?;
    get(&client, "http://127.0.0.1:51678/v1/metadata")
}

/// A redirect would lead away from the link.
pub(super) fn openstack_metadata() -> Option<Secret> {
    let client = plain()?.redirect(reqwest::redirect::Policy::none()).build().ok()?;
    let answer = client.get("http://169.254.169.254/openstack/latest/meta_data.json").send().ok()?;
    if answer.status() != 200 {
        return None;
    }
    let mut text = String::new();
    answer.take(MOST as u64).read_to_string(&mut text).ok()?;
    Some(Secret::new(text))
}

/// No proxy and no TLS, since these never leave the machine: reading the system's authorities for
/// them would cost more than the questions.
fn plain() -> Option<ClientBuilder> {
    let tls = super::http::tls(RootCertStore::empty()).ok()?;
    Some(Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(PATIENCE))
}

fn get<T: serde::de::DeserializeOwned>(client: &Client, address: &str) -> Option<T> {
    let answer = client.get(address).send().ok()?.error_for_status().ok()?;
    serde_json::from_slice(&answer.bytes().ok()?).ok()
}
