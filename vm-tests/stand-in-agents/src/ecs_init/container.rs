//! The container `ecs-agent`: how it is created.

use super::{Flavour, env_file};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The container's name.
pub const NAME: &str = "ecs-agent";

/// The image's name.
pub const IMAGE: &str = "amazon/amazon-ecs-agent:latest";

const CONFIG_FILES: &[&str] = &["/var/lib/ecs/ecs.config", "/etc/ecs/ecs.config"];

/// Host path and mount; only what is on this machine is mounted, so that Docker creates no folders.
const BINDS: &[(&str, &str)] = &[
    ("/var/run", "/var/run"),
    ("/var/log/ecs", "/log"),
    ("/var/lib/ecs/data", "/data"),
    ("/etc/ecs", "/etc/ecs"),
    ("/var/cache/ecs", "/var/cache/ecs"),
    ("/sys/fs/cgroup", "/sys/fs/cgroup"),
    ("/var/lib/ecs", "/var/lib/ecs"),
    ("/var/lib/ecs/deps", "/managed-agents"),
    ("/proc", "/host/proc:ro"),
    ("/usr/lib", "/usr/lib:ro"),
    ("/lib", "/lib:ro"),
    ("/lib64", "/lib64:ro"),
    ("/usr/lib64", "/usr/lib64:ro"),
    ("/usr/sbin", "/usr/sbin:ro"),
    ("/sbin", "/host/sbin:ro"),
    ("/etc/alternatives", "/etc/alternatives:ro"),
    ("/usr/bin/lsblk", "/usr/bin/lsblk:ro"),
    ("/usr/bin/nsenter", "/usr/bin/nsenter:ro"),
];

/// The machine's certificates, which the launcher of the .deb alone brings into the container.
const CERTIFICATES: (&str, &str) = ("/etc/ssl", "/etc/ssl:ro");

/// The body of Docker's create call, for this machine.
pub fn configuration(flavour: Flavour) -> Value {
    // Only the process's own environment decides here, which systemd fills from the same files.
    let external = std::env::var("ECS_EXTERNAL").is_ok_and(|value| value == "true");
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let log_size = std::env::var("ECS_INIT_DOCKER_LOG_FILE_SIZE").unwrap_or("16m".into());
    let log_files = std::env::var("ECS_INIT_DOCKER_LOG_FILE_NUM").unwrap_or("4".into());
    let capabilities: &[&str] = if external { &[] } else { &["NET_ADMIN", "SYS_ADMIN"] };
    json!({
        "Image": IMAGE,
        "Env": environment(flavour, env_file::read(CONFIG_FILES), external, &os_family(&release)),
        "HostConfig": {
            "Binds": binds(flavour, external, |path| Path::new(path).exists()),
            "NetworkMode": "host",
            "UsernsMode": "host",
            "CapAdd": capabilities,
            "Init": true,
            "LogConfig": {
                "Type": "json-file",
                "Config": {"max-size": log_size, "max-file": log_files},
            },
        },
    })
}

fn binds(flavour: Flavour, external: bool, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let certificates = (flavour == Flavour::Deb).then_some(&CERTIFICATES);
    let there = BINDS.iter().chain(certificates).filter(|(host, _)| exists(host));
    let mut binds: Vec<String> = there.map(|(host, mount)| format!("{host}:{mount}")).collect();
    if external {
        binds.push("/root/.aws:/rotatingcreds:ro".into());
    }
    binds
}

fn environment(
    flavour: Flavour,
    files: BTreeMap<String, String>,
    external: bool,
    os_family: &str,
) -> Vec<String> {
    let defaults = [
        ("ECS_UPDATES_ENABLED", "true"),
        ("ECS_UPDATE_DOWNLOAD_DIR", "/var/cache/ecs"),
        ("ECS_DATADIR", "/data"),
        ("ECS_LOGFILE", "/log/ecs-agent.log"),
        ("ECS_AGENT_CONFIG_FILE_PATH", "/etc/ecs/ecs.config.json"),
        ("ECS_AVAILABLE_LOGGING_DRIVERS", r#"["json-file","syslog","awslogs","fluentd","none"]"#),
        ("ECS_ENABLE_TASK_IAM_ROLE", "true"),
        ("ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST", "true"),
        ("ECS_ENABLE_TASK_ENI", if external { "false" } else { "true" }),
        ("ECS_DETAILED_OS_FAMILY", os_family),
    ];
    let mut all: BTreeMap<String, String> =
        defaults.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    if flavour == Flavour::Deb {
        all.insert("SSL_CERT_DIR".to_owned(), "/etc/ssl/certs".to_owned());
    }
    all.extend(files);
    all.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// `debian_12`
fn os_family(release: &str) -> String {
    let field = |name: &str| {
        let mut pairs = release.lines().filter_map(|line| line.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value.trim_matches('"')).unwrap_or_default()
    };
    match (field("ID"), field("VERSION_ID")) {
        ("", _) => "linux".into(),
        (id, "") => id.into(),
        (id, version) => format!("{id}_{version}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_external_instance_gets_the_rotating_credentials() {
        let rotating = "/root/.aws:/rotatingcreds:ro".to_owned();
        assert!(binds(Flavour::Deb, true, |_| false).contains(&rotating));
        assert!(!binds(Flavour::Deb, false, |_| true).contains(&rotating));
    }

    #[test]
    fn only_the_launcher_of_the_deb_brings_the_machines_certificates() {
        let certificates = |flavour| binds(flavour, false, |path| path == "/etc/ssl");
        assert_eq!(certificates(Flavour::Deb), ["/etc/ssl:/etc/ssl:ro"]);
        assert!(certificates(Flavour::Rpm).is_empty());
        let files = BTreeMap::from([("SSL_CERT_FILE".to_owned(), "/etc/ecs/certs.pem".to_owned())]);
        let environment = environment(Flavour::Rpm, files, true, "centos_9");
        assert!(environment.contains(&"SSL_CERT_FILE=/etc/ecs/certs.pem".to_owned()));
        assert!(!environment.iter().any(|it| it.starts_with("SSL_CERT_DIR=")));
    }

    #[test]
    fn the_files_win_over_the_defaults() {
        let files = BTreeMap::from([("ECS_DATADIR".to_owned(), "/elsewhere".to_owned())]);
        let environment = environment(Flavour::Deb, files, true, "debian_12");
        assert!(environment.contains(&"ECS_DATADIR=/elsewhere".to_owned()));
        assert!(environment.contains(&"ECS_ENABLE_TASK_ENI=false".to_owned()));
    }

    #[test]
    fn the_detailed_family_is_id_and_version() {
        assert_eq!(os_family("NAME=\"x\"\nID=debian\nVERSION_ID=\"12\"\n"), "debian_12");
        assert_eq!(os_family("ID=arch\n"), "arch");
        assert_eq!(os_family(""), "linux");
    }
}
