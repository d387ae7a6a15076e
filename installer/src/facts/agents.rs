//! What both agents keep on the disk, running or not: whose Vault it is, which cluster was joined, and
//! what the ECS agent was told.
//!
//! The ECS agent's `agent.db` is a database that nobody else reads. Landfall does not either: it looks
//! for the one text in it that names a cluster, the ARN of the container instance.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Sight;
use crate::error::Result;
use crate::host::Host;
use crate::registration::{self, VAULT};
use crate::step::env_value;

/// Where the ECS agent keeps what it is a part of.
pub const AGENT_STATE: &str = "/var/lib/ecs/data/agent.db";
const CONFIGURATION: &str = "/etc/ecs/ecs.config";

/// What the agents keep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentFiles {
    /// Whether the SSM agent has key files without an identity in them.
    pub blank_vault: bool,
    /// The machine-id that the SSM agent's fingerprint was taken with; nothing where it is not compared.
    pub fingerprint_of: Option<String>,
    /// Whether the ECS agent has saved what it is a part of: its file is there before it registers.
    pub saved_state: bool,
    /// The cluster in what it saved, where that names exactly one.
    pub saved_cluster: Option<String>,
    /// Attributes that the ECS agent was told.
    pub attributes: BTreeMap<String, String>,
    /// Tags that the ECS agent was told.
    pub tags: BTreeMap<String, String>,
    /// Whether what the ECS agent was told may not be read.
    pub configuration_unseen: bool,
    /// Whether the SSM agent is here as a snap.
    pub ssm_snap: bool,
}

impl AgentFiles {
    pub(super) fn read(host: &dyn Host, registered: bool, sight: &mut Sight) -> Result<Self> {
        let state = sight.of(host.read(Path::new(AGENT_STATE)))?;
        let told = sight.seen(host.read(Path::new(CONFIGURATION)))?;
        let configuration_unseen = told.is_none();
        let told = told.flatten().unwrap_or_default();
        let told = String::from_utf8_lossy(&told);
        let pairs = |key| env_value(&told, key).and_then(|text| serde_json::from_str(text).ok());
        Ok(Self {
            blank_vault: !registered && sight.of(registration::is_begun(host))?,
            fingerprint_of: sight.of(fingerprint_of(host))?,
            saved_state: state.as_deref().is_some_and(names_an_instance),
            saved_cluster: state.as_deref().and_then(cluster_in),
            attributes: pairs("ECS_INSTANCE_ATTRIBUTES").unwrap_or_default(),
            tags: pairs("ECS_CONTAINER_INSTANCE_TAGS").unwrap_or_default(),
            configuration_unseen,
            ssm_snap: sight.of(host.stat(Path::new("/snap/amazon-ssm-agent")))?.is_some(),
        })
    }
}

fn fingerprint_of(host: &dyn Host) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct Fingerprint {
        #[serde(default, rename = "hardwareHash")]
        hardware: Option<BTreeMap<String, String>>,
        #[serde(default, rename = "similarityThreshold")]
        threshold: i64,
    }
    let content = host.read(&Path::new(VAULT).join("Store/InstanceFingerprint"))?.unwrap_or_default();
    let Ok(fingerprint) = serde_json::from_slice::<Fingerprint>(&content) else { return Ok(None) };
    let compared = fingerprint.hardware.filter(|_| fingerprint.threshold != -1);
    let id = compared.and_then(|mut hardware| hardware.remove("machine-id"));
    Ok(id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()))
}

fn names_an_instance(state: &[u8]) -> bool {
    let text = String::from_utf8_lossy(state);
    text.match_indices(":container-instance/").any(|(at, _)| text[..at].contains("arn:"))
}

/// Pages of the database that are free again may still name an earlier cluster: then it is unknown.
fn cluster_in(state: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(state);
    let mut clusters: Vec<&str> = text
        .split(":container-instance/")
        .skip(1)
        .filter_map(|rest| {
            let (cluster, id) = rest.split_once('/')?;
            let is_id = id.bytes().take(32).filter(u8::is_ascii_hexdigit).count() == 32;
            let is_name = cluster.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_');
            (is_id && is_name).then_some(cluster)
        })
        .collect();
    clusters.sort_unstable();
    clusters.dedup();
    if let [cluster] = clusters[..] { Some(cluster.to_owned()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str =
        "arn:aws:ecs:us-east-1:123456789012:container-instance/harbour/0123456789abcdef0123456789abcdef";

    #[test]
    fn a_database_is_of_the_cluster_that_its_arn_names() {
        let pages = |texts: &[&str]| texts.join("\0\0\u{7}").into_bytes();
        assert_eq!(cluster_in(&pages(&["bolt", ARN, "x"])).as_deref(), Some("harbour"));
        assert_eq!(cluster_in(&pages(&[ARN, ARN])).as_deref(), Some("harbour"));
        assert_eq!(cluster_in(&pages(&["bolt", "container-instance/x"])), None);
    }

    #[test]
    fn a_database_without_the_arn_of_an_instance_is_of_an_agent_that_never_registered() {
        assert!(names_an_instance(ARN.as_bytes()));
        assert!(!names_an_instance(b"bolt\0\0cluster-name\0harbour") && !names_an_instance(b""));
    }

    #[test]
    fn a_database_that_names_two_clusters_names_none() {
        let other = ARN.replace("harbour", "quay");
        assert_eq!(cluster_in(format!("{ARN}\0{other}").as_bytes()), None);
    }
}
