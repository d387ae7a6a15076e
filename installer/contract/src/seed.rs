//! What a seed may say: where to register, with which activation, and how the instance is called there.
//!
//! Never keys, certificates, endpoints, other addresses or commands: a field that is not here is an error, so a
//! seed that asks for more is refused whole.

use serde::{Deserialize, Serialize};

/// The file's name on a medium; its signature stands beside it as `landfall.toml.minisig`.
pub const FILE: &str = "landfall.toml";
/// What a signature's name has more than that of what it signs.
pub const SIGNATURE: &str = ".minisig";
/// The name of a seed in every source that has names for texts.
pub const NAME: &str = "landfall.seed";
/// Where it is in an image; its signature stands beside it.
pub const IN_IMAGE: &str = "/etc/landfall/seed.toml";
/// The labels that a disk with a seed may have.
pub const LABELS: [&str; 3] = ["CIDATA", "config-2", "LANDFALL"];
/// No seed is larger, and nothing larger is read, in bytes.
pub const MOST: usize = 1 << 20;

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
