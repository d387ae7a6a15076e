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

impl Source {
    /// All of them, in the order they are asked.
    pub const ALL: [Self; 11] = [
        Self::Credential,
        Self::Smbios,
        Self::FwCfg,
        Self::Disk,
        Self::RemovableDisk,
        Self::CloudInit,
        Self::Guestinfo,
        Self::Openstack,
        Self::File,
        Self::KernelCommandLine,
        Self::Prompt,
    ];

    /// The name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Smbios => "smbios",
            Self::FwCfg => "fw-cfg",
            Self::Disk => "disk",
            Self::RemovableDisk => "removable-disk",
            Self::CloudInit => "cloud-init",
            Self::Guestinfo => "guestinfo",
            Self::Openstack => "openstack",
            Self::File => "file",
            Self::KernelCommandLine => "kernel-command-line",
            Self::Prompt => "prompt",
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_one_name_and_one_place_in_the_order() {
        let named: Vec<Source> = Source::ALL
            .iter()
            .map(|it| toml::from_str::<Policy>(&format!("sources = [\"{}\"]", it.name())).unwrap().sources[0])
            .collect();
        assert_eq!(named, Source::ALL);
        let mut sorted = named.clone();
        sorted.sort();
        assert_eq!(sorted, named);
    }

    #[test]
    fn what_anybody_near_the_machine_can_give_counts_only_where_it_is_named() {
        let policy = Policy::default();
        for source in [Source::RemovableDisk, Source::Openstack, Source::KernelCommandLine] {
            assert!(!policy.sources.contains(&source), "{source:?}");
        }
    }
}
