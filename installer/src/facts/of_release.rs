//! The facts of a machine that is not here: a fresh one of some release, as its vendor makes it.
//!
//! `plan --as` and `--os-release` plan for it. What no release decides (addresses, memory, disk) is as on any
//! machine with nothing in the way.

use distro_matrix::{Cgroups, Distro, LinuxSecurity, OsRelease};

use super::{AgentFiles, DockerConfiguration, Environment, Facts, Gpu, Security, Told};

impl Facts {
    /// A fresh machine of a release, with this architecture in the kernel's words.
    #[must_use]
    pub fn of_release(distro: &Distro, architecture: &str) -> Self {
        Self {
            os: os_release(distro),
            os_release_broken: None,
            kernel_architecture: architecture.to_owned(),
            // Which kernel it runs, only the machine knows: what belongs to one is named without its number.
            kernel_release: String::new(),
            kernel_modules: Vec::new(),
            iptables_lacks_tables: false,
            userland_architecture: distro.architectures.get(architecture).cloned(),
            systemd: true,
            container: None,
            environment: Environment::default(),
            cgroup_version: if distro.cgroups == Some(Cgroups::V1) { 1 } else { 2 },
            no_memory_control: false,
            security: security(distro),
            default_routes: vec!["ipv4".into()],
            machine_id: Some("0".repeat(32)),
            transient_machine_id: false,
            product_uuid: None,
            vendor: None,
            memory: 2 << 30,
            volumes: Vec::new(),
            docker: None,
            docker_brought: false,
            packages: Default::default(),
            unfinished_packages: Vec::new(),
            registration: None,
            marked: false,
            quarantine: None,
            ecs_agent: None,
            agent_files: AgentFiles::default(),
            docker_configuration: DockerConfiguration::default(),
            gpu: Gpu::default(),
            foreign_credentials: Vec::new(),
            // Who runs it, only the machine knows.
            firewalld: false,
            unseen: Vec::new(),
        }
    }

    /// The same, of a machine of which an os-release tells that it is of this release.
    #[must_use]
    pub fn of_file(told: Told, distro: &Distro, architecture: &str) -> Self {
        Self {
            os: told.os,
            os_release_broken: told.broken,
            environment: Environment { immutable: told.immutable, ..Environment::default() },
            ..Self::of_release(distro, architecture)
        }
    }
}

fn os_release(distro: &Distro) -> OsRelease {
    let identity = &distro.identity;
    let first = |list: &[String]| list.first().cloned().unwrap_or_default();
    // Of a pattern, the first version that it has.
    let version = first(&identity.versions).trim_end_matches(".*").replace('#', "0").replace('*', "");
    OsRelease {
        id: first(&identity.ids),
        version_id: version,
        name: first(&identity.names),
        pretty_name: distro.name.clone(),
        codename: identity.codename.clone().unwrap_or_default(),
        platform_id: identity.platform_id.clone().unwrap_or_default(),
        ..OsRelease::default()
    }
}

fn security(distro: &Distro) -> Security {
    let selinux = match distro.security {
        Some(LinuxSecurity::SelinuxEnforcing) => Some("enforcing"),
        Some(LinuxSecurity::SelinuxPermissive) => Some("permissive"),
        _ => None,
    };
    Security {
        selinux: selinux.map(str::to_owned),
        selinux_at_boot: selinux.map(str::to_owned),
        apparmor: distro.security == Some(LinuxSecurity::Apparmor),
    }
}

#[cfg(test)]
mod tests {
    use distro_matrix::{Found, Support, all};

    use super::*;

    #[test]
    fn a_fresh_machine_of_each_release_is_taken_for_that_release() {
        for distro in all().iter().filter(|distro| distro.support != Support::Refused) {
            let facts = Facts::of_release(distro, "x86_64");
            assert_eq!(distro_matrix::find(&facts.os), Found::Release(distro), "{:?}", facts.os);
        }
    }
}
