//! The attributes of a container instance: the capabilities of the agent, then what it runs on.
//!
//! The capabilities are those of version 1.105.1 on an external instance; the stand-in claims them all,
//! whatever Docker it finds, because the service only echoes them. ECS Exec alone is claimed as the real
//! agent does: where its programs, its certificates and its folder for configuration are.

use super::settings::Settings;
use serde_json::{Value, json};
use std::path::Path;

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

const EXECUTE_COMMAND: &str = "ecs.capability.execute-command";

/// Where the launcher mounts `/var/lib/ecs/deps`.
const MANAGED_AGENTS: &str = "/managed-agents";

const EXEC_PROGRAMS: [&str; 3] = ["amazon-ssm-agent", "ssm-agent-worker", "ssm-session-worker"];

/// All attributes; the configured ones go along on the first registration only.
pub fn of_this_instance(settings: &Settings, first_time: bool) -> Vec<Value> {
    let machine = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        other => other,
    };
    let exec = can_execute_commands(Path::new(MANAGED_AGENTS)).then_some(&EXECUTE_COMMAND);
    let capabilities = CAPABILITIES.iter().chain(exec);
    let mut attributes: Vec<Value> = capabilities.map(|name| json!({ "name": name })).collect();
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

/// The newest version alone is looked at, as its number, not as its text.
fn can_execute_commands(managed_agents: &Path) -> bool {
    let folder = managed_agents.join("execute-command");
    let versions = std::fs::read_dir(folder.join("bin")).into_iter().flatten().flatten();
    let number = |name: &str| -> Option<Vec<u64>> { name.split('.').map(|part| part.parse().ok()).collect() };
    let newest = versions
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| Some((number(entry.file_name().to_str()?)?, entry.path())))
        .max();
    newest.is_some_and(|(_, version)| EXEC_PROGRAMS.iter().all(|name| version.join(name).is_file()))
        && folder.join("certs/tls-ca-bundle.pem").is_file()
        && folder.join("config").is_dir()
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
    fn exec_needs_all_of_the_newest_version_the_certificates_and_the_configuration() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("execute-command");
        let newest = folder.join("bin/3.10.0.0");
        for made in [&folder.join("bin/3.9.0.0"), &newest, &folder.join("certs"), &folder.join("config")] {
            std::fs::create_dir_all(made).unwrap();
        }
        let files = EXEC_PROGRAMS.map(|name| newest.join(name));
        for file in files.iter().chain([&folder.join("certs/tls-ca-bundle.pem")]) {
            assert!(!can_execute_commands(place.path()));
            std::fs::write(file, "").unwrap();
        }
        assert!(can_execute_commands(place.path()));
        std::fs::remove_dir(folder.join("config")).unwrap();
        assert!(!can_execute_commands(place.path()));
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
