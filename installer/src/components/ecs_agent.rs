//! The ECS agent: a container that runs tasks, kept by the service `ecs`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use distro_matrix::Distro;

use super::authorities::{self, OF_THE_ECS_AGENT};
use super::landfall::PROGRAM;
use super::ssm_agent::folders;
use super::{at_boot, exec, gate as gate_unit};
use crate::cli::IpFamily;
use crate::config::Config;
use crate::facts::Facts;
use crate::plan::{Item, item};
use crate::proxy::Proxy;
use crate::step::{Await, EnvFile, Step, Unit};

/// The agent's unit.
pub const UNIT: &str = "ecs.service";
/// The service's program: that it is new here shows that its package is.
const INIT: &str = "/usr/libexec/amazon-ecs-init";
/// What the agent reads at its start.
pub const CONFIGURATION: &str = "/etc/ecs/ecs.config";

/// Exit code 5 means that a restart cannot help. The Debian package's unit does not know that. When it stops,
/// the agent resets the kernel setting that its credentials endpoint needs; Docker's networks may be new when
/// it starts.
pub(crate) fn gate() -> [Item; 2] {
    gate_unit(
        UNIT,
        "the ECS agent starts only on a registered machine, waits for credentials, and is not restarted when it says that cannot help",
        &format!(
            "[Service]\nExecStartPre={PROGRAM} wait-for-credentials --timeout 60\n\
             ExecStartPre=-{PROGRAM} credentials-endpoint\nExecStopPost=-{PROGRAM} credentials-endpoint\n\
             RestartPreventExitStatus=5\n"
        ),
    )
}

pub(crate) fn configuration(facts: &Facts, config: &Config, distro: &Distro) -> Vec<Item> {
    let mut items = vec![
        item(
            "the ECS agent keeps its state, its logs and its configuration here, and its package never removes them",
            folders(&["/etc/ecs", "/var/lib/ecs", "/var/log/ecs", "/var/cache/ecs", "/mnt/ecs"], 0o755),
        ),
        item(
            "the ECS agent is told its region and cluster, and that it runs outside AWS, before its first start",
            Step::EnvFile(EnvFile {
                path: PathBuf::from(CONFIGURATION),
                keys: keys(facts, config, distro),
                mode: 0o600,
            }),
        ),
    ];
    items.extend(authorities::for_the_ecs_agent(config, distro));
    items
}

pub(crate) fn start(config: &Config, distro: &Distro) -> Vec<Item> {
    if config.no_start {
        return at_boot::ecs_agent().into();
    }
    let mut reads = vec![PathBuf::from(CONFIGURATION), PathBuf::from(INIT)];
    reads.extend(exec::reads());
    reads.extend(authorities::are_brought(distro).then(|| PathBuf::from(OF_THE_ECS_AGENT)));
    vec![
        item(
            "the ECS agent registers the machine as a container instance",
            Step::Unit(Unit { unit: UNIT.into(), reads }),
        ),
        item(
            "the agent itself must say that it is part of the cluster",
            Step::Await(Await::ContainerInstance {
                cluster: config.cluster.clone(),
                seconds: config.agent_seconds,
            }),
        ),
    ]
}

/// Attributes and tags are sent with the first registration alone: what a container instance was told stays, so
/// that it shows what was sent, and the agent is not started again in vain.
fn keys(facts: &Facts, config: &Config, distro: &Distro) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::from([
        ("AWS_DEFAULT_REGION".to_owned(), config.region.clone()),
        ("ECS_EXTERNAL".to_owned(), "true".to_owned()),
    ]);
    let mut set = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            keys.insert(key.to_owned(), value);
        }
    };
    set("ECS_CLUSTER", config.cluster.clone());
    set("ECS_ENABLE_GPU_SUPPORT", config.gpu.then(|| "true".to_owned()));
    set("ECS_BACKEND_HOST", config.ecs_endpoint.clone());
    if !facts.is_container_instance() {
        set("ECS_INSTANCE_ATTRIBUTES", object(&config.attributes));
        set("ECS_CONTAINER_INSTANCE_TAGS", object(&config.tags));
    }
    set("SSL_CERT_FILE", authorities::are_brought(distro).then(|| OF_THE_ECS_AGENT.to_owned()));
    set("HTTP_PROXY", config.proxy.as_ref().map(|proxy| proxy.url.clone()));
    set("HTTPS_PROXY", config.proxy.as_ref().map(|proxy| proxy.url.clone()));
    set("NO_PROXY", config.proxy.as_ref().map(Proxy::spared));
    set("ECS_INSTANCE_IP_COMPATIBILITY", (config.ip == Some(IpFamily::Ipv6)).then(|| "ipv6".to_owned()));
    keys
}

fn object(pairs: &BTreeMap<String, String>) -> Option<String> {
    (!pairs.is_empty()).then(|| serde_json::json!(pairs).to_string())
}
