//! What the machine is, gathered once, from the machine alone, in a few milliseconds.
//!
//! Nothing here asks the network: what needs it is a probe of `up`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use distro_matrix::OsRelease;
use serde::{Deserialize, Serialize};

use crate::brought::brought;
use crate::error::Result;
use crate::guard::{self, Quarantine};
use crate::host::{DockerDaemon, Host, Introspection};
use crate::package_database::PackageDatabase;
use crate::registration::{self, Registration};
use crate::step::MARKER;

mod agents;
mod docker_configuration;
mod environment;
mod foreign_credentials;
mod gpu;
mod iptables;
mod of_release;
mod os_release;
mod sight;
mod system;
mod volumes;

pub use agents::{AGENT_STATE, AgentFiles};
pub use docker_configuration::{DAEMON_JSON, DockerConfiguration};
pub use environment::Environment;
pub(crate) use environment::{container, is_virtual, is_virtual_machine};
pub use gpu::Gpu;
pub use os_release::Told;
use sight::Sight;
pub use system::Security;
pub(crate) use system::device_of_root;
pub use volumes::{Held, Part, Volume};

/// What the machine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// What os-release says.
    pub os: OsRelease,
    /// Why that is not to be relied on, where the file is broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os_release_broken: Option<String>,
    /// The kernel's machine name.
    pub kernel_architecture: String,
    /// The kernel's release, as `uname -r` prints it.
    #[serde(default)]
    pub kernel_release: String,
    /// Modules that the running kernel has, of those that the release's packages are for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kernel_modules: Vec<String>,
    /// Whether iptables is the older kind, for which the running kernel has no tables.
    #[serde(default, skip_serializing_if = "is_false")]
    pub iptables_lacks_tables: bool,
    /// What the programs are for: the package manager's own architecture in its words, else that of process 1 in
    /// the kernel's. A 64-bit kernel may carry a 32-bit userland.
    pub userland_architecture: Option<String>,
    /// Whether systemd is process 1.
    pub systemd: bool,
    /// The kind of container this is, if it is one.
    pub container: Option<String>,
    /// What else it runs in or on.
    #[serde(default)]
    pub environment: Environment,
    /// 1, 2, or 0 where there are none.
    pub cgroup_version: u8,
    /// Whether memory of control groups is turned off.
    #[serde(default)]
    pub no_memory_control: bool,
    /// Security modules.
    pub security: Security,
    /// Addresses of default routes: `ipv4`, `ipv6`.
    pub default_routes: Vec<String>,
    /// The machine's id, as far as it is settled.
    pub machine_id: Option<String>,
    /// Whether that id is lost at the next boot.
    #[serde(default)]
    pub transient_machine_id: bool,
    /// The hypervisor's or the board's id of this machine.
    pub product_uuid: Option<String>,
    /// The board's or the hypervisor's vendor.
    pub vendor: Option<String>,
    /// Bytes of memory.
    pub memory: u64,
    /// The file systems that are written to.
    pub volumes: Vec<Volume>,
    /// The daemon on Docker's socket.
    pub docker: Option<DockerDaemon>,
    /// Whether an earlier run brought Docker, as the receipt has it.
    #[serde(default)]
    pub docker_brought: bool,
    /// Installed packages that concern us, each with its version.
    pub packages: BTreeMap<String, String>,
    /// Packages that an interrupted package manager left half-way.
    pub unfinished_packages: Vec<String>,
    /// The identity that is here already.
    pub registration: Option<Registration>,
    /// Whether Landfall let the agents start.
    pub marked: bool,
    /// Why they must not, where this is a copy of the machine that was registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Quarantine>,
    /// What the ECS agent says of itself.
    pub ecs_agent: Option<Introspection>,
    /// What both agents keep on the disk.
    #[serde(default)]
    pub agent_files: AgentFiles,
    /// Docker's own configuration.
    #[serde(default)]
    pub docker_configuration: DockerConfiguration,
    /// What is here for GPUs.
    #[serde(default)]
    pub gpu: Gpu,
    /// Where credentials are that neither Landfall nor the SSM agent brought.
    #[serde(default)]
    pub foreign_credentials: Vec<String>,
    /// Whether firewalld runs.
    #[serde(default)]
    pub firewalld: bool,
    /// What could not be looked at, a sentence each.
    #[serde(default)]
    pub unseen: Vec<String>,
}

