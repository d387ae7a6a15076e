//! A machine in QEMU's words. Pure: a test reads what a person would.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use super::{Accelerator, Bus, CARD, Card, Disk, Firmware, Kernel, Network, Spec};
use crate::recipe::Architecture;

/// The emulator.
#[must_use]
pub fn program(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "qemu-system-x86_64",
        Architecture::Aarch64 => "qemu-system-aarch64",
    }
}

/// The Debian package that brings it.
#[must_use]
pub fn package(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "qemu-system-x86",
        Architecture::Aarch64 => "qemu-system-arm",
    }
}

/// The control socket's name in the machine's folder.
pub const CONTROL: &str = "qmp.sock";

/// The slots that a running machine has free.
pub(super) const FREE_SLOTS: [&str; 2] = ["free0", "free1"];

/// The emulator, to be ended with us whatever ends us: nobody else would.
#[must_use]
pub fn command(architecture: Architecture) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", program(architecture)]);
    command
}

/// All arguments, for a machine with this folder.
#[must_use]
pub fn of(spec: &Spec, accelerator: Accelerator, folder: &Path) -> Vec<OsString> {
    let mut words: Vec<OsString> = ["-nodefaults", "-no-user-config", "-display", "none", "-machine"]
        .into_iter()
        .chain([board(spec)])
        .chain(accelerator.arguments(spec.architecture, spec.has_plain_processor))
        .map(Into::into)
        .collect();
    words.extend(processor_and_memory(spec, accelerator));
    words.extend(spec.kernel.iter().flat_map(kernel));
    words.extend(control(folder));
    words.extend(consoles(spec, folder));
    words.extend(free_slots());
    words.extend(spec.disks.iter().enumerate().flat_map(|(index, it)| disk(index, it, place(index, spec))));
    // After the disks: the first drive that can keep a moment gets its memory.
    words.extend(firmware(&spec.firmware));
    words.extend(spec.network.iter().flat_map(network));
    words.extend(smbios(spec));
    words.extend(fw_cfg(spec));
    words.extend(ports(spec, folder));
    words.extend(spec.resumes.iter().flat_map(|moment| ["-loadvm", moment]).map(Into::into));
    words
}

fn processor_and_memory(spec: &Spec, accelerator: Accelerator) -> Vec<OsString> {
    let (name, memory) =
        (format!("{},process={}", escaped(&spec.name), escaped(&spec.name)), format!("{}M", spec.memory));
    // A source of randomness: without one a first boot waits for its keys.
    let device = "virtio-rng-pci";
    let processors = processors(spec, accelerator).to_string();
    let clock = format!("base={}", spec.clock.as_deref().unwrap_or("utc"));
    let words = ["-name", &name, "-m", &memory, "-smp", &processors, "-device", device, "-rtc", &clock];
    words.map(Into::into).to_vec()
}

/// A firmware with Secure Boot has all processors meet whenever it looks at a variable: emulated ones wait minutes for
/// each other on a busy machine, before anything starts.
fn processors(spec: &Spec, accelerator: Accelerator) -> u32 {
    match (&spec.firmware, accelerator) {
        (Firmware::SecureBoot { .. }, Accelerator::Tcg) => 1,
        _ => spec.processors,
    }
}

/// None has a slot or a port more than is asked for; arm64's is what a machine without a history looks like. Secure Boot's
/// variables are kept from all but the firmware by a mode of the processor's.
fn board(spec: &Spec) -> &'static str {
    match (spec.architecture, &spec.firmware) {
        (Architecture::X86_64, Firmware::SecureBoot { .. }) => "q35,smm=on",
        (Architecture::X86_64, _) => "q35",
        (Architecture::Aarch64, _) => "virt",
    }
}

