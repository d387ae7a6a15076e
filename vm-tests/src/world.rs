//! One closed network for one scenario: a gateway with AWS and packages behind it, and guests.
//!
//! Made in about a second when the caches are warm. Dropping it ends everything in it and removes
//! every trace, whatever state the scenario left it in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use aws_simulator::Admin;

use crate::error::{Error, Result, While};
use crate::forward_proxy::ForwardProxy;
use crate::guest::Guest;
use crate::guest::cgroup::Cgroup;
use crate::guest::container::Container;
use crate::guest::leftovers;
use crate::guest::machine::{Setup, VirtualMachine};
use crate::guest::neighbour::Neighbour;
use crate::guest::network::Network;
use crate::host_command;
use crate::introduction;
use crate::ipv6_door::Ipv6Door;
use crate::packages::Packages;
use crate::programs;
use crate::proofs;
use crate::simulator::{AUTHORITY, DOCKER_HOST, DOCKER_MIRROR_HOST, MIRROR_HOST, PACKAGES_HOST, Simulator};
use crate::system::{StandIn, System};
use crate::time_service::TimeService;
use crate::wine::Wine;

/// The Debian release that guests run unless a scenario asks for another.
pub const SUITE: &str = "bookworm";

/// Where guests find the program under test.
const LANDFALL: &str = "/usr/local/bin/landfall";

/// Where guests find the public key that signed the stand-in packages.
pub const TRUST_KEY: &str = "/root/trust-key.asc";

/// Where guests find that key's fingerprint, as an operator has it from whoever signs.
pub const TRUST_FINGERPRINT: &str = "/root/trust-key.fingerprint";

/// A network with an AWS in it.
pub struct World {
    // Fields are dropped in this order: guests end before the simulator that they talk to.
    simulator: Option<Simulator>,
    network: Arc<Network>,
    folder: tempfile::TempDir,
    system: System,
    guests: usize,
    ground: Ground,
}

/// The name of a world; what carries it is cleared away when this is dropped, after all else.
struct Ground(String);

impl World {
    /// A network without an AWS or packages in it, for trying the guests themselves.
    pub fn empty() -> Result<Self> {
        let ground = Ground(leftovers::new_name()?);
        let network = Arc::new(Network::new(&ground.0)?);
        let folder = tempfile::tempdir()?;
        Ok(Self {
            simulator: None,
            network,
            folder,
            system: System::Debian(SUITE.to_owned()),
            guests: 0,
            ground,
        })
    }

    /// A network with a running simulator that serves the stand-in agents and a package repository.
    pub fn new() -> Result<Self> {
        Self::of(SUITE)
    }

    /// The same, for guests of the Debian release `suite`.
    pub fn of(suite: &str) -> Result<Self> {
        Self::with(&Packages::stand_ins(suite)?)
    }

    /// A network with a simulator whose S3 has what a scenario puts into [`World::objects`], and no packages.
    pub fn of_windows() -> Result<Self> {
        let mut world = Self::empty()?;
        let objects = world.objects();
        fs::create_dir(&objects)?;
        let state = world.folder.path().join("simulator");
        world.simulator = Some(Simulator::start(&world.ground.0, &world.network, &state, &objects, &[])?);
        Ok(world)
    }

    /// A network with a simulator, the repository of what `stand_in` poses as, and Docker's server for it.
    pub fn of_stand_in(stand_in: StandIn) -> Result<Self> {
        Self::with_docker_server_of(&Packages::of(&System::StandIn(stand_in))?)
    }

    /// The same with these packages.
    pub fn with(packages: &Packages) -> Result<Self> {
        Self::serving(packages, None)
    }

    /// The same with Docker's server in it.
    pub fn with_docker_server() -> Result<Self> {
        Self::with_docker_server_of(&Packages::stand_ins(SUITE)?)
    }

    /// These packages and Docker's server.
    pub fn with_docker_server_of(packages: &Packages) -> Result<Self> {
        Self::serving(packages, Some(&packages.docker_server()?))
    }

    fn serving(packages: &Packages, docker: Option<&Path>) -> Result<Self> {
        proofs::begin()?;
        let mut world = Self { system: packages.system.clone(), ..Self::empty()? };
        // A copy of links, so that a scenario can tamper with a package without harm to others.
        let copy = |from: &Path, to: &Path| {
            host_command::run("cp", [Path::new("--archive"), Path::new("--reflink=auto"), from, to])
        };
        let (objects, docker_server) = (world.objects(), world.docker_server());
        let repository = world.repository();
        copy(&packages.objects, &objects)?;
        copy(&packages.repository, &repository)?;
        let mut statics = vec![(PACKAGES_HOST, repository.as_path()), (MIRROR_HOST, objects.as_path())];
        if let Some(docker) = docker {
            copy(docker, &docker_server)?;
            statics.extend([DOCKER_HOST, DOCKER_MIRROR_HOST].map(|host| (host, docker_server.as_path())));
        }
        packages.copy_keys(world.folder.path())?;
        let state = world.folder.path().join("simulator");
        let name = &world.ground.0;
        world.simulator = Some(Simulator::start(name, &world.network, &state, &objects, &statics)?);
        Ok(world)
    }

