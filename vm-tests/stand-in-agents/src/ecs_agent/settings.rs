//! The agent's environment variables, as far as the stand-in acts on them.

use super::checkpoint::Checkpoint;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `ECS_EXTERNAL` is literally `true`.
    pub external: bool,
    /// `ECS_CLUSTER`; empty until it is joined with the saved one.
    pub cluster: String,
    /// `AWS_DEFAULT_REGION`
    pub region: String,
    /// `ECS_BACKEND_HOST`
    pub backend_host: String,
    /// `ECS_INSTANCE_ATTRIBUTES`
    pub attributes: BTreeMap<String, String>,
    /// `ECS_CONTAINER_INSTANCE_TAGS`
    pub tags: BTreeMap<String, String>,
    /// `ECS_RESERVED_PORTS`
    pub reserved_ports: Vec<String>,
    /// `ECS_RESERVED_PORTS_UDP`
    pub reserved_ports_udp: Vec<String>,
    /// `ECS_RESERVED_MEMORY` in MiB.
    pub reserved_memory: u64,
    /// `ECS_DETAILED_OS_FAMILY`
    pub os_family: String,
    /// `ECS_ALTERNATE_CREDENTIAL_PROFILE`
    pub profile: String,
    /// `ECS_DATADIR`
    pub data_folder: PathBuf,
    /// `ECS_LOGFILE`
    pub log_file: PathBuf,
    /// Whether `ECS_CLUSTER` was empty: only then the default cluster is created when it is missing.
    pub cluster_by_default: bool,
}

impl Settings {
    /// Reads the environment of this process.
    pub fn of_the_environment() -> Self {
        Settings::from(|name| std::env::var(name).ok())
    }

    fn from(variable: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str, usual: &str| {
            variable(name).filter(|value| !value.is_empty()).unwrap_or(usual.to_owned())
        };
        Settings {
            external: text("ECS_EXTERNAL", "") == "true",
            cluster: text("ECS_CLUSTER", ""),
            region: text("AWS_DEFAULT_REGION", ""),
            backend_host: text("ECS_BACKEND_HOST", ""),
            attributes: pairs(&text("ECS_INSTANCE_ATTRIBUTES", "")),
            tags: pairs(&text("ECS_CONTAINER_INSTANCE_TAGS", "")),
            reserved_ports: ports(&text("ECS_RESERVED_PORTS", "[22, 2375, 2376, 51678, 51679]")),
            reserved_ports_udp: ports(&text("ECS_RESERVED_PORTS_UDP", "[]")),
            reserved_memory: text("ECS_RESERVED_MEMORY", "0").parse().unwrap_or(0),
            os_family: text("ECS_DETAILED_OS_FAMILY", "linux"),
            profile: text("ECS_ALTERNATE_CREDENTIAL_PROFILE", "default"),
            data_folder: text("ECS_DATADIR", "/data").into(),
            log_file: text("ECS_LOGFILE", "/log/ecs-agent.log").into(),
            cluster_by_default: false,
        }
    }

    /// The cluster: the configured one, else the saved one, else `default`. Two different ones are final.
    pub fn joined_with(mut self, saved: Option<&Checkpoint>) -> Result<Self, String> {
        match saved {
            Some(saved) if self.cluster.is_empty() => self.cluster = saved.cluster.clone(),
            Some(saved) if self.cluster != saved.cluster => {
                return Err(format!(
                    "Data mismatch; saved cluster '{}' does not match configured cluster '{}'. Perhaps you \
                     want to delete the configured checkpoint file?",
                    saved.cluster, self.cluster
                ));
            }
            None if self.cluster.is_empty() => {
                self.cluster = "default".into();
                self.cluster_by_default = true;
            }
            _ => {}
        }
        Ok(self)
    }
}

fn pairs(json: &str) -> BTreeMap<String, String> {
    serde_json::from_str(json).unwrap_or_default()
}

fn ports(json: &str) -> Vec<String> {
    let list: Vec<Value> = serde_json::from_str(json).unwrap_or_default();
    list.iter().map(Value::to_string).collect()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Settings from a few variables.
    pub fn with(variables: &[(&str, &str)]) -> Settings {
        Settings::from(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn saved(cluster: &str) -> Checkpoint {
        Checkpoint { cluster: cluster.into(), container_instance_arn: "arn".into() }
    }

    #[test]
    fn quotes_around_true_do_not_make_an_external_instance() {
        assert!(with(&[("ECS_EXTERNAL", "true")]).external);
        assert!(!with(&[("ECS_EXTERNAL", "\"true\"")]).external);
    }

    #[test]
    fn another_cluster_than_the_saved_one_is_refused_in_the_agents_words() {
        let other = with(&[("ECS_CLUSTER", "other")]);
        assert_eq!(
            other.joined_with(Some(&saved("test-cluster"))).unwrap_err(),
            "Data mismatch; saved cluster 'test-cluster' does not match configured cluster 'other'. Perhaps \
             you want to delete the configured checkpoint file?"
        );
    }

    #[test]
    fn without_a_cluster_the_saved_one_or_the_default_one_is_taken() {
        assert_eq!(with(&[]).joined_with(Some(&saved("a"))).unwrap().cluster, "a");
        let fresh = with(&[]).joined_with(None).unwrap();
        assert!(fresh.cluster == "default" && fresh.cluster_by_default);
    }

    #[test]
    fn lists_and_pairs_are_json() {
        let settings = with(&[("ECS_RESERVED_PORTS", "[80]"), ("ECS_INSTANCE_ATTRIBUTES", r#"{"a":"b"}"#)]);
        assert_eq!(settings.reserved_ports, ["80"]);
        assert_eq!(settings.attributes["a"], "b");
    }
}
