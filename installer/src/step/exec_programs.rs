//! Put the programs of ECS Exec where the ECS agent finds them, out of the SSM agent's signed package.
//!
//! Each is written beside, synced and renamed, so that one that runs is never written into. Its folder is
//! named by its version; folders of earlier versions stay until undo, because a task that was started with
//! one has its files mounted. A program that is not linked statically would not run in most images:
//! then none is put there, which is said once, and ECS Exec stays off for that version.

use std::path::{Path, PathBuf};

use distro_matrix::Manager;
use serde::{Deserialize, Serialize};

use super::folder::remove_tree;
use super::{Before, Leftovers, PackageFile, downloads, state_folder};
use crate::durable;
use crate::elf::{Linkage, linkage};
use crate::error::{Error, Result, While};
use crate::host::{Host, Unpack};
use crate::package_database::PackageDatabase;

/// Where the ECS agent looks for versions.
pub const BIN: &str = "/var/lib/ecs/deps/execute-command/bin";
const SOURCE: &str = "amazon-ssm-agent";
const PROGRAMS: [&str; 3] = ["amazon-ssm-agent", "ssm-agent-worker", "ssm-session-worker"];

/// The programs that ECS Exec runs in containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecPrograms {
    /// The version; without it, the one that is installed by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The package to fetch; without it, the transaction of the same plan installs that version, and its
    /// file is here then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageFile>,
    /// The package manager.
    #[serde(default, skip_serializing_if = "super::is_apt")]
    pub manager: Manager,
}

impl ExecPrograms {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let Some(version) = self.version(host)? else { return Ok(Some(Before::Nothing)) };
        let missing = missing(host, &version)?;
        if missing.is_empty() || left_off(host)?.as_deref() == Some(&*version) {
            return Ok(None);
        }
        let folder = folder(&version);
        let there = host.stat(&folder)?.is_some();
        let absent =
            if there { missing.iter().map(|name| folder.join(name)).collect() } else { vec![folder] };
        Ok(Some(Before::Folders { absent }))
    }

    pub(super) fn prefetch(&self, host: &mut dyn Host) -> Result<()> {
        let Some(package) = &self.package else { return Ok(()) };
        durable::create_folders(host, &downloads(), 0o700)?;
        host.begin_fetch(package.fetch(self.own_download()));
        Ok(())
    }

    pub(super) fn apply(&self, host: &mut dyn Host) -> Result<()> {
        let version = self
            .version(host)?
            .ok_or_else(|| Error::bug("ECS Exec was planned before the SSM agent's package"))?;
        let package = self.fetched(host, &version)?;
        let missing = missing(host, &version)?;
        let members = missing.iter().map(|name| (format!("usr/bin/{name}"), beside(name))).collect();
        let heads = host.unpack(&Unpack { package, format: self.manager.format(), members, mode: 0o755 })?;
        let unfit = missing.iter().zip(&heads).find(|(_, head)| linkage(head) != Linkage::Static);
        if let Some((name, _)) = unfit {
            forget_attempts(host)?;
            leave_off(host, &version)?;
            host.tell(&format!(
                "ECS Exec is left off: {name} of version {version} is not linked statically, so it would not run in most containers"
            ));
            return Ok(());
        }
        put_in_place(host, &folder(&version), &missing)
    }

    pub(super) fn undo(&self, host: &mut dyn Host, before: &Before) -> Result<Leftovers> {
        let Before::Folders { absent } = before else { return Ok(Leftovers::new()) };
        let mut leftovers = Leftovers::new();
        for path in absent {
            if let Some(above) = host.stat(durable::parent(path))? {
                remove_tree(host, path, above.device, &mut leftovers)?;
            }
        }
        if host.stat(Path::new(BIN))?.is_some() {
            forget_attempts(host)?;
        }
        if host.stat(&note())?.is_some() {
            durable::remove(host, &note())?;
        }
        Ok(leftovers)
    }

    pub(super) fn subject(&self) -> String {
        match &self.version {
            Some(version) => format!("ECS Exec's programs {version}"),
            None => "ECS Exec's programs".into(),
        }
    }

    /// The package's file, verified, and of this version.
    fn fetched(&self, host: &mut dyn Host, version: &str) -> Result<PathBuf> {
        let doing = || format!("fetching the package {SOURCE} {version}");
        if let Some(package) = &self.package {
            host.finish_fetch(&self.own_download()).while_doing(doing)?;
            package.must_be_as_asked(host, &self.own_download())?;
            return Ok(self.own_download());
        }
        let file = PackageFile::download_of(SOURCE, self.manager.format());
        host.finish_fetch(&file).while_doing(doing)?;
        // An interrupted package manager may have finished an earlier version by itself.
        let found = host.control_data(&file, self.manager.format())?.version;
        if upstream(&found) != version {
            return Err(Error::failed(format!(
                "{SOURCE} {version} was installed, and {found} was fetched for ECS Exec"
            ))
            .hint("run the same command again: it fetches the version that is installed"));
        }
        Ok(file)
    }

    fn own_download(&self) -> PathBuf {
        PackageFile::download_of("exec", self.manager.format())
    }

    /// As the ECS agent names versions: without the package's revision.
    fn version(&self, host: &dyn Host) -> Result<Option<String>> {
        if self.version.is_some() {
            return Ok(self.version.clone());
        }
        let database = PackageDatabase::read(host, self.manager.format())?;
        Ok(database.installed(SOURCE).map(|package| upstream(&package.version).to_owned()))
    }
}

/// A package's version without its revision.
#[must_use]
pub fn upstream(version: &str) -> &str {
    version.rsplit_once('-').map_or(version, |(upstream, _)| upstream)
}

fn missing(host: &dyn Host, version: &str) -> Result<Vec<&'static str>> {
    let mut missing = Vec::new();
    for name in PROGRAMS {
        if host.stat(&folder(version).join(name))?.is_none() {
            missing.push(name);
        }
    }
    Ok(missing)
}

/// The last rename changes the folder of all versions too: by that the ECS agent's unit sees that
/// something came.
fn put_in_place(host: &mut dyn Host, folder: &Path, names: &[&str]) -> Result<()> {
    let bin = Path::new(BIN);
    if host.stat(folder)?.is_none() {
        host.create_folder(folder, 0o755)?;
        host.sync(bin)?;
    }
    for name in names {
        host.rename(&beside(name), &folder.join(name))?;
    }
    host.sync(folder)?;
    host.sync(bin)
}

/// Beside the versions, in the same file system, under a name that is no version.
fn beside(name: &str) -> PathBuf {
    durable::temporary(&Path::new(BIN).join(name))
}

fn forget_attempts(host: &mut dyn Host) -> Result<()> {
    PROGRAMS.iter().try_for_each(|name| durable::forget_attempt(host, &Path::new(BIN).join(name)))
}

fn folder(version: &str) -> PathBuf {
    Path::new(BIN).join(version)
}

/// Where it is kept which version was found unfit, so that it is not fetched at every run.
fn note() -> PathBuf {
    state_folder().join("exec-left-off")
}

fn left_off(host: &dyn Host) -> Result<Option<String>> {
    let text = host.read(&note())?;
    Ok(text.map(|text| String::from_utf8_lossy(&text).trim().to_owned()))
}

fn leave_off(host: &mut dyn Host, version: &str) -> Result<()> {
    durable::write(host, &note(), format!("{version}\n").as_bytes(), 0o600)
}
