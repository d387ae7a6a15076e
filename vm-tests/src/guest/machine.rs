//! A guest as an emulated machine: a disk image in QEMU, with a kernel, a boot loader, firmware and hardware of its
//! own.
//!
//! It is real where a container is not: what happens at a first boot, at a boot loader, at a power cut and when a
//! disk is plugged in. It takes half a minute to boot without hardware's help. It reaches what the gateway of its
//! world reaches, behind QEMU's own address translation, so two machines of a world do not see each other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use image_recipes::base::Store;
use image_recipes::machine::console;
use image_recipes::machine::firmware::VARIABLES;
use image_recipes::machine::memory::{self, Turn};
use image_recipes::machine::{self, Disk, Format, Running};
use image_recipes::recipe::Architecture;

use super::Guest;
use super::cgroup::Cgroup;
use super::leftovers;
use super::network::Network;
use super::tree::Tree;
use crate::error::{Error, Result, While};
use crate::host_command;
use crate::programs;

mod setup;
mod waiting;

pub use setup::{BootMedium, Boots, Cable, Family, Medium, NetworkBoot, Setup};
pub use waiting::TO_STOP;
use waiting::{TO_AGENT, TO_END};

/// Lines of the console that are printed for whoever reads a failed test.
const TAIL: usize = 40;

/// An emulated machine. Dropping it pulls its plug, and looks through its console; its world removes its disk.
pub struct VirtualMachine {
    number: usize,
    name: String,
    network: Arc<Network>,
    folder: PathBuf,
    cgroup: Cgroup,
    setup: Setup,
    media: usize,
    running: Option<(Running, Turn)>,
    printed_before: usize,
    is_shown: bool,
}

impl VirtualMachine {
    /// Guest number `number` of a world, whose disk is an overlay on `image`; not booted yet.
    pub fn new(
        world: &str,
        number: usize,
        image: &Path,
        setup: Setup,
        network: Arc<Network>,
    ) -> Result<Self> {
        let machine = Self::without_disk(world, number, setup, network)?;
        match machine.setup.resumes {
            None => overlay(image, &machine.disk(), machine.setup.size)?,
            // A moment is kept in the disk itself, which an overlay does not look through, and in what is beside it.
            Some(_) => {
                copy(image, &machine.disk())?;
                let variables = image.with_file_name(VARIABLES);
                if variables.exists() {
                    copy(&variables, &machine.folder.join(VARIABLES))?;
                }
            }
        }
        Ok(machine)
    }

    /// The same with an empty disk of so many GiB.
    pub fn bare(
        world: &str,
        number: usize,
        gigabytes: u32,
        setup: Setup,
        network: Arc<Network>,
    ) -> Result<Self> {
        let machine = Self::without_disk(world, number, setup, network)?;
        let disk = machine.disk().display().to_string();
        host_command::run("qemu-img", ["create", "-q", "-f", "qcow2", &disk, &format!("{gigabytes}G")])?;
        Ok(machine)
    }

    /// The same with a copy of the disk of `other`, which has to be off: what a hypervisor calls a clone.
    pub fn clone_of(
        other: &Self,
        world: &str,
        number: usize,
        setup: Setup,
        network: Arc<Network>,
    ) -> Result<Self> {
        if other.running.is_some() {
            return Err(Error::new("a machine that runs cannot be cloned"));
        }
        let machine = Self::without_disk(world, number, setup, network)?;
        let (from, to) = (other.disk(), machine.disk());
        fs::copy(&from, &to).doing(|| format!("copying {}", from.display()))?;
        Ok(machine)
    }

    fn without_disk(world: &str, number: usize, setup: Setup, network: Arc<Network>) -> Result<Self> {
        let name = format!("{world}.{number}");
        let folder = leftovers::guests_folder()?.join(&name);
        fs::create_dir(&folder)?;
        let cgroup = Cgroup::new(&name)?;
        let (media, running, printed_before) = (0, None, 0);
        Ok(Self {
            number,
            name,
            network,
            folder,
            cgroup,
            setup,
            media,
            running,
            printed_before,
            is_shown: false,
        })
    }

    /// The machine's disk, as qcow2.
    pub fn disk(&self) -> PathBuf {
        self.folder.join("disk.qcow2")
    }

    /// What its processor is.
    pub fn architecture(&self) -> Architecture {
        self.setup.architecture
    }

    /// Says nothing of its own from now on: it is part of a show.
    pub fn keep_quiet(&mut self) {
        self.is_shown = true;
    }

    /// What a person types here to run a command line in the machine while it runs.
    pub fn command_line(&self, script: &str) -> Result<String> {
        let program = programs::guest_agent()?.join("in-guest");
        Ok(format!("{} {} {}", program.display(), self.folder.display(), super::quoted(script)))
    }

    /// Switches it on; nothing is waited for.
    pub fn power_on(&mut self) -> Result<()> {
        if self.running.is_some() {
            return Err(Error::new("the machine is running already"));
        }
        let turn = Store::of_user()
            .and_then(|store| memory::turn(&store.beside("memory")?, self.setup.memory))
            .doing(|| "waiting for memory")?;
        self.printed_before = console::of(&self.folder).len();
        let mut spec = self.setup.spec(&self.name, self.number, &self.folder, &self.disk())?;
        let emulator = machine::arguments::program(self.setup.architecture);
        let command = match self.setup.outward {
            false => self.network.at_gateway(self.cgroup.command("ip"), Path::new(emulator)),
            true => {
                spec.network.iter_mut().try_for_each(|it| self.network.lead_to_gateway(it))?;
                self.cgroup.command(emulator)
            }
        };
        let running =
            machine::start(&spec, command, &self.folder).doing(|| format!("starting {}", self.name))?;
        self.running = Some((running, turn));
        Ok(())
    }

