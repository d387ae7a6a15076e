//! What os-release says, as far as a release is known by it.

use serde::{Deserialize, Serialize};

/// What os-release says; empty texts where it says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OsRelease {
    /// `ID`
    pub id: String,
    /// `VERSION_ID`
    pub version_id: String,
    /// `NAME`
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// `PRETTY_NAME`, for people.
    pub pretty_name: String,
    /// `VERSION_CODENAME`
    pub codename: String,
    /// `UBUNTU_CODENAME`, or `DEBIAN_CODENAME`: the codename of the release that a derivative is made from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parent_codename: String,
    /// `ID_LIKE`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id_like: Vec<String>,
    /// `PLATFORM_ID`
    #[serde(skip_serializing_if = "String::is_empty")]
    pub platform_id: String,
    /// `VARIANT_ID`
    #[serde(skip_serializing_if = "String::is_empty")]
    pub variant_id: String,
}
