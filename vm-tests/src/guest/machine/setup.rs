//! What a machine is made of besides its disk, in a test's words.

use std::fs;
use std::path::{Path, PathBuf};

use image_recipes::machine::{Bus, Card, Disk, Firmware, Format, Identity, Kernel, Network, Spec, Tftp};
use image_recipes::recipe::Architecture;
use landfall_contract::seed;

use crate::error::{Result, While};

/// What starts a machine's boot loader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boots {
    /// BIOS.
    ByBios,
    /// UEFI.
    ByUefi,
    /// UEFI that starts only what Microsoft's keys have signed.
    BySecureBoot,
}

/// The network cable at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cable {
    /// It is plugged in.
    In,
    /// There is a card, and no cable in it.
    Out,
}

/// What the network that the cable leads to has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Addresses of IPv4 alone.
    Ipv4,
    /// Addresses of IPv6 alone.
    Ipv6,
}

/// A read-only disk with a seed, or with what pretends to be one.
#[derive(Debug, Clone)]
pub struct Medium {
    /// All bytes of it.
    pub content: Vec<u8>,
    /// What it hangs on.
    pub bus: Bus,
}

impl Medium {
    /// A FAT disk called `label` with these files.
    pub fn with(label: &str, bus: Bus, files: &[(&str, &[u8])]) -> Result<Self> {
        let content = image_recipes::seed::fat::disk(label, files).doing(|| format!("making {label}"))?;
        Ok(Self { content, bus })
    }

    /// One with this seed of Landfall's.
    pub fn with_seed(seed: &str, bus: Bus) -> Result<Self> {
        Self::with("LANDFALL", bus, &[(seed::FILE, seed.as_bytes())])
    }
}

/// What a machine is booted from in place of its own disk.
#[derive(Debug, Clone)]
pub struct BootMedium {
    /// Its bytes.
    pub file: PathBuf,
    /// What it hangs on.
    pub bus: Bus,
}

/// A folder that a machine is booted from over the network, after its own disk.
#[derive(Debug, Clone)]
pub struct NetworkBoot {
    /// What TFTP gives out.
    pub folder: PathBuf,
    /// The file in it that iPXE begins with.
    pub file: String,
}

/// A machine's hardware.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Whose instructions it runs.
    pub architecture: Architecture,
    /// What it boots from before its own disk.
    pub boot_medium: Option<BootMedium>,
    /// What it boots from where its own disk boots nothing.
    pub network_boot: Option<NetworkBoot>,
    /// Disks of its own besides its first, as raw files.
    pub further_disks: Vec<PathBuf>,
    /// Its firmware.
    pub boots: Boots,
    /// The kernel that is started in place of a boot loader, where one is.
    pub kernel: Option<Kernel>,
    /// Memory, in MiB.
    pub memory: u32,
    /// Processors.
    pub processors: u32,
    /// Whether its processor is a plain one where it is emulated, which every release runs on that a machine here is made of.
    pub has_plain_processor: bool,
    /// What its own disk hangs on.
    pub bus: Bus,
    /// The size of that disk, as qemu-img takes it; its image's without this.
    pub size: Option<&'static str>,
    /// Its network card.
    pub card: Card,
    /// The id that its hypervisor gave it; one of its own without this.
    pub uuid: Option<String>,
    /// The hardware address of its network card; one of its own without this.
    pub mac: Option<String>,
    /// Disks besides its own.
    pub media: Vec<Medium>,
    /// SMBIOS strings of type 11.
    pub oem_strings: Vec<String>,
    /// Files that QEMU shows to what runs in the machine: names, and all of each.
    pub fw_cfg: Vec<(String, String)>,
    /// The network cable.
    pub cable: Cable,
    /// The moment in its image, and in what is beside that, at which it goes on instead of booting: see
    /// [`VirtualMachine::save`].
    ///
    /// [`VirtualMachine::save`]: super::VirtualMachine::save
    pub resumes: Option<String>,
    /// Whether it is on the network of the machine that tests, where it finds AWS all the same.
    pub outward: bool,
    /// Whether its console is the terminal that this runs in.
    pub interactive: bool,
    /// The network behind it.
    pub family: Family,
    /// What its clock shows when it is switched on, as `2015-01-01T00:00:00`; the time without this.
    pub clock: Option<String>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            architecture: Architecture::X86_64,
            boot_medium: None,
            network_boot: None,
            further_disks: Vec::new(),
            boots: Boots::ByBios,
            kernel: None,
            memory: 1024,
            processors: 2,
            has_plain_processor: true,
            bus: Bus::Virtio,
            size: None,
            card: Card::Virtio,
            uuid: None,
            mac: None,
            media: Vec::new(),
            oem_strings: Vec::new(),
            fw_cfg: Vec::new(),
            cable: Cable::In,
            resumes: None,
            outward: false,
            interactive: false,
            family: Family::Ipv4,
            clock: None,
        }
    }
}