    /// Keeps this moment in the disk and in UEFI's variables; a machine that is made of copies of them goes on there.
    pub fn save(&mut self, moment: &str) -> Result<()> {
        self.on()?.save(moment).doing(|| "saving the machine")
    }

    /// Gives away the disk of a machine that is off, and what else moments of it are kept in, beside `disk`.
    pub fn hand_over(&self, disk: &Path) -> Result<()> {
        let variables = self.folder.join(VARIABLES);
        if variables.exists() {
            fs::rename(variables, disk.with_file_name(VARIABLES)).doing(|| "keeping UEFI's variables")?;
        }
        fs::rename(self.disk(), disk).doing(|| "keeping the machine's disk")
    }

    /// Switches on a machine that resumes, and sets its clock, which stood still meanwhile.
    pub fn resume(&mut self) -> Result<()> {
        self.power_on()?;
        self.setup.resumes = None;
        self.wait_for_agent()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).doing(|| "reading the clock")?.as_secs();
        self.must(&format!("date -s @{now}")).map(drop)
    }

    /// Boots anew from inside, without a power cut.
    pub fn reboot(&mut self) -> Result<()> {
        let before = self.must(BOOT)?;
        self.must("systemctl --no-block reboot")?;
        self.wait_for(TO_STOP + TO_AGENT, "it has booted anew", |machine| {
            Ok(machine.run(BOOT)?.stdout.trim() != before.trim())
        })?;
        self.settle()
    }

    /// Plugs a medium into the running machine.
    pub fn attach(&mut self, medium: &Medium) -> Result<()> {
        self.media += 1;
        let file = self.folder.join(format!("attached{}.img", self.media));
        fs::write(&file, &medium.content)?;
        let disk = Disk { file, format: Format::Raw, bus: medium.bus, read_only: true };
        self.on()?.attach(&disk).doing(|| "plugging in a medium")
    }

    /// Plugs in the network cable of the running machine, or pulls it.
    pub fn plug_network(&mut self, plugged: bool) -> Result<()> {
        self.setup.cable = if plugged { Cable::In } else { Cable::Out };
        self.on()?.plug_network(plugged).doing(|| "plugging the network cable")
    }

    /// Another medium to boot from, at the next boot.
    pub fn boot_from(&mut self, medium: Option<BootMedium>) {
        self.setup.boot_medium = medium;
    }

    /// Takes away what the machine was given as seeds, for its next boot.
    pub fn take_media(&mut self) {
        self.setup.media.clear();
        self.setup.oem_strings.clear();
        self.setup.fw_cfg.clear();
    }

    fn on(&mut self) -> Result<&mut Running> {
        self.running.as_mut().map(|(running, _)| running).ok_or_else(|| Error::new("the machine is off"))
    }
}

/// What differs at each boot.
const BOOT: &str = "cat /proc/sys/kernel/random/boot_id";

fn copy(from: &Path, to: &Path) -> Result<()> {
    host_command::run("cp", [Path::new("--reflink=auto"), from, to]).map(drop)
}

/// An image's format is in its name's ending.
fn overlay(image: &Path, disk: &Path, size: Option<&str>) -> Result<()> {
    let image = fs::canonicalize(image).doing(|| format!("looking for {}", image.display()))?;
    let format = image.extension().and_then(|ending| ending.to_str()).unwrap_or("raw");
    let backing = ["create", "-q", "-f", "qcow2", "-F", format, "-b"].map(Path::new);
    let size = size.map(Path::new);
    host_command::run("qemu-img", backing.into_iter().chain([&*image, disk]).chain(size)).map(drop)
}

impl Guest for VirtualMachine {
    fn boot(&mut self) -> Result<()> {
        self.power_on()?;
        self.wait_for_agent()?;
        self.settle()
    }

    fn stop(&mut self) -> Result<()> {
        self.on()?.press_power_button().doing(|| "pressing the power button")?;
        let patience = self.accelerator().patience(TO_STOP);
        if let Err(error) = self.on()?.wait_until_off(patience, &mut || Ok(())) {
            println!("{}: {error}", self.name);
        }
        self.power_cut()
    }

    fn power_cut(&mut self) -> Result<()> {
        if let Some((mut running, _turn)) = self.running.take() {
            running.cut_power();
        }
        Ok(())
    }

    fn shell(&self, script: &str) -> Result<Command> {
        let mut command = Command::new(programs::guest_agent()?.join("in-guest"));
        let limit = self.accelerator().patience(TO_END);
        command.arg(&self.folder).arg(script).arg(limit.as_secs().to_string());
        Ok(command)
    }

    fn tree(&self) -> Result<Tree> {
        Tree::of_listing(&self.must(super::tree::LISTING)?)
    }

    fn console(&self) -> Result<String> {
        Ok(console::of(&self.folder).split_off(self.printed_before))
    }
}

impl Drop for VirtualMachine {
    fn drop(&mut self) {
        self.running = None;
        let printed = console::of(&self.folder);
        if !self.is_shown {
            println!("{}: the end of its console:\n{}", self.name, console::tail(&printed, TAIL));
        }
        let trouble = console::trouble(&printed);
        // A scenario that went well is none, where its machine panicked on the way.
        assert!(trouble.is_empty() || std::thread::panicking(), "{}: {trouble:#?}", self.name);
    }
}
