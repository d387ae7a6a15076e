//! A recipe: what an image is made of and how it comes out, as people write it in TOML.
//!
//! The types are the format: their comments are its reference, and an unknown key is an error with its line. A
//! recipe holds no activation and no other secret, because whatever it holds is in every clone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use landfall_contract::policy::Policy;

mod base;
mod files;
mod landfall;
mod machine;
mod origin;
pub mod reading;
mod reference;
#[cfg(test)]
mod tests;
mod users;
mod words;

pub use base::{Base, From, Source};
pub use files::{ImageFile, Owner};
pub use landfall::{Allowance, DockerSource, IpFamily, Landfall, SelinuxMode};
pub use machine::{Architecture, DiskController, FileSystem, Firmware, Format, Kernel, Machine, NetworkCard};
pub use origin::Origin;
pub use reading::nearest;
pub use reference::{reference, schema};
pub use users::User;
pub use words::{AbsolutePath, Digest, Hostname, Mode, PackageName, Size, SshKey, TimeZone, UserName};

/// A recipe for a golden image.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Recipe {
    /// What the image starts from: a release's name (`base = "debian-12"`: its vendor's image), or a table.
    pub base: Base,
    /// How big the disk is, such as `8G`. The root file system grows into it at the first boot.
    #[serde(default)]
    pub size: Size,
    /// What the image runs on.
    #[serde(default)]
    pub architecture: Architecture,
    /// Which kernel a base made from packages gets.
    #[serde(default)]
    pub kernel: Kernel,
    /// The root's file system in a base made from packages.
    #[serde(default)]
    pub filesystem: FileSystem,
    /// How the image boots.
    #[serde(default)]
    pub firmware: Firmware,
    /// The name of every clone until something names it. Better left out: cloud-init or the seed names clones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<Hostname>,
    /// Time zone, a name of the tz database.
    #[serde(default)]
    pub time_zone: TimeZone,
    /// Packages to install besides those that Landfall brings, as the release's package manager names them.
    #[serde(default)]
    pub packages: Vec<PackageName>,
    /// Users to make, for people who look after the machines.
    #[serde(default)]
    pub users: Vec<User>,
    /// Files to put into the image.
    #[serde(default)]
    pub files: Vec<ImageFile>,
    /// Docker's own options: what is written to `/etc/docker/daemon.json`.
    #[serde(default)]
    pub docker: Map<String, Value>,
    /// What `landfall install` is told, and every clone after it: what is written to `/etc/landfall/config.toml`.
    #[serde(default)]
    pub landfall: Landfall,
    /// What a clone's first boot may do: what is written to `/etc/landfall/policy.toml`.
    #[serde(default)]
    pub policy: Policy,
    /// The virtual machine that the image is baked in, and that an OVA asks for.
    #[serde(default)]
    pub machine: Machine,
    /// What comes out.
    #[serde(default = "qcow2")]
    pub outputs: Vec<Format>,
    /// Where this recipe was read.
    #[serde(skip)]
    pub origin: Origin,
}

fn qcow2() -> Vec<Format> {
    vec![Format::Qcow2]
}
