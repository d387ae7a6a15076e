//! Users of an image.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{SshKey, UserName};

/// A user. It has no password: people come in by key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct User {
    /// The name.
    pub name: UserName,
    /// Public keys that open it. They are in every clone: the seal leaves these, and no others.
    #[serde(default)]
    pub ssh_keys: Vec<SshKey>,
    /// Whether it may become root without a password.
    #[serde(default)]
    pub sudo: bool,
    /// Groups besides its own; `docker` is as good as root.
    #[serde(default)]
    pub groups: Vec<UserName>,
}