impl Setup {
    /// A machine of arm64, which has no BIOS.
    #[must_use]
    pub fn of_arm64() -> Self {
        Self { architecture: Architecture::Aarch64, boots: Boots::ByUefi, ..Self::default() }
    }

    /// With this disk besides its own.
    #[must_use]
    pub fn with(mut self, medium: Medium) -> Self {
        self.media.push(medium);
        self
    }

    /// With this id from its hypervisor.
    #[must_use]
    pub fn called(mut self, uuid: &str) -> Self {
        self.uuid = Some(uuid.to_owned());
        self
    }

    /// All of it for machine `number` of a world, with the files of its media in its folder.
    pub(super) fn spec(&self, name: &str, number: usize, folder: &Path, disk: &Path) -> Result<Spec> {
        let firmware = match self.boots {
            Boots::ByBios => Firmware::Bios,
            Boots::ByUefi => {
                Firmware::uefi(self.architecture, folder).doing(|| "looking for UEFI's firmware")?
            }
            Boots::BySecureBoot => {
                Firmware::secure_boot(folder).doing(|| "looking for a firmware with Secure Boot")?
            }
        };
        let own = Disk { file: disk.into(), format: Format::Qcow2, bus: self.bus, read_only: false };
        let mut disks = vec![own];
        let further = |file: &PathBuf| Disk {
            file: file.clone(),
            format: Format::Raw,
            bus: Bus::Virtio,
            read_only: false,
        };
        disks.extend(self.further_disks.iter().map(further));
        for (index, medium) in self.media.iter().enumerate() {
            let file = folder.join(format!("medium{index}.img"));
            fs::write(&file, &medium.content)?;
            disks.push(Disk { file, format: Format::Raw, bus: medium.bus, read_only: true });
        }
        let mut boot_from = None;
        if let Some(BootMedium { file, bus }) = self.boot_medium.clone() {
            boot_from = Some(disks.len());
            disks.push(Disk { file, format: Format::Raw, bus, read_only: true });
        }
        let mut fw_cfg = Vec::new();
        for (index, (name, content)) in self.fw_cfg.iter().enumerate() {
            let file = folder.join(format!("fw_cfg{index}"));
            fs::write(&file, content)?;
            fw_cfg.push((name.clone(), file));
        }
        // Addresses and ids stay the same at each boot: they are part of what a machine is known by.
        let mac = self.mac.clone().unwrap_or_else(|| format!("02:00:0a:4d:01:{number:02x}"));
        let uuid = self.uuid.clone().unwrap_or_else(|| format!("6c616e64-6661-4c6c-8a77-{number:012x}"));
        let tftp = self.network_boot.clone().map(|it| Tftp { folder: it.folder, file: it.file });
        let network = Network {
            card: self.card,
            mac: Some(mac),
            unplugged: self.cable == Cable::Out,
            ipv6: self.family == Family::Ipv6,
            tftp,
            ..Network::default()
        };
        Ok(Spec {
            architecture: self.architecture,
            firmware,
            kernel: self.kernel.clone(),
            memory: self.memory,
            processors: self.processors,
            has_plain_processor: self.has_plain_processor,
            disks,
            boot_from: boot_from.unwrap_or(0),
            network: Some(network),
            identity: Identity { uuid: Some(uuid), oem_strings: self.oem_strings.clone() },
            clock: self.clock.clone(),
            fw_cfg,
            ports: (0..guest_agent::PORTS).map(guest_agent::port).collect(),
            resumes: self.resumes.clone(),
            interactive: self.interactive,
            ..Spec::new(name)
        })
    }
}
