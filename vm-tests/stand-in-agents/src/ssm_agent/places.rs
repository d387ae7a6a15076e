//! Where the SSM agent keeps things.

use std::path::{Path, PathBuf};

/// The agent's paths, under `/` on a machine and elsewhere in unit tests.
#[derive(Clone)]
pub struct Places {
    root: PathBuf,
}

impl Places {
    /// The real paths.
    pub fn of_the_system() -> Self {
        Places::under(Path::new("/"))
    }

    /// The same paths under another root.
    pub fn under(root: &Path) -> Self {
        Places { root: root.to_owned() }
    }

    /// `/var/lib/amazon/ssm`
    pub fn state(&self) -> PathBuf {
        self.root.join("var/lib/amazon/ssm")
    }

    /// `/var/lib/amazon/ssm/registration`
    pub fn registration(&self) -> PathBuf {
        self.state().join("registration")
    }

    /// `/var/lib/amazon/ssm/runtimeconfig/identity_config.json`
    pub fn identity(&self) -> PathBuf {
        self.state().join("runtimeconfig/identity_config.json")
    }

    /// `/var/log/amazon/ssm`
    pub fn logs(&self) -> PathBuf {
        self.root.join("var/log/amazon/ssm")
    }

    /// `/etc/amazon/ssm/amazon-ssm-agent.json`
    pub fn config(&self) -> PathBuf {
        self.root.join("etc/amazon/ssm/amazon-ssm-agent.json")
    }

    /// `/etc/machine-id`
    pub fn machine_id(&self) -> PathBuf {
        self.root.join("etc/machine-id")
    }
}
