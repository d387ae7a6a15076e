//! The ECS agent: it takes part in the cluster.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::config::Config;
use crate::plan::{Item, item};
use crate::windows::door::{Initialize, Recovery, Start, Value};
use crate::windows::facts::Facts;
use crate::windows::places::{ECS_SERVICE, ENVIRONMENT};
use crate::windows::step::{AwaitInstance, EcsAgent, LeaveCluster, ServiceStep, Step, Values};

/// The cluster that the agent chooses where none is named.
pub const DEFAULT_CLUSTER: &str = "default";
/// What the agent may let tasks log with, as AWS's script has it.
const LOGGING: &str = r#"["json-file","awslogs"]"#;

/// The cluster to join.
pub fn cluster(config: &Config) -> String {
    config.cluster.clone().unwrap_or_else(|| DEFAULT_CLUSTER.into())
}

/// What the agent is told.
pub fn configuration(config: &Config) -> Vec<Item<Step>> {
    let cluster = cluster(config);
    vec![
        item(
            "the agent's saved state is of one cluster, and with it the agent refuses any other",
            Step::LeaveCluster(LeaveCluster { cluster }),
        ),
        item(
            "the ECS agent reads its settings from the machine's variables; without ECS_EXTERNAL it waits for EC2",
            Step::Values(Values {
                key: ENVIRONMENT.into(),
                values: variables(config),
                read_by: Some(ECS_SERVICE.into()),
            }),
        ),
    ]
}

/// What brings it, has it run, and waits for it.
pub fn start(facts: &Facts, config: &Config) -> Vec<Item<Step>> {
    let initialize = Initialize {
        region: config.region.clone(),
        cluster: cluster(config),
        version: config.ecs_version.clone().unwrap_or_else(|| "latest".into()),
        endpoint: config.ecs_endpoint.clone(),
    };
    let recovery = Recovery::restarts(&[5_000, 30_000, 60_000], 300);
    let service = ServiceStep {
        service: ECS_SERVICE.into(),
        made_from: None,
        brought: !facts.ecs_agent_is_here,
        start: Some(Start::Automatic),
        running: Some(true),
        recovery: Some(recovery),
    };
    vec![
        item(
            "AWS's module fetches the agent, makes its service and lets tasks reach their credentials",
            Step::EcsAgent(EcsAgent { initialize }),
        ),
        item("the agent starts with Windows, and is started again where it fails", Step::Service(service)),
        item(
            "only the agent knows that it is part of its cluster",
            Step::AwaitInstance(AwaitInstance { cluster: cluster(config), seconds: config.agent_seconds }),
        ),
    ]
}

fn variables(config: &Config) -> BTreeMap<String, Option<Value>> {
    let mut variables = BTreeMap::new();
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            variables.insert(name.to_owned(), Some(Value::Text(value)));
        }
    };
    set("AWS_DEFAULT_REGION", Some(config.region.clone()));
    set("ECS_AVAILABLE_LOGGING_DRIVERS", Some(LOGGING.into()));
    set("ECS_BACKEND_HOST", config.ecs_endpoint.clone());
    set("ECS_CLUSTER", Some(cluster(config)));
    set("ECS_CONTAINER_INSTANCE_TAGS", object(&config.tags));
    set("ECS_ENABLE_TASK_IAM_ROLE", Some("true".into()));
    set("ECS_EXTERNAL", Some("true".into()));
    set("ECS_INSTANCE_ATTRIBUTES", object(&config.attributes));
    set("HTTP_PROXY", config.proxy.as_ref().map(|proxy| proxy.url.clone()));
    set("HTTPS_PROXY", config.proxy.as_ref().map(|proxy| proxy.url.clone()));
    set("NO_PROXY", config.proxy.as_ref().map(|proxy| format!("{},{PIPE}", proxy.spared())));
    variables
}

/// Docker's pipe, which the agent must not look for behind a proxy.
const PIPE: &str = r"\\.\pipe\docker_engine";

fn object(pairs: &BTreeMap<String, String>) -> Option<String> {
    let object: Map<String, Json> =
        pairs.iter().map(|(name, value)| (name.clone(), Json::String(value.clone()))).collect();
    (!object.is_empty()).then(|| Json::Object(object).to_string())
}
