//! One release of a distribution: all that is known of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Identity, Packages};

/// One release of a distribution.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Distro {
    /// The file's name without its ending, such as `debian-12`.
    pub release: String,
    /// The name for people.
    pub name: String,
    /// The distribution, or those that are alike, for people: what the support table puts together.
    pub family: String,
    /// Whether Landfall stands behind this release.
    pub support: Support,
    /// Why it is turned away, where it is.
    pub refused: Option<String>,
    /// The day the vendor's (or the long-term team's) support ends, `YYYY-MM-DD`; nothing where it rolls on.
    pub end_of_life: Option<String>,
    /// What to do about that end: where its packages are kept then, or what to move to.
    pub after_end: Option<String>,
    /// How os-release names it.
    pub identity: Identity,
    /// Kernel machine name (`uname -m`) to the package manager's name for the same.
    #[serde(default)]
    pub architectures: BTreeMap<String, String>,
    /// systemd's version.
    pub systemd: Option<u16>,
    /// The control groups it boots with.
    pub cgroups: Option<Cgroups>,
    /// The security module it comes with.
    pub security: Option<LinuxSecurity>,
    /// What its `iptables` speaks to: `legacy` or `nft`.
    pub iptables: Option<String>,
    /// What to install, and with what; nothing of a release that is turned away.
    #[serde(default)]
    pub packages: Packages,
    /// What is known of it where it is a Windows; Landfall's program for Windows plans for it then.
    pub windows: Option<Windows>,
    /// What is known of GPUs.
    pub gpu: Option<Gpu>,
    /// Whether its repositories are there for registered systems alone.
    #[serde(default)]
    pub subscription: bool,
    /// What else is known and was met, each with its reason.
    #[serde(default)]
    pub quirks: Vec<Quirk>,
    /// The vendor's images, by kernel machine name.
    #[serde(default)]
    pub images: BTreeMap<String, Image>,
}

/// What is known of a release of Windows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Windows {
    /// Whether AWS's documentation names it for ECS Anywhere.
    pub documented: bool,
}

/// What is known of GPUs on a release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Gpu {
    /// Why they cannot be used, where somebody who must know says so.
    pub refused: Option<String>,
}

/// How far Landfall stands behind a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Support {
    /// Supported.
    Supported,
    /// Past its end of life; works, at the user's own risk.
    Eol,
    /// A derivative of a release that is here: like it, and never tried. Of no file; see [`crate::Found::Like`].
    Untested,
    /// Known, and turned away with a reason.
    Refused,
}

/// Control groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Cgroups {
    /// Version 1.
    #[serde(rename = "v1")]
    V1,
    /// Version 2 alone.
    #[serde(rename = "v2")]
    V2,
}

/// The security module that a release comes with, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinuxSecurity {
    /// SELinux, enforcing.
    SelinuxEnforcing,
    /// SELinux, permissive.
    SelinuxPermissive,
    /// AppArmor.
    Apparmor,
    /// Neither.
    None,
}

/// Something that was met on a release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Quirk {
    /// What it is.
    pub what: String,
    /// Why it matters, and where that was learnt.
    pub because: String,
}

/// A vendor's cloud image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Image {
    /// Its address; nothing where a licence is in the way.
    pub url: Option<String>,
    /// The address of the vendor's list of digests.
    pub digests: Option<String>,
    /// Its digest, where it was seen: `sha256:...` or `sha512:...`.
    pub digest: Option<String>,
    /// The root's file system.
    pub file_system: String,
    /// How it boots: `bios`, `uefi`.
    pub firmware: Vec<String>,
    /// The user that the first boot makes.
    pub user: String,
    /// What configures it at the first boot, such as `cloud-init`.
    pub first_boot: String,
}
