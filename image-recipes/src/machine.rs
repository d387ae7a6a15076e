//! A machine that QEMU emulates: what it is made of, and a running one.
//!
//! A [`Spec`] says what the machine is, [`arguments`] says it in QEMU's words (pure, so that tests read them), and
//! [`Running`] holds the process, its control socket ([`qmp`]) and its console. Everything of a run lies in one
//! folder, which belongs to whoever starts the machine. No TCP port is ever opened for controlling it.

use std::path::PathBuf;

use crate::recipe::Architecture;

pub mod accelerator;
pub mod arguments;
pub mod console;
pub mod firmware;
pub mod memory;
pub mod qmp;
mod running;

pub use accelerator::Accelerator;
pub use firmware::Firmware;
pub(crate) use running::not_started;
pub use running::{Running, start};

/// What a machine is made of.
#[derive(Debug, Clone)]
pub struct Spec {
    /// How QEMU and its processes are called, for whoever looks at a list of them.
    pub name: String,
    /// Whose instructions it runs.
    pub architecture: Architecture,
    /// What starts its boot loader.
    pub firmware: Firmware,
    /// What is started in place of a boot loader, where anything is.
    pub kernel: Option<Kernel>,
    /// Memory, in MiB.
    pub memory: u32,
    /// Processors.
    pub processors: u32,
    /// Whether an emulated PC's processor is a plain one: x86-64-v2, and what makes TLS quick.
    pub has_plain_processor: bool,
    /// Its disks.
    pub disks: Vec<Disk>,
    /// Which of them it boots from.
    pub boot_from: usize,
    /// Its network card; a machine may have none.
    pub network: Option<Network>,
    /// What SMBIOS says of it.
    pub identity: Identity,
    /// What the clock of its hardware shows when it starts, as `2015-01-01T00:00:00`; the time without this.
    pub clock: Option<String>,
    /// Files behind QEMU's fw_cfg, by name.
    pub fw_cfg: Vec<(String, PathBuf)>,
    /// Names of virtio serial ports, each a socket `NAME.sock` in the machine's folder.
    pub ports: Vec<String>,
    /// The moment, kept in its disks by [`Running::save`], at which it goes on instead of booting.
    pub resumes: Option<String>,
    /// Whether a second serial port is kept in `report`.
    pub report: bool,
    /// Whether the console is the terminal that this runs in, for a person.
    pub interactive: bool,
}

impl Spec {
    /// A machine of x86_64 with BIOS, a GiB and two processors, and with nothing else: no disk, no network, and a console
    /// in its folder.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            architecture: Architecture::X86_64,
            firmware: Firmware::Bios,
            kernel: None,
            memory: 1024,
            processors: 2,
            has_plain_processor: false,
            disks: Vec::new(),
            boot_from: 0,
            network: None,
            identity: Identity::default(),
            clock: None,
            fw_cfg: Vec::new(),
            ports: Vec::new(),
            resumes: None,
            report: false,
            interactive: false,
        }
    }
}

/// A kernel that is started by itself, as no hardware does it: no boot loader is tried, and seconds are saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// Its file.
    pub file: PathBuf,
    /// The file system that it begins with; a kernel that has the root's drivers built in needs none.
    pub initrd: Option<PathBuf>,
    /// What it is told.
    pub command_line: String,
}

/// A disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// The file.
    pub file: PathBuf,
    /// Its format.
    pub format: Format,
    /// What it hangs on.
    pub bus: Bus,
    /// Whether the machine may write to it.
    pub read_only: bool,
}

/// How the bytes of a disk lie in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One after the other.
    Raw,
    /// QEMU's own.
    Qcow2,
    /// VMware's.
    Vmdk,
}

impl Format {
    /// QEMU's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Qcow2 => "qcow2",
            Self::Vmdk => "vmdk",
        }
    }
}

/// What a disk hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bus {
    /// Para-virtualised.
    Virtio,
    /// A solid-state disk on PCI Express.
    Nvme,
    /// SATA.
    Ahci,
    /// A USB stick.
    Usb,
    /// SCSI, para-virtualised.
    VirtioScsi,
    /// SCSI, para-virtualised by VMware.
    Pvscsi,
    /// A CD-ROM drive.
    Cdrom,
}

/// A network card, behind QEMU's own address translation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// What it is.
    pub card: Card,
    /// Its hardware address; QEMU's own, the same for every machine, without one.
    pub mac: Option<String>,
    /// Whether it reaches nothing at all.
    pub restricted: bool,
    /// Whether it has IPv6, and no IPv4; otherwise it is the other way round.
    pub ipv6: bool,
    /// Whether the cable is out when the machine starts.
    pub unplugged: bool,
    /// What it boots from over the network, where its disk boots nothing.
    pub tftp: Option<Tftp>,
    /// A port of the guest that is opened on this machine's loopback, at a free port.
    pub forward: Option<u16>,
    /// The machine's network, such as `10.77.0.0/24`; QEMU's own without one.
    pub subnet: Option<String>,
    /// Addresses of that network, with their ports, and the command line that QEMU starts for each connection to them:
    /// its standard streams are the connection.
    pub answered: Vec<(String, String)>,
}

/// A kind of network card.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Card {
    /// Para-virtualised.
    #[default]
    Virtio,
    /// Intel's 82574.
    E1000e,
    /// Para-virtualised by VMware.
    Vmxnet3,
}

/// A folder that QEMU's own TFTP server gives out, by the card's iPXE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tftp {
    /// The folder.
    pub folder: PathBuf,
    /// The file in it that is asked for first.
    pub file: String,
}

/// What SMBIOS says of a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The machine's own id.
    pub uuid: Option<String>,
    /// Strings of type 11.
    pub oem_strings: Vec<String>,
}

/// The name of the network card, as [`qmp`] knows it.
pub const CARD: &str = "card";

#[cfg(test)]
mod tests;
