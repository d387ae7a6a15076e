//! The attributes of a container instance: the capabilities of the agent, then what it runs on.
//!
//! The capabilities are those of version 1.105.1 on an external instance; the stand-in claims them all,
//! whatever Docker it finds, because the service only echoes them.

use super::settings::Settings;
use serde_json::{Value, json};

const CAPABILITIES: &[&str] = &[
    "ecs.capability.private-registry-authentication.secretsmanager",
    "ecs.capability.secrets.ssm.environment-variables",
    "ecs.capability.secrets.ssm.bootstrap.log-driver",
    "ecs.capability.ecr-endpoint",
    "ecs.capability.secrets.asm.environment-variables",
    "ecs.capability.secrets.asm.bootstrap.log-driver",
    "ecs.capability.container-ordering",
    "ecs.capability.full-sync",
    "ecs.capability.env-files.s3",
    "ecs.capability.network.container-port-range",
    "ecs.capability.container-restart-policy",
    "com.amazonaws.ecs.capability.privileged-container",
    "com.amazonaws.ecs.capability.docker-remote-api.1.17",
    "com.amazonaws.ecs.capability.docker-remote-api.1.18",
    "com.amazonaws.ecs.capability.docker-remote-api.1.19",
    "com.amazonaws.ecs.capability.docker-remote-api.1.20",
    "com.amazonaws.ecs.capability.docker-remote-api.1.21",
    "com.amazonaws.ecs.capability.docker-remote-api.1.22",
    "com.amazonaws.ecs.capability.docker-remote-api.1.23",
    "com.amazonaws.ecs.capability.docker-remote-api.1.24",
    "com.amazonaws.ecs.capability.docker-remote-api.1.25",
    "com.amazonaws.ecs.capability.docker-remote-api.1.28",
    "com.amazonaws.ecs.capability.docker-remote-api.1.29",
    "com.amazonaws.ecs.capability.docker-remote-api.1.30",
    "com.amazonaws.ecs.capability.docker-remote-api.1.32",
    "com.amazonaws.ecs.capability.logging-driver.json-file",
    "com.amazonaws.ecs.capability.logging-driver.syslog",
    "com.amazonaws.ecs.capability.logging-driver.awslogs",
    "com.amazonaws.ecs.capability.logging-driver.fluentd",
    "com.amazonaws.ecs.capability.logging-driver.none",
    "com.amazonaws.ecs.capability.task-iam-role",
    "com.amazonaws.ecs.capability.task-iam-role-network-host",
    "ecs.capability.task-cpu-mem-limit",
    "ecs.capability.increased-task-cpu-limit",
    "com.amazonaws.ecs.capability.ecr-auth",
    "ecs.capability.execution-role-ecr-pull",
    "ecs.capability.container-health-check",
    "ecs.capability.execution-role-awslogs",
    "ecs.capability.docker-plugin.local",
    "ecs.capability.pid-ipc-namespace-sharing",
    "ecs.capability.firelens.fluentd",
    "ecs.capability.firelens.fluentbit",
    "com.amazonaws.ecs.capability.logging-driver.awsfirelens",
    "ecs.capability.logging-driver.awsfirelens.log-driver-buffer-limit",
    "ecs.capability.firelens.non-root-user",
    "ecs.capability.efs",
    "ecs.capability.storage.s3-files",
    "ecs.capability.firelens.options.config.file",
    "ecs.capability.firelens.options.config.s3",
    "ecs.capability.efsAuth",
    "ecs.capability.external",
    "ecs.capability.ipv6-only",
];

/// All attributes; the configured ones go along on the first registration only.
pub fn of_this_instance(settings: &Settings, first_time: bool) -> Vec<Value> {
    let machine = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        other => other,
    };
    let mut attributes: Vec<Value> = CAPABILITIES.iter().map(|name| json!({ "name": name })).collect();
    attributes.extend([
        json!({"name": "ecs.os-type", "value": "linux"}),
        json!({"name": "ecs.os-family", "value": "LINUX"}),
        json!({"name": "ecs.os-type-detailed", "value": settings.os_family}),
        json!({"name": "ecs.cpu-architecture", "value": machine}),
    ]);
    if first_time {
        let own = settings.attributes.iter();
        attributes.extend(own.map(|(name, value)| json!({"name": name, "value": value})));
    }
    attributes
}

/// The names of those that were asked for and did not come back.
pub fn missing_in(answer: &Value, asked: &[Value]) -> Vec<String> {
    let echoed: Vec<&Value> =
        answer["containerInstance"]["attributes"].as_array().into_iter().flatten().collect();
    let came_back = |wanted: &&Value| {
        echoed.iter().any(|one| one["name"] == wanted["name"] && one["value"] == wanted["value"])
    };
    let missing = asked.iter().filter(|wanted| !came_back(wanted));
    missing.map(|one| one["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs_agent::settings::tests::with;

    #[test]
    fn there_are_as_many_as_recorded_and_the_external_one_is_among_them() {
        let attributes = of_this_instance(&with(&[]), true);
        assert_eq!(attributes.len(), 56);
        assert!(attributes.contains(&json!({"name": "ecs.capability.external"})));
    }

    #[test]
    fn own_attributes_are_sent_once() {
        let settings = with(&[("ECS_INSTANCE_ATTRIBUTES", r#"{"rack":"7"}"#)]);
        let own = json!({"name": "rack", "value": "7"});
        assert!(of_this_instance(&settings, true).contains(&own));
        assert!(!of_this_instance(&settings, false).contains(&own));
    }

    #[test]
    fn what_is_not_echoed_is_named() {
        let asked = of_this_instance(&with(&[]), true);
        let full = json!({"containerInstance": {"attributes": asked}});
        assert!(missing_in(&full, &asked).is_empty());
        let cut = json!({"containerInstance": {"attributes": asked[1..]}});
        assert_eq!(
            missing_in(&cut, &asked),
            ["ecs.capability.private-registry-authentication.secretsmanager"]
        );
        assert_eq!(missing_in(&json!({}), &asked).len(), asked.len());
    }
}
