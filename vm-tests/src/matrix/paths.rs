//! The whole paths: each from a machine without Landfall to an instance of the cluster, and asked whether it is well.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use image_recipes::machine::Bus;

use super::images::{self, GivenImage, Image};
use super::{Cell, Path, proofs};
use crate::error::{Error, Result, While};
use crate::first_boot::{TO_REGISTER, cloud_init_is_done, first_boot_is_done};
use crate::guest::Guest;
use crate::guest::machine::{Medium, Setup, VirtualMachine};
use crate::host_command;
use crate::journey;
use crate::programs;
use crate::world::World;

pub mod up;

mod start;

pub use start::world_of_stand_in;

/// Longer than anybody looks at a machine.
const A_DAY: Duration = Duration::from_secs(86_400);

/// One try of a path: the world, what its machine is made of, and the machine once there is one. It stays when the
/// path has failed, for whoever wants to look at it.
pub struct Trial {
    /// The world.
    pub world: World,
    /// The image, which knows the world.
    pub image: PathBuf,
    /// The hardware.
    pub setup: Setup,
    /// Landfall for its architecture.
    pub landfall: PathBuf,
    /// The command line of `landfall up`.
    pub up: String,
    /// Prints the packages that there are.
    pub packages_are_listed_by: &'static str,
    /// Whether Docker is on the image.
    pub has_docker: bool,
    /// Whether the image can boot by itself.
    pub has_boot_loader: bool,
    /// The machine.
    pub machine: Option<VirtualMachine>,
}

impl Trial {
    /// Looks at the image: its console in this terminal, until it is off.
    pub fn look(&mut self) -> Result<()> {
        let setup = Setup { interactive: true, ..self.setup.clone() };
        let image = self.image.clone();
        let machine = self.machine.insert(self.world.machine(&image, setup)?);
        machine.power_on()?;
        machine.wait_until_off(A_DAY)
    }

    /// The world of a cell, and its image in it.
    pub fn of(cell: &Cell, image: &Image, outward: bool) -> Result<Self> {
        start::of(cell, image, outward, false)
    }

    /// The same for somebody who looks at a boot of it.
    pub fn to_look_at(cell: &Cell, image: &Image, outward: bool) -> Result<Self> {
        start::of(cell, image, outward, true)
    }

    /// All of a cell, and that it ran is recorded; the time that its path took.
    pub fn run(cell: &Cell, given: &[GivenImage], outward: bool) -> Result<Duration> {
        let image = images::of(cell, given);
        let mut trial = Self::of(cell, &image, outward)?;
        let started = Instant::now();
        trial.go(cell.path)?;
        let took = started.elapsed();
        trial.end()?;
        proofs::record(cell, &image, took)?;
        Ok(took)
    }

    /// Goes this path.
    pub fn go(&mut self, path: Path) -> Result<()> {
        match path {
            Path::Up => self.up(),
            Path::OneLiner => self.one_liner(),
            Path::SeedDisk => self.seed_disk(),
            Path::Golden => self.golden(),
        }
    }

    /// Ends the machine at once: `up` has had one switch itself off on its way.
    pub fn end(&mut self) -> Result<()> {
        self.machine.as_mut().map_or(Ok(()), Guest::power_cut)
    }

    fn power_on(&mut self, setup: Setup) -> Result<()> {
        let image = self.image.clone();
        let resumes = setup.resumes.is_some();
        let machine = self.machine.insert(self.world.machine(&image, setup)?);
        if resumes {
            return machine.resume();
        }
        machine.power_on()?;
        machine.wait_for_agent()
    }

    fn machine(&mut self) -> Result<&mut VirtualMachine> {
        self.machine.as_mut().ok_or_else(no_machine)
    }

    /// The one use of the one activation was this machine's.
    fn is_the_only_instance(&mut self) -> Result<()> {
        journey::container_instance(self.machine()?)?;
        self.machine()?.must("landfall status")?;
        match counted(&self.world)? {
            (1, 1) => Ok(()),
            (instances, uses) => {
                Err(Error::new(format!("{instances} instances, {uses} uses of activations")))
            }
        }
    }

    fn one_liner(&mut self) -> Result<()> {
        let activation = self.world.aws()?.activation(1, 86_400).doing(|| "asking for an activation")?;
        let activation = serde_json::to_string(&activation).doing(|| "writing the activation")?;
        let script = format!(
            "#!/bin/sh\nset -e\numask 077\nmkdir -p /run/medium\nmount -o ro LABEL=CIDATA /run/medium\n\
             install -m 0755 /run/medium/landfall /usr/local/bin/landfall\numount /run/medium\n\
             cat >/root/activation.json <<'END'\n{activation}\nEND\n{}\nrm /root/activation.json\n",
            self.up
        );
        let landfall = std::fs::read(&self.landfall)?;
        let files: [(&str, &[u8]); 3] = [
            ("meta-data", b"instance-id: one-liner\n"),
            ("user-data", script.as_bytes()),
            ("landfall", &landfall),
        ];
        self.power_on(self.setup.clone().with(Medium::with("CIDATA", Bus::Virtio, &files)?))?;
        cloud_init_is_done(self.machine()?)?;
        self.machine()?.must("[ ! -e /root/activation.json ]")?;
        self.is_the_only_instance()
    }

    fn seed_disk(&mut self) -> Result<()> {
        let activation = self.world.aws()?.activation(1, 86_400).doing(|| "asking for an activation")?;
        let folder = tempfile::tempdir()?;
        let inventory = folder.path().join("hosts.csv");
        let row = format!("host-1,{},{}", activation.activation_id, activation.activation_code);
        std::fs::write(&inventory, format!("hostname,activation-id,activation-code\n{row}\n"))?;
        std::fs::set_permissions(&inventory, Permissions::from_mode(0o600))?;
        let seeds = folder.path().join("seeds");
        let mut make = Command::new(programs::landfall_image()?);
        make.args(["seed", "--region", "us-east-1", "--cluster", "test-cluster", "--inventory"])
            .arg(&inventory);
        make.arg("--binary").arg(&self.landfall).arg("--output").arg(&seeds);
        host_command::finish(&mut make)?;
        let mut setup = self.setup.clone();
        for name in ["host-1.img", "landfall_binary.img"] {
            let content = std::fs::read(seeds.join(name)).doing(|| format!("reading the seed {name}"))?;
            setup = setup.with(Medium { content, bus: Bus::Virtio });
        }
        self.power_on(setup)?;
        cloud_init_is_done(self.machine()?)?;
        self.machine()?.must("[ $(hostname) = host-1 ]")?;
        self.is_the_only_instance()
    }

    fn golden(&mut self) -> Result<()> {
        let medium = Medium::with_seed(&journey::seed(&self.world, 1)?, Bus::Virtio)?;
        self.power_on(self.setup.clone().with(medium))?;
        first_boot_is_done(self.machine()?)?;
        // Its image has no host keys, and no cloud-init makes any. An emulated processor takes its time to make them.
        self.machine()?.wait_for(TO_REGISTER, "the SSH server runs", |it| {
            Ok(it.run("systemctl is-active ssh.service")?.status == 0)
        })?;
        self.is_the_only_instance()
    }
}

fn no_machine() -> Error {
    Error::new("there is no machine yet")
}

/// How many managed instances AWS has, and how often activations were used.
pub fn counted(world: &World) -> Result<(usize, u32)> {
    let aws = world.aws()?;
    let instances = aws.managed_instances().doing(|| "asking for instances")?.len();
    let activations = aws.activations().doing(|| "asking for activations")?;
    Ok((instances, activations.iter().map(|it| it.registrations_count).sum()))
}
