//! The settings of `/etc/docker/daemon.json` that decide whether the agents can live with this Docker.
//!
//! Other settings are not kept: a proxy in that file may hold a password.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Sight;
use crate::error::Result;
use crate::host::Host;

/// Where Docker looks for its settings.
pub const DAEMON_JSON: &str = "/etc/docker/daemon.json";

/// What stands in `daemon.json`, as far as it concerns us.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DockerConfiguration {
    /// Why the file is not JSON, if it is not.
    pub broken: Option<String>,
    /// `bridge`
    pub bridge: Option<String>,
    /// `iptables`
    pub iptables: Option<bool>,
    /// Whether `hosts` names any.
    pub hosts: bool,
    /// `userns-remap`
    pub userns_remap: Option<String>,
    /// `data-root`
    pub data_root: Option<String>,
    /// Whether a runtime named nvidia is known.
    pub nvidia_runtime: bool,
}

impl DockerConfiguration {
    pub(super) fn read(host: &dyn Host, sight: &mut Sight) -> Result<Self> {
        let content = sight.of(host.read(Path::new(DAEMON_JSON)))?.unwrap_or_default();
        Ok(Self::parse(&content))
    }

    fn parse(content: &[u8]) -> Self {
        // An empty file is fine to Docker.
        if content.trim_ascii().is_empty() {
            return Self::default();
        }
        let settings: Value = match serde_json::from_slice(content) {
            Ok(settings) => settings,
            Err(e) => return Self { broken: Some(e.to_string()), ..Self::default() },
        };
        let text = |key: &str| settings[key].as_str().filter(|it| !it.is_empty()).map(str::to_owned);
        Self {
            broken: None,
            bridge: text("bridge"),
            iptables: settings["iptables"].as_bool(),
            hosts: settings["hosts"].as_array().is_some_and(|hosts| !hosts.is_empty()),
            userns_remap: text("userns-remap"),
            data_root: text("data-root"),
            nvidia_runtime: settings["runtimes"].get("nvidia").is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_us_is_read_and_what_is_broken_is_said() {
        let read = DockerConfiguration::parse(br#"{"bridge": "none", "runtimes": {"nvidia": {}}}"#);
        assert_eq!((read.bridge.as_deref(), read.nvidia_runtime), (Some("none"), true));
        assert!(DockerConfiguration::parse(b"{\"bridge\": ").broken.is_some());
        assert_eq!(DockerConfiguration::parse(b"\n"), DockerConfiguration::default());
    }
}
