//! What a seed may say: where to register, with which activation, and how the instance is called there.
//!
//! Never keys, certificates, endpoints, other addresses or commands: a field that is not here is an error, so a
//! seed that asks for more is refused whole.

use serde::{Deserialize, Serialize};

/// The file's name on a medium; its signature stands beside it as `landfall.toml.minisig`.
pub const FILE: &str = "landfall.toml";

/// A seed. It holds the activation code, so it has no way to print itself.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Seed {
    /// AWS region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ECS cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Id of the activation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation_id: Option<String>,
    /// Code of the activation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation_code: Option<String>,
    /// Custom attributes of the instance, `NAME=VALUE`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attribute: Vec<String>,
    /// Tags of the instance, `KEY=VALUE`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag: Vec<String>,
    /// Proxy for everything that leaves the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Hosts to reach without it, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<String>,
}
