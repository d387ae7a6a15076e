//! An RPM distribution's own repository, and Docker's server for it, with Debian's programs in the packages.
//!
//! ```text
//! OUT/distribution/{*.rpm,repodata/}
//! OUT/docker-server/linux/centos/{gpg,docker-ce.repo}     two certificates: a foreign one, then the signer's
//! OUT/docker-server/linux/centos/9/x86_64/stable/{Packages/*.rpm,repodata/}
//! ```
//!
//! The packages have the real ones' names, what they require of each other, and their conflicts. What Debian
//! splits off into libraries is one package, `standin-libraries`, which all of them require.

use crate::debian_programs::{Programs, name_iptables};
use crate::distribution::Distribution;
use crate::rpm::{self, Payload, Rpm, Tree};
use crate::rpm_repository::{index, packages_below};
use crate::{Result, TestKey};
use std::fs;
use std::path::{Path, PathBuf};

/// Debian's packages whose programs have packages of their own here.
const NAMED: &[&str] = &["docker.io", "docker-cli", "containerd", "runc", "iptables", "procps", "dmidecode"];

const LIBRARIES: &str = "Requires: standin-libraries";

/// What an installed unit is given: the presets decide, it is stopped before it goes, and nothing starts it.
const DOCKER_SCRIPTS: &str = include_str!("../files/rpm/docker.spec");
const CONTAINERD_SCRIPTS: &str = include_str!("../files/rpm/containerd.spec");

/// What the repositories are made from.
pub struct Sources<'a> {
    /// The folder of the Debian packages.
    pub debs: &'a Path,
    /// The disk that a guest begins with.
    pub root: &'a Path,
    /// The folder of the signing key.
    pub keys: &'a Path,
}

/// Writes both; how many packages are in them.
pub fn write_rpm_repositories(distribution: &Distribution, sources: &Sources, out: &Path) -> Result<usize> {
    let scratch = out.join("scratch");
    fs::create_dir_all(&scratch)?;
    let programs = Programs::new(sources.debs, sources.root, &scratch);
    let workshop = Workshop { distribution, programs, scratch: &scratch };
    let own = out.join("distribution");
    fs::create_dir_all(&own)?;
    workshop.own_packages(&own)?;
    let key = TestKey::open_or_make(sources.keys)?;
    rpm::sign(&packages_below(&own)?, sources.keys)?;
    index(&own, &key)?;
    let mut count = packages_below(&own)?.len();

    let server = out.join("docker-server");
    fs::create_dir_all(&server)?;
    if let Some(first) = distribution.docker_server.first() {
        let stable = server.join(first).join("x86_64/stable");
        let packages = stable.join("Packages");
        fs::create_dir_all(&packages)?;
        workshop.docker_packages(&packages)?;
        rpm::sign(&packages_below(&packages)?, sources.keys)?;
        index(&stable, &key)?;
        count += packages_below(&packages)?.len();
        for path in &distribution.docker_server {
            write_docker_system(&server, path, &stable, &key)?;
        }
    }
    fs::remove_dir_all(&scratch)?;
    Ok(count)
}

/// What a folder such as `linux/centos` has beside its releases; a further release has the same packages.
fn write_docker_system(server: &Path, path: &str, stable: &Path, key: &TestKey) -> Result<()> {
    let release = server.join(path);
    let system = release.parent().unwrap_or(server);
    if !release.exists() {
        fs::create_dir_all(release.join("x86_64"))?;
        let copy = [stable, &release.join("x86_64/stable")];
        rpm::finish(std::process::Command::new("cp").args(["-a", "-l"]).args(copy))?;
    }
    let certificates = [TestKey::make()?.public_armored()?, key.public_armored()?].concat();
    fs::write(system.join("gpg"), certificates)?;
    let address = path.rsplit_once('/').map_or(path, |(system, _)| system);
    let repository = format!(
        "[docker-ce-stable]\nname=Docker CE Stable - $basearch\n\
         baseurl=https://download.docker.com/{address}/$releasever/$basearch/stable\n\
         enabled=1\ngpgcheck=1\ngpgkey=https://download.docker.com/{address}/gpg\n"
    );
    Ok(fs::write(system.join("docker-ce.repo"), repository)?)
}

struct Workshop<'a> {
    distribution: &'a Distribution,
    programs: Programs<'a>,
    scratch: &'a Path,
}