fn firmware(firmware: &Firmware) -> Vec<OsString> {
    let (Firmware::Uefi { code, variables } | Firmware::SecureBoot { code, variables }) = firmware else {
        return Vec::new();
    };
    let flash = |what: &str, file: &Path| {
        ["-drive".to_owned(), format!("if=pflash,{what},file={}", escaped_path(file))]
    };
    let mut words = flash("format=raw,unit=0,readonly=on", code).to_vec();
    words.extend(flash("format=qcow2,unit=1", variables));
    if matches!(firmware, Firmware::SecureBoot { .. }) {
        // The second is OVMF's wish: sleeping would lose what that mode knows.
        for property in
            ["driver=cfi.pflash01,property=secure,value=on", "driver=ICH9-LPC,property=disable_s3,value=1"]
        {
            words.extend(["-global".to_owned(), property.to_owned()]);
        }
    }
    words.into_iter().map(Into::into).collect()
}

fn kernel(kernel: &Kernel) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["-kernel".into(), kernel.file.clone().into()];
    words.extend(kernel.initrd.iter().flat_map(|file| ["-initrd".into(), file.clone().into_os_string()]));
    words.extend(["-append".into(), kernel.command_line.clone().into()]);
    words
}

fn control(folder: &Path) -> Vec<OsString> {
    let socket = escaped_path(&folder.join(CONTROL));
    let chardev = format!("socket,id=control,path={socket},server=on,wait=off");
    ["-chardev", &chardev, "-mon", "chardev=control,mode=control"].map(Into::into).to_vec()
}

/// The first serial port is the console and is always kept; the second is for reports.
fn consoles(spec: &Spec, folder: &Path) -> Vec<OsString> {
    let log = escaped_path(&folder.join(super::console::LOG));
    let chardev = match spec.interactive {
        true => format!("stdio,id=console,mux=on,signal=off,logfile={log},logappend=on"),
        false => format!("null,id=console,logfile={log},logappend=on"),
    };
    let mut words = vec!["-chardev".to_owned(), chardev, "-serial".to_owned(), "chardev:console".to_owned()];
    if spec.report {
        let file = escaped_path(&folder.join("report"));
        let chardev = format!("file,id=report,path={file}");
        words.extend(["-chardev".to_owned(), chardev, "-serial".to_owned(), "chardev:report".to_owned()]);
    }
    words.into_iter().map(Into::into).collect()
}

/// Where a running machine can be given something: q35's own bus takes nothing after the start.
fn free_slots() -> Vec<OsString> {
    let slots = FREE_SLOTS.iter().enumerate();
    let port = |(index, id)| ["-device".to_owned(), format!("pcie-root-port,id={id},chassis={}", index + 1)];
    slots.flat_map(port).map(Into::into).collect()
}

/// A disk's place in the order that the firmware boots in. Behind a medium comes the first disk, as in any machine: UEFI
/// shows a boot loader nothing else. A kernel that is given takes the first place itself, and there are no two of them.
fn place(index: usize, spec: &Spec) -> Option<usize> {
    match index {
        _ if spec.kernel.is_some() => None,
        _ if index == spec.boot_from => Some(0),
        0 => Some(1),
        _ => None,
    }
}

fn disk(index: usize, disk: &Disk, place: Option<usize>) -> Vec<OsString> {
    let id = format!("disk{index}");
    // What a test or a bake writes need not survive this machine's own power cut.
    let mut drive = format!(
        "if=none,id={id},file={},format={},cache=unsafe,discard=unmap",
        escaped_path(&disk.file),
        disk.format.word()
    );
    if disk.read_only {
        drive.push_str(",readonly=on");
    }
    let boot = place.map(|place| format!(",bootindex={place}")).unwrap_or_default();
    let device = match disk.bus {
        Bus::Virtio => format!("virtio-blk-pci,drive={id},serial={id}{boot}"),
        Bus::Nvme => format!("nvme,drive={id},serial={id}{boot}"),
        Bus::Ahci => format!("ide-hd,drive={id},bus=ide.{index},serial={id}{boot}"),
        Bus::Cdrom => format!("ide-cd,drive={id},bus=ide.{index}{boot}"),
        Bus::Usb => format!("usb-storage,drive={id},removable=on,serial={id}{boot}"),
        Bus::VirtioScsi | Bus::Pvscsi => format!("scsi-hd,drive={id},bus=adapter{index}.0,serial={id}{boot}"),
    };
    let mut words = vec!["-drive".to_owned(), drive];
    if let Some(adapter) = adapter(disk.bus) {
        words.extend(["-device".to_owned(), format!("{adapter},id=adapter{index}")]);
    }
    words.extend(["-device".to_owned(), device]);
    words.into_iter().map(Into::into).collect()
}

