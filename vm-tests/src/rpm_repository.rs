//! A world's own copy of an RPM repository, and the ways to spoil it that a package manager has to notice.

use std::fs;
use std::path::{Path, PathBuf};

use stand_in_packages::{TestKey, rpm_repository};

use crate::cache;
use crate::error::{Error, Result, While};
use crate::host_command;
use crate::packages;
use crate::programs;
use crate::world::World;

/// A folder with `repodata` in it.
pub struct RpmRepository {
    folder: PathBuf,
}

/// Whom something is signed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// Nobody.
    Nobody,
    /// Somebody whom no guest knows.
    Stranger,
}

impl RpmRepository {
    /// The distribution's repository of this world.
    pub fn of_the_distribution(world: &World) -> Self {
        Self { folder: world.repository() }
    }

    /// Docker's repository for `release`, such as `linux/centos/9`, in this world.
    pub fn of_docker(world: &World, release: &str) -> Self {
        Self { folder: world.docker_server().join(release).join("x86_64/stable") }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of the package of this name.
    pub fn package(&self, name: &str) -> Result<PathBuf> {
        let packages = rpm_repository::packages_below(&self.folder).doing(|| "looking for packages")?;
        let name_of = |file: &PathBuf| {
            let file = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            file.rsplitn(3, '-').nth(2).map(str::to_owned)
        };
        let found = packages.into_iter().find(|file| name_of(file).as_deref() == Some(name));
        found.ok_or_else(|| Error::new(format!("{} has no package {name}", self.folder.display())))
    }

    /// Has a package signed by `signer`; the description of the repository is right and rightly signed.
    pub fn sign_package(&self, name: &str, signer: Signer) -> Result<()> {
        let maker = programs::test_tools()?.join("stand-in-packages").display().to_string();
        let file = self.package(name)?.display().to_string();
        let keys = self.keys(signer)?.map(|keys| format!("--keys={}", keys.display()));
        let arguments = ["rpm-sign".to_owned()].into_iter().chain(keys).chain([file]);
        host_command::run(&maker, arguments)?;
        self.describe()
    }

    /// Has the description of the repository signed by `signer`; the packages are right.
    pub fn sign_description(&self, signer: Signer) -> Result<()> {
        let metadata = self.folder.join("repodata");
        for signature in ["repomd.xml.asc", "repomd.xml.key"].map(|name| metadata.join(name)) {
            if signature.exists() {
                fs::remove_file(signature)?;
            }
        }
        if let Some(keys) = self.keys(signer)? {
            let key = TestKey::open_or_make(&keys).doing(|| "reading the stranger's key")?;
            let description = fs::read(metadata.join("repomd.xml"))?;
            let signature = key.detached_armored(&description).doing(|| "signing")?;
            fs::write(metadata.join("repomd.xml.asc"), signature)?;
            fs::write(metadata.join("repomd.xml.key"), key.public_armored().doing(|| "writing the key")?)?;
        }
        Ok(())
    }

    /// Takes away a package that the description goes on to list.
    pub fn lose(&self, name: &str) -> Result<()> {
        Ok(fs::remove_file(self.package(name)?)?)
    }

    /// Describes the packages as they are now, rightly signed.
    pub fn describe(&self) -> Result<()> {
        let key = TestKey::open_or_make(&packages::signing_keys()?).doing(|| "reading the signing key")?;
        rpm_repository::index(&self.folder, &key).doing(|| "describing the repository")
    }

    fn keys(&self, signer: Signer) -> Result<Option<PathBuf>> {
        if signer == Signer::Nobody {
            return Ok(None);
        }
        let keys = cache::entry("stranger-key", &[b"1"], |folder| {
            TestKey::open_or_make(folder).doing(|| "making a key")?;
            Ok(())
        })?;
        Ok(Some(keys))
    }
}
