//! What the gateway of a world serves: the agents' packages as S3 objects, the repository of a distribution,
//! and Docker's server.
//!
//! Made by the `stand-in-packages` program from the stand-in agents and the fetched package pool,
//! signed with a key that exists for tests only, and cached by content.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use stand_in_packages::TestKey;

use crate::cache;
use crate::error::{Result, While};
use crate::guest::{base_root, package_pool};
use crate::host_command;
use crate::programs;
use crate::system::{StandIn, System};

/// The programs that packages of the agents are made of.
pub const AGENTS: [&str; 6] = [
    "amazon-ssm-agent",
    "ssm-agent-worker",
    "ssm-session-worker",
    "amazon-ecs-init",
    "amazon-ecs-init-rpm",
    "amazon-ecs-agent",
];

/// What the maker of packages is told for arm64.
const ARM64: [&str; 2] = ["--architecture", "arm64"];

/// Everything signed and ready to be served.
pub struct Packages {
    /// S3 buckets with the agents' packages in them.
    pub objects: PathBuf,
    /// The distribution's repository, with Docker (where it has one) and what else the agents need.
    pub repository: PathBuf,
    /// What the repository is for.
    pub system: System,
    docker_server: Option<PathBuf>,
    keys: PathBuf,
}

impl Packages {
    /// Stand-in agents of the real ones' sizes, and the Debian packages for `suite`.
    pub fn stand_ins(suite: &str) -> Result<Self> {
        Self::of(&System::Debian(suite.to_owned()))
    }

    /// The same agents without the padding that gives them their size, and the same packages in less of a packing, for
    /// machines that are emulated.
    pub fn small(suite: &str) -> Result<Self> {
        let debs = package_pool::for_base(&base_root::debian(suite)?, suite)?;
        Self::apt(agents(&["--small"])?, package_pool::repacked(&debs)?, suite, &[])
    }

    /// The same, and further Debian packages.
    pub fn small_with(further: &[&str], suite: &str) -> Result<Self> {
        let debs = package_pool::with(further, &base_root::debian(suite)?, suite)?;
        Self::apt(agents(&["--small"])?, package_pool::repacked(&debs)?, suite, &[])
    }

    /// These objects, with the Debian packages for `suite`.
    pub fn around(objects: PathBuf, suite: &str) -> Result<Self> {
        Self::apt(objects, package_pool::for_base(&base_root::debian(suite)?, suite)?, suite, &[])
    }

    /// Stand-in agents without the padding, which an emulated Docker takes minutes to load, and the Debian packages for
    /// `suite`, all for arm64.
    pub fn for_arm64(suite: &str) -> Result<Self> {
        let objects = agents_of(&programs::arm64_tools()?, &[&ARM64[..], &["--small"]].concat())?;
        let debs = package_pool::repacked(&package_pool::for_arm64(suite)?)?;
        Self::apt(objects, debs, suite, &ARM64)
    }

    /// Stand-in agents of the real ones' sizes, and the packages for `system`.
    pub fn of(system: &System) -> Result<Self> {
        match system {
            System::Debian(suite) => Self::around(agents(&[])?, suite),
            System::StandIn(stand_in) => Self::rpm(agents(&[])?, *stand_in),
        }
    }

    /// The same as of [`Packages::small`].
    pub fn small_of(system: &System) -> Result<Self> {
        match system {
            System::Debian(suite) => Self::small(suite),
            System::StandIn(stand_in) => Self::rpm(agents(&["--small"])?, *stand_in),
        }
    }

    fn apt(objects: PathBuf, debs: PathBuf, suite: &str, options: &[&str]) -> Result<Self> {
        let maker = programs::test_tools()?.join("stand-in-packages");
        let keys = signing_keys()?;
        let key = fs::read(keys.join("trust-key.asc"))?;
        let ingredients = [&fs::read(&maker)?, debs.as_os_str().as_encoded_bytes(), suite.as_bytes(), &key];
        let entry = cache::entry("repository", &ingredients, |folder| {
            let out = folder.join("repository");
            let places =
                [("--debs", &*debs), ("--keys", &keys), ("--suite", Path::new(suite)), ("--out", &out)];
            make(&maker, "apt-repository", options, &places)
        })?;
        let system = System::Debian(suite.to_owned());
        Ok(Self { objects, repository: entry.join("repository"), system, docker_server: None, keys })
    }

