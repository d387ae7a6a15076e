//! A machine that runs: start it, wait for it, pull its plug. Dropping it pulls the plug.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::qmp::Qmp;
use super::{Accelerator, Bus, CARD, Disk, Spec, arguments, console};
use crate::error::{Error, Result, While};
use crate::recipe::Architecture;

/// For writing all memory of a machine to a disk that is busy.
const TO_SAVE: Duration = Duration::from_secs(300);

/// A running machine.
pub struct Running {
    qemu: Child,
    qmp: Qmp,
    folder: PathBuf,
    attached: usize,
}

/// Starts a machine by `command`, which is the emulator or what runs it somewhere else, such as in a network
/// namespace; returns once QEMU answers, which says nothing of the guest.
///
/// # Errors
/// When QEMU does not start: with what it said.
pub fn start(spec: &Spec, mut command: Command, folder: &Path) -> Result<Running> {
    let said = folder.join("qemu.log");
    let log = std::fs::File::create(&said).while_doing(|| format!("making {}", said.display()))?;
    for old in std::iter::once(arguments::CONTROL.to_owned())
        .chain(spec.ports.iter().map(|name| format!("{name}.sock")))
    {
        let _ = std::fs::remove_file(folder.join(old));
    }
    command.args(arguments::of(spec, Accelerator::of(spec.architecture), folder)).stderr(log);
    if !spec.interactive {
        // A process group of its own: an interrupt at the terminal is for us, and the kernel ends QEMU with us.
        command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
    }
    let mut qemu = command.spawn().map_err(|e| not_started(spec.architecture, &e))?;
    match Qmp::connect_while(&folder.join(arguments::CONTROL), || matches!(qemu.try_wait(), Ok(None))) {
        Ok(qmp) => {
            let mut running = Running { qemu, qmp, folder: folder.to_owned(), attached: 0 };
            // There is no argument for it; the firmware has not looked at the card yet.
            if spec.network.as_ref().is_some_and(|it| it.unplugged) {
                running.plug_network(false)?;
            }
            Ok(running)
        }
        Err(error) => {
            let _ = qemu.kill();
            let _ = qemu.wait();
            let words = std::fs::read_to_string(&said).unwrap_or_default();
            match words.lines().next() {
                Some(line) => Err(Error::failed(format!("QEMU did not start: {line}"))),
                None => Err(error),
            }
        }
    }
}

/// The error of an emulator that is not there.
pub(crate) fn not_started(architecture: Architecture, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            let (program, package) = (arguments::program(architecture), arguments::package(architecture));
            Error::refused(format!("the program {program} is not on this machine"))
                .hint(format!("install it: apt-get install {package}"))
        }
        _ => Error::failed(format!("QEMU cannot be started: {error}")),
    }
}

impl Running {
    /// QEMU's control.
    pub fn qmp(&mut self) -> &mut Qmp {
        &mut self.qmp
    }

    /// The process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.qemu.id()
    }

    /// The console since the machine was first started.
    #[must_use]
    pub fn console(&self) -> String {
        console::of(&self.folder)
    }

    /// Whether it has powered itself off.
    ///
    /// # Errors
    /// When its process cannot be asked.
    pub fn is_off(&mut self) -> Result<bool> {
        Ok(self.qemu.try_wait().while_doing(|| "asking whether the machine still runs".into())?.is_some())
    }

    /// Waits until it has; what `watch` says meanwhile ends the wait.
    ///
    /// # Errors
    /// When it does not in this time, or the watch says so: with the end of the console.
    pub fn wait_until_off(
        &mut self,
        patience: Duration,
        watch: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let deadline = Instant::now() + patience;
        while !self.is_off()? {
            watch()?;
            if Instant::now() > deadline {
                return Err(Error::failed(format!(
                    "the machine was still on after {} s",
                    patience.as_secs()
                ))
                .while_doing(format!("the console's last lines:\n{}", console::tail(&self.console(), 12))));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Presses its power button.
    ///
    /// # Errors
    /// When QEMU does not answer.
    pub fn press_power_button(&mut self) -> Result<()> {
        self.qmp.ask("system_powerdown", json!({})).map(drop)
    }

    /// Plugs in a disk, in one of the slots that are free when a machine starts.
    ///
    /// # Errors
    /// When all are taken, or QEMU refuses it.
    pub fn attach(&mut self, disk: &Disk) -> Result<()> {
        let slot = arguments::FREE_SLOTS.get(self.attached).ok_or_else(|| {
            Error::refused(format!("a machine is given at most {} disks later", arguments::FREE_SLOTS.len()))
        })?;
        self.attached += 1;
        let id = format!("attached{}", self.attached);
        self.qmp.ask(
            "blockdev-add",
            json!({
                "driver": disk.format.word(), "node-name": id, "read-only": disk.read_only,
                "file": {"driver": "file", "filename": disk.file, "read-only": disk.read_only},
            }),
        )?;
        let (driver, bus) = match disk.bus {
            Bus::Virtio => ("virtio-blk-pci", (*slot).to_owned()),
            Bus::Usb => {
                let hub = format!("{id}-hub");
                self.qmp.ask("device_add", json!({"driver": "qemu-xhci", "id": hub, "bus": slot}))?;
                ("usb-storage", format!("{hub}.0"))
            }
            Bus::Ahci | Bus::Cdrom | Bus::Nvme | Bus::VirtioScsi | Bus::Pvscsi => {
                return Err(Error::refused("a running machine is given disks of virtio and USB alone"));
            }
        };
        let device =
            json!({"driver": driver, "drive": id, "serial": id, "id": format!("{id}-disk"), "bus": bus});
        self.qmp.ask("device_add", device).map(drop)
    }

    /// Pulls or plugs in the network cable.
    ///
    /// # Errors
    /// When QEMU does not answer, or there is no card.
    pub fn plug_network(&mut self, plugged: bool) -> Result<()> {
        self.qmp.ask("set_link", json!({"name": CARD, "up": plugged})).map(drop)
    }

    /// Keeps this moment: memory and devices in the first disk, and the content in each. What can be written has to be
    /// qcow2, UEFI's variables too. The machine goes on.
    ///
    /// # Errors
    /// When QEMU cannot.
    pub fn save(&mut self, moment: &str) -> Result<()> {
        let command = json!({"command-line": format!("savevm {moment}")});
        let said = self.qmp.ask_patiently("human-monitor-command", command, TO_SAVE)?;
        match said.as_str().unwrap_or_default().trim() {
            "" => Ok(()),
            words => Err(Error::failed(format!("QEMU did not save the machine: {words}"))),
        }
    }

    /// Pulls the plug. What the guest had not written to its disk is lost.
    pub fn cut_power(&mut self) {
        // QEMU is in a process group of its own, and so is what started it for us: each by its id.
        let _ = self.qmp.ask("quit", json!({}));
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.qemu.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.qemu.try_wait(), Ok(None)) {
            self.cut_power();
        }
    }
}
