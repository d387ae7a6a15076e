//! `/etc/amazon/ssm/amazon-ssm-agent.json`: the few keys that change what the stand-in does.
//!
//! No file means the defaults; a broken one means a warning and the defaults, never a failure.

use crate::log::Log;
use serde::Deserialize;
use std::path::Path;

/// The configuration, with the agent's own spelling.
#[derive(Deserialize, Default, Debug)]
#[serde(default, rename_all = "PascalCase")]
pub struct Config {
    /// `Ssm.Endpoint`
    pub ssm: Place,
    /// `Mds.Endpoint`: ec2messages.
    pub mds: Place,
    /// `Mgs.Endpoint`: ssmmessages.
    pub mgs: Place,
    /// `Identity.ConsumptionOrder`
    pub identity: Identity,
    /// `Profile.ShareCreds` and `Profile.ShareProfile`
    pub profile: Profile,
    /// Whether there is a file at all: only then the agent names its version to the service.
    #[serde(skip)]
    pub exists: bool,
}

/// A service's address; empty for the usual one.
#[derive(Deserialize, Default, Debug)]
#[serde(default, rename_all = "PascalCase")]
pub struct Place {
    /// The address.
    pub endpoint: String,
}

/// Which identities are looked for, in order.
#[derive(Deserialize, Debug)]
#[serde(default, rename_all = "PascalCase")]
pub struct Identity {
    /// The names.
    pub consumption_order: Vec<String>,
}

/// How the credentials are shared with other programs.
#[derive(Deserialize, Debug)]
#[serde(default, rename_all = "PascalCase")]
pub struct Profile {
    /// Whether a file is written.
    pub share_creds: bool,
    /// The profile in it; empty for `default`.
    pub share_profile: String,
}

impl Default for Identity {
    fn default() -> Self {
        Identity { consumption_order: ["OnPrem", "EC2", "CustomIdentity"].map(str::to_owned).to_vec() }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Profile { share_creds: true, share_profile: String::new() }
    }
}

impl Config {
    /// Reads the file.
    pub fn read(file: &Path, log: &Log) -> Self {
        let Ok(text) = std::fs::read(file) else {
            eprintln!("No configuration file at {}, using defaults.", file.display());
            return Config::default();
        };
        match serde_json::from_slice::<Config>(&text) {
            Ok(config) => Config { exists: true, ..config },
            Err(error) => {
                log.warn(&format!("Failed to load app config from {}, error: {error}", file.display()));
                Config::default()
            }
        }
    }

    /// How the agent calls itself to the services.
    pub fn user_agent(&self) -> String {
        let version = if self.exists { super::VERSION } else { "" };
        format!("aws-sdk-go/1.51.20 (go1.25.5; linux; amd64) amazon-ssm-agent/{version}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("amazon-ssm-agent.json");
        std::fs::write(&file, text).unwrap();
        Config::read(&file, &Log::ssm(&folder.path().join("log")))
    }

    #[test]
    fn only_what_is_set_differs_from_the_defaults() {
        let config = read(r#"{"Identity":{"ConsumptionOrder":["OnPrem"]},"Ssm":{"Endpoint":"http://h:1"}}"#);
        assert_eq!(config.identity.consumption_order, ["OnPrem"]);
        assert_eq!(config.ssm.endpoint, "http://h:1");
        assert!(config.profile.share_creds && config.user_agent().ends_with("/3.3.0.0"));
    }

    #[test]
    fn a_broken_file_means_the_defaults() {
        let config = read("{");
        assert_eq!(config.identity.consumption_order.len(), 3);
        assert!(config.user_agent().ends_with("amazon-ssm-agent/"));
    }
}