    /// Somebody else on the link that guests are on, with every trick of that place.
    pub fn neighbour(&self) -> Result<Neighbour> {
        Neighbour::new(&self.ground.0, &self.network)
    }

    /// A new guest with `landfall` on it, and further packages of its release from the beginning; not booted yet.
    pub fn guest_with(&mut self, further: &[&str]) -> Result<Container> {
        let guest = self.guest_without_landfall(further)?;
        let landfall = programs::landfall()?;
        let place = guest.root().join(&LANDFALL[1..]);
        fs::copy(&landfall, place).doing(|| format!("copying {}", landfall.display()))?;
        Ok(guest)
    }

    /// The same without `landfall`: it knows this world's names, authority and package source.
    pub fn guest_without_landfall(&mut self, further: &[&str]) -> Result<Container> {
        self.guests += 1;
        let base = self.system.root_with(further)?;
        let guest = Container::new(&self.ground.0, self.guests, &base, self.network.clone())?;
        self.introduce(&guest)?;
        Ok(guest)
    }

    /// The objects that S3 and the mirror answer with: `<bucket>/<key>` below this folder. This world's own copy.
    pub fn objects(&self) -> PathBuf {
        self.folder.path().join("objects")
    }

    /// The repository that guests get their distribution's packages from. This world's own copy.
    pub fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// What Docker's server has, in a world that has one. This world's own copy.
    pub fn docker_server(&self) -> PathBuf {
        self.folder.path().join("docker-server")
    }

    /// What its guests run.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// The controls of the simulator.
    pub fn aws(&self) -> Result<Admin> {
        Ok(Admin::at(self.simulator()?.state()))
    }

    /// Starts a proxy at the gateway, run by `program`, which is this crate's own.
    pub fn forward_proxy(&self, program: &Path) -> Result<ForwardProxy> {
        ForwardProxy::start(&self.ground.0, &self.network, program, self.folder.path())
    }

    /// The running simulator.
    pub fn simulator(&self) -> Result<&Simulator> {
        self.simulator.as_ref().ok_or_else(|| Error::new("this world has no AWS"))
    }

    /// A new guest with nothing on it but its system, not booted yet.
    pub fn bare_guest(&mut self) -> Result<Container> {
        self.guests += 1;
        let base = self.system.root()?;
        Container::new(&self.ground.0, self.guests, &base, self.network.clone())
    }

    /// A new guest with `landfall` on it that knows this world, booted.
    pub fn guest(&mut self) -> Result<Container> {
        let mut guest = self.guest_with(&[])?;
        guest.boot()?;
        Ok(guest)
    }

    /// A new machine whose disk is an overlay on `image`, not booted yet. What it knows of this world is in the image:
    /// see [`crate::machine_images`].
    pub fn machine(&mut self, image: &Path, setup: Setup) -> Result<VirtualMachine> {
        self.guests += 1;
        VirtualMachine::new(&self.ground.0, self.guests, image, setup, self.network.clone())
    }

    /// A new machine with an empty disk of so many GiB, not booted yet.
    pub fn bare_machine(&mut self, gigabytes: u32, setup: Setup) -> Result<VirtualMachine> {
        self.guests += 1;
        VirtualMachine::bare(&self.ground.0, self.guests, gigabytes, setup, self.network.clone())
    }

    /// A new machine with a copy of the disk of `other`, which is off.
    pub fn clone_of(&mut self, other: &VirtualMachine, setup: Setup) -> Result<VirtualMachine> {
        self.guests += 1;
        VirtualMachine::clone_of(other, &self.ground.0, self.guests, setup, self.network.clone())
    }

    /// A new machine that takes itself for Windows, booted. Where this world has an AWS, it knows its names and trusts
    /// its authority.
    pub fn wine(&mut self) -> Result<Wine> {
        self.guests += 1;
        let authority = self.simulator.as_ref().map(|it| it.state().join(AUTHORITY));
        let files = authority.map(|it| introduction::of_wine(&it)).transpose()?.unwrap_or_default();
        let mut machine = Wine::new(&self.ground.0, self.guests, self.network.clone(), &files)?;
        machine.boot()?;
        Ok(machine)
    }

    /// From now on somebody at the gateway tells the time by NTP.
    pub fn time_service(&self) -> Result<TimeService> {
        TimeService::start(&self.network)
    }

    /// From now on what listens at the gateway is reached by IPv6 too.
    pub fn ipv6_door(&self) -> Result<Ipv6Door> {
        Ipv6Door::open(&self.network)
    }

    /// A command that runs `program` at the gateway's address, and ends with this world.
    pub fn at_gateway(&mut self, program: &Path) -> Result<Command> {
        self.guests += 1;
        let cgroup = Cgroup::new(&format!("{}.{}", self.ground.0, self.guests))?;
        Ok(self.network.at_gateway(cgroup.command("ip"), program))
    }

    fn introduce(&self, guest: &Container) -> Result<()> {
        let authority = self.simulator()?.state().join(AUTHORITY);
        introduction::write(&guest.root(), &self.system, &authority, self.folder.path())
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if let Err(error) = leftovers::clear_world(&self.0) {
            eprintln!("error: {} was not cleared away: {error}", self.0);
        }
    }
}
