//! What the gateway of a world serves: the agents' packages as S3 objects, and a Debian repository.
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

const AGENTS: [&str; 5] =
    ["amazon-ssm-agent", "ssm-agent-worker", "ssm-session-worker", "amazon-ecs-init", "amazon-ecs-agent"];

/// Everything signed and ready to be served.
pub struct Packages {
    /// S3 buckets with the agents' packages in them.
    pub objects: PathBuf,
    /// A Debian repository with Docker and what else the agents need.
    pub repository: PathBuf,
    /// The public key that signed the repository.
    pub archive_key: PathBuf,
    /// The Debian release that the repository is for.
    pub suite: String,
    keys: PathBuf,
}

impl Packages {
    /// Stand-in agents of the real ones' sizes, and the Debian packages for `suite`.
    pub fn stand_ins(suite: &str) -> Result<Self> {
        Self::around(agents(&[])?, suite)
    }

    /// The same agents without the padding that gives them their size, for who tries many packages.
    pub fn small(suite: &str) -> Result<Self> {
        Self::around(agents(&["--small"])?, suite)
    }

    /// These objects, with the Debian packages for `suite`.
    pub fn around(objects: PathBuf, suite: &str) -> Result<Self> {
        let maker = programs::test_tools()?.join("stand-in-packages");
        let keys = signing_keys()?;
        let debs = package_pool::for_base(&base_root::debian(suite)?, suite)?;
        let key = fs::read(keys.join("trust-key.asc"))?;
        let ingredients = [&fs::read(&maker)?, debs.as_os_str().as_encoded_bytes(), suite.as_bytes(), &key];
        let entry = cache::entry("repository", &ingredients, |folder| {
            let out = folder.join("repository");
            let options =
                [("--debs", &*debs), ("--keys", &keys), ("--suite", Path::new(suite)), ("--out", &out)];
            make(&maker, "apt-repository", &[], &options)
        })?;
        let repository = entry.join("repository");
        let archive_key = repository.join("archive-key.asc");
        Ok(Self { objects, archive_key, repository, suite: suite.to_owned(), keys })
    }

    /// The files of Docker's server: Debian's Docker under Docker's names, signed with the test's key.
    pub fn docker_server(&self) -> Result<PathBuf> {
        let maker = programs::test_tools()?.join("stand-in-packages");
        let suite = &self.suite;
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
    let tools = programs::test_tools()?;
    let maker = tools.join("stand-in-packages");
    let keys = signing_keys()?;
    let mut ingredients =
        vec![fs::read(&maker)?, fs::read(keys.join("trust-key.asc"))?, options.join(" ").into_bytes()];
    for agent in AGENTS {
        ingredients.push(fs::read(tools.join(agent)).doing(|| format!("reading the stand-in {agent}"))?);
    }
    let ingredients: Vec<&[u8]> = ingredients.iter().map(Vec::as_slice).collect();
    let entry = cache::entry("stand-in-objects", &ingredients, |folder| {
        let out = folder.join("objects");
        make(&maker, "agents", options, &[("--programs", &tools), ("--keys", &keys), ("--out", &out)])
    })?;
    Ok(entry.join("objects"))
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
