//! What an image runs on, and the forms it comes out in: closed sets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Size;

/// What an image runs on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
pub enum Architecture {
    /// 64-bit Intel and AMD.
    #[default]
    #[serde(rename = "x86_64")]
    #[value(name = "x86_64", alias = "amd64")]
    X86_64,
    /// 64-bit ARM: planned, and refused by `bake` yet.
    #[serde(rename = "aarch64")]
    #[value(name = "aarch64", alias = "arm64")]
    Aarch64,
}

impl Architecture {
    /// The kernel's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// Debian's name for it.
    #[must_use]
    pub fn debian(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
        }
    }

    /// Whether it is the one that this runs on.
    #[must_use]
    pub fn is_here(self) -> bool {
        self.name() == std::env::consts::ARCH
    }
}

/// Which kernel a base made from packages gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Kernel {
    /// The one with all drivers: it boots on bare machines too.
    #[default]
    Generic,
    /// The small one for clouds: it lacks AHCI, USB storage and most network cards.
    Cloud,
}

impl Kernel {
    /// Its word in a recipe.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Cloud => "cloud",
        }
    }
}

/// The file system of the root, in a base made from packages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum FileSystem {
    /// Debian's own choice, and the only one that is read from outside, as `verify` and `inject` do.
    #[default]
    Ext4,
    /// XFS: it is written by a machine, which takes QEMU.
    Xfs,
    /// Btrfs, without subvolumes: it is written by a machine, which takes QEMU.
    Btrfs,
}

impl FileSystem {
    /// Its word in a recipe, which is the kernel's too.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
        }
    }
}

/// How an image boots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Firmware {
    /// By either.
    #[default]
    Both,
    /// By BIOS alone.
    Bios,
    /// By UEFI alone.
    Uefi,
}

/// A form that an image comes out in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// QEMU, KVM, Proxmox, OpenStack; compressed with zstd.
    Qcow2,
    /// The disk as it is, with holes: `dd` to a real disk, or anything that imports.
    Raw,
    /// VMware and VirtualBox, to attach as a disk.
    Vmdk,
    /// Hyper-V, generation 2.
    Vhdx,
    /// Hyper-V, generation 1, and Azure: fixed size.
    Vhd,
    /// VMware and VirtualBox, to import as a machine.
    Ova,
}

impl Format {
    /// The ending of its file.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Qcow2 => "qcow2",
            Self::Raw => "raw",
            Self::Vmdk => "vmdk",
            Self::Vhdx => "vhdx",
            Self::Vhd => "vhd",
            Self::Ova => "ova",
        }
    }
}

/// The virtual machine that an image is baked in, and that an OVA asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Machine {
    /// Memory, such as `2G`.
    pub memory: Size,
    /// Processors.
    pub cpus: u16,
    /// What an OVA attaches the disk to.
    pub disk_controller: DiskController,
    /// What an OVA plugs into the network.
    pub network_card: NetworkCard,
}

/// What an OVA attaches the disk to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DiskController {
    /// VMware's own; the only one that Red Hat's systems from 9 on still drive there.
    #[default]
    Pvscsi,
    /// The one that VirtualBox knows too.
    Lsilogic,
}

impl DiskController {
    /// Its name in a descriptor.
    #[must_use]
    pub fn ovf(self) -> &'static str {
        match self {
            Self::Pvscsi => "VirtualSCSI",
            Self::Lsilogic => "lsilogic",
        }
    }
}

/// What an OVA plugs into the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkCard {
    /// VMware's own.
    #[default]
    Vmxnet3,
    /// The one that VirtualBox knows too.
    E1000,
}

impl NetworkCard {
    /// Its name in a descriptor.
    #[must_use]
    pub fn ovf(self) -> &'static str {
        match self {
            Self::Vmxnet3 => "VmxNet3",
            Self::E1000 => "E1000",
        }
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            memory: Size::of_mebibytes(2048),
            cpus: 2,
            disk_controller: DiskController::default(),
            network_card: NetworkCard::default(),
        }
    }
}
