//! What a first boot may do, fixed when the image is baked: `/etc/landfall/policy.toml`.
//!
//! A seed comes from whoever can reach the machine, the policy from whoever made the image. So the policy says
//! which sources count, and what a seed has to agree with; no seed can change it.

use serde::{Deserialize, Serialize};

/// Where it is in an image.
pub const PATH: &str = "/etc/landfall/policy.toml";

/// A place that a seed can come from, in the order they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A systemd credential named `landfall.seed`.
    Credential,
    /// A string of SMBIOS type 11, which the hypervisor sets.
    Smbios,
    /// QEMU's fw_cfg, `opt/landfall/seed`.
    FwCfg,
    /// A disk labelled CIDATA, config-2 or LANDFALL, FAT or ISO 9660, that cannot be taken out while it runs.
    Disk,
    /// The same on a medium that anybody may plug in: USB, or a drive for removable media.
    RemovableDisk,
    /// What cloud-init took from its own source.
    CloudInit,
    /// VMware's guestinfo.
    Guestinfo,
    /// OpenStack's metadata service, where DMI says that this is OpenStack.
    Openstack,
    /// `/etc/landfall/seed.toml`.
    File,
    /// The kernel command line, which everybody on the machine can read.
    KernelCommandLine,
    /// Whoever sits at the console.
    Prompt,
}

/// What the guard does about a copy of a registered machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OnCopy {
    /// Keeps both agents stopped until a person decides.
    #[default]
    Quarantine,
    /// Forgets the identity that was copied, and goes through a first boot of its own.
    NewIdentity,
}

/// The policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Policy {
    /// Sources that count. Removable media, network metadata and the kernel command line do not unless they are
    /// named here.
    pub sources: Vec<Source>,
    /// The region that a seed must name, or that is taken where it names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The cluster, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The AWS account that the activation must belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// minisign public keys, one of which must have signed a seed. None: seeds need no signature.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub seed_keys: Vec<String>,
    /// What the guard does about a copy of a registered machine.
    pub on_copy: OnCopy,
}

impl Default for Policy {
    fn default() -> Self {
        use Source::{CloudInit, Credential, Disk, File, FwCfg, Guestinfo, Prompt, Smbios};
        Self {
            sources: vec![Credential, Smbios, FwCfg, Disk, CloudInit, Guestinfo, File, Prompt],
            region: None,
            cluster: None,
            account: None,
            seed_keys: Vec::new(),
            on_copy: OnCopy::default(),
        }
    }
}