impl Workshop<'_> {
    /// The distribution's packages.
    fn own_packages(&self, out: &Path) -> Result<()> {
        let names = &self.distribution.packages;
        let libraries = self.programs.rest("libraries", NAMED)?;
        self.package("standin-libraries", "1", "", "", &libraries, out)?;
        let iptables = self.programs.tree("iptables", &["iptables"])?;
        name_iptables(&iptables)?;
        let version = self.programs.version("iptables")?;
        let preamble = format!("{LIBRARIES}\n{}", provides(&names.iptables, "iptables", &version));
        self.package(&names.iptables, &version, &preamble, "", &iptables, out)?;
        for (name, debian) in [(&names.procps, "procps"), (&names.dmidecode, "dmidecode")] {
            let version = self.programs.version(debian)?;
            let preamble = format!("{LIBRARIES}\n{}", provides(name, debian, &version));
            self.package(name, &version, &preamble, "", &self.programs.tree(debian, &[debian])?, out)?;
        }
        if let Some(docker) = &names.docker {
            let tree = self.programs.tree("docker", &["docker.io", "docker-cli"])?;
            let preamble =
                format!("{LIBRARIES}\nRequires: containerd\nRequires: runc\nRequires: iptables\n{SYSTEM}");
            let version = self.programs.version("docker.io")?;
            self.package(docker, &version, &preamble, DOCKER_SCRIPTS, &tree, out)?;
            for (name, scripts) in [("containerd", CONTAINERD_SCRIPTS), ("runc", "")] {
                let version = self.programs.version(name)?;
                self.package(name, &version, LIBRARIES, scripts, &self.programs.tree(name, &[name])?, out)?;
            }
        }
        for name in &names.look_alikes {
            self.empty(name, look_alike(name), out)?;
        }
        if names.container_selinux {
            self.empty("container-selinux", "Epoch: 2", out)?;
        }
        Ok(())
    }

    /// Docker's packages.
    fn docker_packages(&self, out: &Path) -> Result<()> {
        let version = self.programs.version("docker.io")?;
        let docker = self.programs.tree("docker-ce", &["docker.io"])?;
        let command_line = self.programs.tree("docker-ce-cli", &["docker-cli"])?;
        // Debian 12 has both in one package.
        let (here, there) =
            (docker.root().join("usr/bin/docker"), command_line.root().join("usr/bin/docker"));
        if here.exists() {
            fs::create_dir_all(command_line.root().join("usr/bin"))?;
            fs::rename(here, there)?;
        }
        let preamble = format!(
            "Epoch: 3\n{LIBRARIES}\nRequires: docker-ce-cli\nRequires: container-selinux >= 2:2.74\n\
             Requires: iptables\nRequires: containerd.io >= 1.6\nRequires: tar\nRequires: xz\n{SYSTEM}\n\
             Conflicts: docker\nConflicts: docker-io\nConflicts: docker-ee"
        );
        self.package("docker-ce", &version, &preamble, DOCKER_SCRIPTS, &docker, out)?;
        let preamble = "Epoch: 1\nConflicts: docker\nConflicts: docker-io\nConflicts: docker-ee";
        self.package("docker-ce-cli", &version, preamble, "", &command_line, out)?;
        let containerd = self.programs.tree("containerd.io", &["containerd", "runc"])?;
        let preamble = format!(
            "{LIBRARIES}\nProvides: containerd\nProvides: runc\nConflicts: containerd\nConflicts: runc\n\
             Obsoletes: containerd\nObsoletes: runc"
        );
        let version = self.programs.version("containerd")?;
        self.package("containerd.io", &version, &preamble, CONTAINERD_SCRIPTS, &containerd, out)
    }

    fn empty(&self, name: &str, preamble: &str, out: &Path) -> Result<()> {
        self.package(name, "4.9", preamble, "", &Tree::new(self.scratch.join("nothing"))?, out)
    }

    fn package(
        &self,
        name: &str,
        version: &str,
        preamble: &str,
        scripts: &str,
        tree: &Tree,
        out: &Path,
    ) -> Result<()> {
        let release = format!("1{}", self.distribution.release.tag);
        let rpm = Rpm {
            name,
            version,
            release: &release,
            payload: Payload::Zstd,
            preamble: preamble.to_owned(),
            scripts: scripts.to_owned(),
            files: tree.listed_with_folders()?,
        };
        // Made where the tree is, so that its files can be linked.
        let made: PathBuf = self.scratch.join(rpm.file_name());
        rpm.build(tree.root(), &made)?;
        Ok(fs::rename(made, out.join(rpm.file_name()))?)
    }
}

const SYSTEM: &str = "Requires: systemd\nRequires: /usr/sbin/groupadd";

/// The name that others ask for, where the package itself is called something else.
fn provides(name: &str, asked_for: &str, version: &str) -> String {
    if name == asked_for { String::new() } else { format!("Provides: {asked_for} = {version}") }
}

/// What a package that is there for its conflicts says of itself, as the real one does.
fn look_alike(name: &str) -> &'static str {
    match name {
        "podman-docker" => {
            "Requires: podman\nProvides: docker\nConflicts: docker-latest\nConflicts: docker-ce\n\
             Conflicts: docker-ee\nConflicts: moby-engine"
        }
        _ => "",
    }
}
