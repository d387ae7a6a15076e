//! The door to a machine with Windows: what no other system has.
//!
//! Looking takes `&self`, touching `&mut self`, as everywhere. The programs that Landfall runs are a closed set.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::host::{DockerDaemon, Machine, Output};
use crate::secret::Secret;

/// A machine with Windows.
pub trait Windows: Machine {
    // Looking.

    /// The values under a key of the local machine; `None` where there is no such key.
    fn values(&self, key: &str) -> Result<Option<BTreeMap<String, Value>>>;
    /// A service; `None` where there is none of this name.
    fn service(&self, name: &str) -> Result<Option<Service>>;
    /// How it stands with a feature of Windows.
    fn feature(&self, name: &str) -> Result<Feature>;
    /// The Docker daemon that answers on its pipe, if one does.
    fn docker(&self) -> Option<DockerDaemon>;
    /// The domain that it is joined to, by its short or its long name; `None` in a workgroup.
    fn domain(&self) -> Result<Option<String>>;
    /// Whether somebody takes a connection there, within a few seconds.
    fn connects(&self, host: &str, port: u16) -> bool;
    /// Which of these organisations signed a program, by a certificate that this machine trusts for that; an error
    /// where none of them did.
    fn signer(&self, program: &Path, publishers: &[&str]) -> Result<String>;

    // Touching.

    /// Closes a folder that is there to everybody but the system and administrators, with all that comes into it.
    fn close(&mut self, folder: &Path) -> Result<()>;
    /// Sets a value under a key that is there, or removes it; that reaches the disk.
    fn set_value(&mut self, key: &str, name: &str, value: Option<&Value>) -> Result<()>;
    /// Makes a service.
    fn create_service(&mut self, name: &str, definition: &Definition) -> Result<()>;
    /// Deletes a service that was stopped; fine where there is none.
    fn delete_service(&mut self, name: &str) -> Result<()>;
    /// Says when a service starts by itself.
    fn set_start(&mut self, name: &str, start: Start) -> Result<()>;
    /// Says what Windows does when a service fails.
    fn set_recovery(&mut self, name: &str, recovery: &Recovery) -> Result<()>;
    /// Starts a service, and waits until it runs.
    fn start_service(&mut self, name: &str) -> Result<()>;
    /// Stops a service and what needs it, and waits until it rests.
    fn stop_service(&mut self, name: &str) -> Result<()>;
    /// Takes files out of an archive, each to a new file, synced.
    fn unzip(&mut self, archive: &Path, members: &[(String, PathBuf)]) -> Result<()>;
    /// Runs a program to its end.
    fn run(&mut self, program: &Program) -> Result<Output>;
}

/// A value of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// A text.
    Text(String),
    /// A text with variables in it.
    Expandable(String),
    /// Several texts.
    Texts(Vec<String>),
    /// A number.
    Number(u32),
}

impl Value {
    /// The text, where it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Expandable(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Expandable(text) => f.write_str(text),
            Self::Texts(texts) => f.write_str(&texts.join(" ")),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// How it stands with a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// It is there.
    Enabled,
    /// It comes with the next restart.
    EnablePending,
    /// It is not there.
    Disabled,
    /// It goes with the next restart.
    DisablePending,
    /// This Windows knows no such feature.
    Unknown,
}

/// A service as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// When it starts by itself.
    pub start: Start,
    /// Whether it runs, or is on its way there.
    pub running: bool,
    /// What Windows does when it fails; nothing where the service manager has no answer: wine's knows of no recovery.
    pub recovery: Option<Recovery>,
    /// Its command line.
    pub command: String,
}

/// When a service starts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// At every boot.
    Automatic,
    /// Never: somebody has to start it.
    Manual,
    /// Never, and nobody can.
    Disabled,
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Automatic => "at boot",
            Self::Manual => "on demand",
            Self::Disabled => "never",
        })
    }
}

/// What Windows does when a service fails. Landfall only has it start again; the rest is what others may have chosen,
/// and undo puts back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Recovery {
    /// After the first, the second and each further failure; nothing where Windows does nothing.
    pub actions: Vec<Action>,
    /// When failures are forgotten, in seconds; never where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset_seconds: Option<u32>,
    /// Whether an end with an error counts as a failure, too.
    pub on_error: bool,
    /// The command of those actions that run one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What is told to everybody before those that restart Windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// One thing that Windows does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Action {
    /// What.
    pub does: Does,
    /// How many milliseconds after the failure.
    pub after: u32,
}

/// What Windows can do when a service fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Does {
    /// Nothing.
    Nothing,
    /// Starts it again.
    Restart,
    /// Restarts Windows.
    Reboot,
    /// Runs a command.
    Command,
}

impl Recovery {
    /// The service is started again so many milliseconds after each failure.
    #[must_use]
    pub fn restarts(after: &[u32], reset_seconds: u32) -> Self {
        let again = |after: &u32| Action { does: Does::Restart, after: *after };
        Self {
            actions: after.iter().map(again).collect(),
            reset_seconds: Some(reset_seconds),
            on_error: true,
            ..Self::default()
        }
    }
}

/// What a service is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Definition {
    /// The name for people.
    pub display: String,
    /// What it is for.
    pub description: String,
    /// Its program.
    pub program: PathBuf,
    /// What the program is told.
    pub arguments: Vec<String>,
    /// Services that must run before it.
    pub after: Vec<String>,
}

/// The programs that change a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// DISM: brings a feature; the code 3010 asks for a restart.
    EnableFeature(String),
    /// DISM: takes a feature away.
    DisableFeature(String),
    /// The SSM agent's installer, without an activation.
    InstallSsmAgent {
        /// The installer.
        setup: PathBuf,
    },
    /// The same installer takes the agent away.
    UninstallSsmAgent {
        /// The installer.
        setup: PathBuf,
    },
    /// The SSM agent's own registration: the one step with an effect far away.
    RegisterAgent {
        /// The activation's id.
        id: String,
        /// The activation's code.
        code: Secret,
        /// The region.
        region: String,
        /// Whether a blank or broken registration is in the way (`-y`).
        replace: bool,
    },
    /// AWS's script that gathers what ECS Exec needs.
    GatherExecArtifacts,
    /// `Initialize-ECSAgent` of AWS's module for PowerShell, which fetches the ECS agent and makes its service.
    InitializeEcsAgent(Initialize),
    /// `Remove-ECSAgentInstallation` of the same module.
    RemoveEcsAgent,
    /// Makes Windows forget which machine it is, and switches it off.
    Sysprep {
        /// What its next start does unattended.
        unattend: PathBuf,
    },
}

/// What `Initialize-ECSAgent` is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Initialize {
    /// The region, of the agent's download and of its work.
    pub region: String,
    /// The cluster.
    pub cluster: String,
    /// The agent's version.
    pub version: String,
    /// The ECS endpoint, unless the region's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}