    /// Both repositories of a stand-in are made at once, from Debian's programs that its disk does not have.
    fn rpm(objects: PathBuf, stand_in: StandIn) -> Result<Self> {
        let system = System::StandIn(stand_in);
        let (suite, root) = (system.suite()?, system.root()?);
        let maker = programs::test_tools()?.join("stand-in-packages");
        let keys = signing_keys()?;
        let debs = package_pool::with_command_line(&base_root::debian(&suite)?, &suite)?;
        let ingredients = [
            &fs::read(&maker)?,
            debs.as_os_str().as_encoded_bytes(),
            root.as_os_str().as_encoded_bytes(),
            &fs::read(stand_in.file())?,
            &fs::read(keys.join("trust-key.asc"))?,
        ];
        let entry = cache::entry("rpm-repositories", &ingredients, |folder| {
            let (file, out) = (stand_in.file(), folder.join("repositories"));
            let places = [
                ("--distribution", &*file),
                ("--debs", &debs),
                ("--root", &root),
                ("--keys", &keys),
                ("--out", &out),
            ];
            make(&maker, "rpm-repositories", &[], &places)
        })?;
        let made = entry.join("repositories");
        let docker_server = Some(made.join("docker-server"));
        Ok(Self { objects, repository: made.join("distribution"), system, docker_server, keys })
    }

    /// The files of Docker's server: Debian's Docker under Docker's names, signed with the test's key.
    pub fn docker_server(&self) -> Result<PathBuf> {
        if let Some(made) = &self.docker_server {
            return Ok(made.clone());
        }
        let maker = programs::test_tools()?.join("stand-in-packages");
        let suite = &self.system.suite()?;
        let debs = package_pool::for_base(&base_root::debian(suite)?, suite)?;
        let key = fs::read(self.trust_key())?;
        let ingredients = [&fs::read(&maker)?, debs.as_os_str().as_encoded_bytes(), suite.as_bytes(), &key];
        let entry = cache::entry("docker-server", &ingredients, |folder| {
            let out = folder.join("files");
            let options =
                [("--debs", &*debs), ("--keys", &self.keys), ("--suite", Path::new(suite)), ("--out", &out)];
            make(&maker, "docker-repository", &[], &options)
        })?;
        Ok(entry.join("files"))
    }

    /// Copies to `folder` what guests are told of who signs: the agents' key and its fingerprint, and the
    /// repository's key.
    pub fn copy_keys(&self, folder: &Path) -> Result<()> {
        for (from, name) in [
            (self.trust_key(), "trust-key.asc"),
            (self.trust_fingerprint(), "trust-key.fingerprint"),
            (self.trust_key(), "archive-key.asc"),
        ] {
            fs::copy(&from, folder.join(name)).doing(|| format!("copying {}", from.display()))?;
        }
        Ok(())
    }

    /// The public key that signed the agents' packages.
    pub fn trust_key(&self) -> PathBuf {
        self.keys.join("trust-key.asc")
    }

    /// The file with that key's fingerprint.
    pub fn trust_fingerprint(&self) -> PathBuf {
        self.keys.join("fingerprint")
    }
}

/// Small stand-in agents of these versions, rightly signed, as S3's objects.
pub fn small_agents(ssm_version: &str, ecs_version: &str) -> Result<PathBuf> {
    agents(&["--small", "--ssm-version", ssm_version, "--ecs-version", ecs_version])
}

fn agents(options: &[&str]) -> Result<PathBuf> {
    agents_of(&programs::test_tools()?, options)
}

fn agents_of(programs: &Path, options: &[&str]) -> Result<PathBuf> {
    let maker = programs::test_tools()?.join("stand-in-packages");
    let keys = signing_keys()?;
    let mut ingredients =
        vec![fs::read(&maker)?, fs::read(keys.join("trust-key.asc"))?, options.join(" ").into_bytes()];
    for agent in AGENTS {
        ingredients.push(fs::read(programs.join(agent)).doing(|| format!("reading the stand-in {agent}"))?);
    }
    let ingredients: Vec<&[u8]> = ingredients.iter().map(Vec::as_slice).collect();
    let entry = cache::entry("stand-in-objects", &ingredients, |folder| {
        let out = folder.join("objects");
        make(&maker, "agents", options, &[("--programs", programs), ("--keys", &keys), ("--out", &out)])
    })?;
    Ok(entry.join("objects"))
}

/// The packages that a stand-in begins with.
pub fn base_packages(stand_in: StandIn) -> Result<PathBuf> {
    let maker = programs::test_tools()?.join("stand-in-packages");
    let file = stand_in.file();
    let ingredients = [&*fs::read(&maker)?, &fs::read(&file)?];
    let entry = cache::entry("base-packages", &ingredients, |folder| {
        let places = [("--distribution", &*file), ("--out", &folder.join("packages"))];
        make(&maker, "base-packages", &[], &places)
    })?;
    Ok(entry.join("packages"))
}

/// The folder of the test's signing key, which is made at its first use and kept.
pub fn signing_keys() -> Result<PathBuf> {
    cache::entry("signing-key", &[b"1"], |folder| {
        TestKey::open_or_make(folder).doing(|| "making the signing key")?;
        Ok(())
    })
}

fn make(maker: &Path, what: &str, options: &[&str], places: &[(&str, &Path)]) -> Result<()> {
    let mut arguments: Vec<&OsStr> = vec![what.as_ref()];
    arguments.extend(options.iter().map(OsStr::new));
    for (name, value) in places {
        arguments.extend([name.as_ref(), value.as_os_str()]);
    }
    host_command::run(&maker.display().to_string(), arguments)?;
    Ok(())
}