impl Facts {
    /// Looks at the machine.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn gather(host: &dyn Host) -> Result<Self> {
        Self::look(host, Sight::whole())
    }

    /// Looks at as much of the machine as may be looked at.
    ///
    /// # Errors
    /// When it cannot be read for another reason than that.
    pub fn gather_what_is_visible(host: &dyn Host) -> Result<Self> {
        Self::look(host, Sight::partial())
    }

    /// The same for whoever decides by it: whether an identity is here must be seen.
    ///
    /// # Errors
    /// When it cannot be read for another reason, or the identity cannot.
    pub fn gather_what_decides(host: &dyn Host) -> Result<Self> {
        registration::read(host)?;
        Self::gather_what_is_visible(host)
    }

    fn look(host: &dyn Host, mut sight: Sight) -> Result<Self> {
        let registration = sight.of(registration::read(host))?;
        let Told { os, immutable, broken } = Told::here(host);
        let distro = distro_matrix::find(&os).release();
        let format = distro.map(|distro| distro.packages.agents).unwrap_or_default();
        let database = PackageDatabase::read(host, format)?;
        let docker_configuration = DockerConfiguration::read(host, &mut sight)?;
        let kernel_release = system::line(host, "/proc/sys/kernel/osrelease")?.unwrap_or_default();
        let mut unfinished_packages = database.unfinished();
        if database.interrupted && unfinished_packages.is_empty() {
            unfinished_packages.push("the package manager's own journal".into());
        }
        Ok(Self {
            os,
            os_release_broken: broken,
            kernel_architecture: host.machine(),
            kernel_modules: system::kernel_modules(host, &kernel_release, distro)?,
            iptables_lacks_tables: iptables::lacks_its_tables(host, &kernel_release)?,
            kernel_release,
            userland_architecture: match database.architecture() {
                Some(its) => Some(its.to_owned()),
                None => sight.of(system::first_program(host))?,
            },
            systemd: host.stat(Path::new("/run/systemd/system"))?.is_some(),
            container: container(host)?,
            environment: Environment::look(host, immutable)?,
            cgroup_version: system::cgroup_version(host)?,
            no_memory_control: system::no_memory_control(host)?,
            security: Security::read(host)?,
            default_routes: system::default_routes(host)?,
            machine_id: system::line(host, "/etc/machine-id")?.filter(|id| id != "uninitialized"),
            transient_machine_id: system::is_in_memory(host, "/etc/machine-id")?,
            product_uuid: system::line(host, "/sys/class/dmi/id/product_uuid")?,
            vendor: system::line(host, "/sys/class/dmi/id/sys_vendor")?,
            memory: host.memory(),
            volumes: volumes::look(host, docker_configuration.data_root.as_deref())?,
            docker: host.docker(),
            docker_brought: sight.of(docker_brought(host))?,
            packages: relevant(&database),
            unfinished_packages,
            marked: sight.of(host.stat(Path::new(MARKER)))?.is_some(),
            ecs_agent: host.introspection(),
            agent_files: AgentFiles::read(host, registration.is_some(), &mut sight)?,
            quarantine: sight.of(guard::standing(host))?,
            registration,
            docker_configuration,
            gpu: Gpu::look(host, &mut sight)?,
            foreign_credentials: foreign_credentials::places(host, &mut sight)?,
            firewalld: system::firewalld(host),
            unseen: sight.unseen(),
        })
    }

    /// Whether the ECS agent has registered this machine as a container instance.
    #[must_use]
    pub fn is_container_instance(&self) -> bool {
        let arn = self.ecs_agent.as_ref().and_then(|agent| agent.container_instance_arn.as_ref());
        self.agent_files.saved_state || arn.is_some()
    }

    /// Whether a package is installed.
    #[must_use]
    pub fn has_package(&self, name: &str) -> bool {
        self.packages.contains_key(name)
    }
}

/// Whether a Docker is among the packages of our transactions that were not here before them. One that
/// somebody else put in is not, also where a run that was to bring it failed.
fn docker_brought(host: &dyn Host) -> Result<bool> {
    let brought = brought(host)?;
    let mut accepted = distro_matrix::all().iter().flat_map(|distro| &distro.packages.docker_accepted);
    Ok(accepted.any(|name| brought.contains(name)))
}

/// For what is not shown where it is not so.
fn is_false(flag: &bool) -> bool {
    !flag
}

fn relevant(database: &PackageDatabase) -> BTreeMap<String, String> {
    let mut names: BTreeSet<&str> = BTreeSet::from(["amazon-ecs-init", "amazon-ssm-agent", "cloud-init"]);
    for packages in distro_matrix::all().iter().map(|distro| &distro.packages) {
        let lists = [&packages.docker_accepted, &packages.docker, &packages.docker_conflicts];
        names.extend(lists.into_iter().flatten().map(String::as_str));
        for (name, tool) in &packages.tools {
            names.extend([name].into_iter().chain(&tool.or).map(String::as_str));
        }
        if let Some(repository) = &packages.docker_repository {
            names.extend(repository.packages.iter().chain(&repository.conflicts).map(String::as_str));
        }
    }
    let version = |name| database.installed(name).map(|package| (name.to_owned(), package.version.clone()));
    names.into_iter().filter_map(version).collect()
}