/// What a disk brings besides itself, to hang on.
fn adapter(bus: Bus) -> Option<&'static str> {
    match bus {
        Bus::Usb => Some("qemu-xhci"),
        Bus::VirtioScsi => Some("virtio-scsi-pci"),
        Bus::Pvscsi => Some("pvscsi"),
        Bus::Virtio | Bus::Ahci | Bus::Nvme | Bus::Cdrom => None,
    }
}

fn network(network: &Network) -> Vec<OsString> {
    let without = if network.ipv6 { "ipv4" } else { "ipv6" };
    let mut user = format!("user,id=network,{without}=off");
    if network.restricted {
        user.push_str(",restrict=on");
    }
    // QEMU takes a free port by itself, so two machines never want the same one.
    if let Some(port) = network.forward {
        user.push_str(&format!(",hostfwd=tcp:127.0.0.1:0-:{port}"));
    }
    user.extend(network.subnet.iter().map(|subnet| format!(",net={subnet}")));
    for (address, command) in &network.answered {
        user.push_str(&format!(",guestfwd=tcp:{address}-cmd:{}", escaped(command)));
    }
    if let Some(tftp) = &network.tftp {
        user.push_str(&format!(",tftp={},bootfile={}", escaped_path(&tftp.folder), escaped(&tftp.file)));
    }
    // Without a file of its own the card has no iPXE, which would only take time.
    let boot = if network.tftp.is_some() { ",bootindex=2" } else { ",romfile=" };
    let mac = network.mac.iter().map(|mac| format!(",mac={mac}")).collect::<String>();
    let card = match network.card {
        Card::Virtio => "virtio-net-pci",
        Card::E1000e => "e1000e",
        Card::Vmxnet3 => "vmxnet3",
    };
    let card = format!("{card},netdev=network,id={CARD}{boot}{mac}");
    ["-netdev", &user, "-device", &card].map(Into::into).to_vec()
}

fn smbios(spec: &Spec) -> Vec<OsString> {
    let uuid = spec.identity.uuid.iter().map(|uuid| format!("type=1,uuid={uuid}"));
    let strings = spec.identity.oem_strings.iter().map(|text| format!("type=11,value={}", escaped(text)));
    uuid.chain(strings).flat_map(|it| ["-smbios".to_owned(), it]).map(Into::into).collect()
}

fn fw_cfg(spec: &Spec) -> Vec<OsString> {
    let files = spec.fw_cfg.iter().map(|(name, file)| format!("name={name},file={}", escaped_path(file)));
    files.flat_map(|it| ["-fw_cfg".to_owned(), it]).map(Into::into).collect()
}

fn ports(spec: &Spec, folder: &Path) -> Vec<OsString> {
    if spec.ports.is_empty() {
        return Vec::new();
    }
    let mut words = vec!["-device".to_owned(), "virtio-serial-pci,max_ports=16".to_owned()];
    for (index, name) in spec.ports.iter().enumerate() {
        let socket = escaped_path(&folder.join(format!("{name}.sock")));
        words.extend([
            "-chardev".to_owned(),
            format!("socket,id=port{index},path={socket},server=on,wait=off"),
            "-device".to_owned(),
            format!("virtserialport,chardev=port{index},name={name}"),
        ]);
    }
    words.into_iter().map(Into::into).collect()
}

/// A comma ends a word of QEMU's, and two of them are one.
fn escaped(text: &str) -> String {
    text.replace(',', ",,")
}

fn escaped_path(path: &Path) -> String {
    escaped(&path.display().to_string())
}
