//! The packages that a guest installs from its local repository, fetched once through apt.
//!
//! Exactly what apt would fetch on a fresh guest for the wanted names, without Recommends: apt
//! itself works that out, given the base root's package status. Nothing is installed here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache;
use crate::error::{Error, Result, While};
use crate::guest::base_root;
use crate::host_command;
use image_recipes::bootstrap::apt_sources;
use image_recipes::recipe::Architecture;

/// What the agents need around them on a Debian.
pub const WANTED: [&str; 5] = ["docker.io", "iptables", "procps", "dmidecode", "apparmor"];

/// The packages for arm64: `WANTED` and all that they need, of which a machine has some already.
pub fn for_arm64(suite: &str) -> Result<PathBuf> {
    all_for_arm64(&WANTED, suite)
}

fn all_for_arm64(wanted: &[&str], suite: &str) -> Result<PathBuf> {
    let sources = apt_sources::for_suite(suite)?;
    let names = wanted.join(" ");
    let ingredients = ["arm64", &names, &sources].map(str::as_bytes);
    let entry = cache::entry("package-pool", &ingredients, |folder| {
        let options = ["-o", "APT::Architecture=arm64", "-o", "APT::Architectures=arm64"];
        fetch(wanted, Path::new("/dev/null"), &options, &sources, folder)
    })?;
    Ok(entry.join("debs"))
}

/// A folder of .debs: `WANTED` and all that is missing for them in `base`.
pub fn for_base(base: &Path, suite: &str) -> Result<PathBuf> {
    of(&WANTED, base, suite)
}

/// The same with further packages.
pub fn with(further: &[&str], base: &Path, suite: &str) -> Result<PathBuf> {
    of(&[&WANTED[..], further].concat(), base, suite)
}

/// The same with the command line `docker`, which is a package of its own since Debian 13.
pub fn with_command_line(base: &Path, suite: &str) -> Result<PathBuf> {
    match suite {
        "bullseye" | "bookworm" => for_base(base, suite),
        _ => with(&["docker-cli"], base, suite),
    }
}

/// The same packages with the same content, packed so that taking them apart is cheap: what xz saves in size, an
/// emulated machine pays for in time.
pub fn repacked(debs: &Path) -> Result<PathBuf> {
    cache::entry("package-pool-repacked", &[debs.as_os_str().as_encoded_bytes()], |folder| {
        for entry in fs::read_dir(debs).doing(|| format!("listing {}", debs.display()))? {
            let (deb, tree) = (entry?.path(), folder.join("tree"));
            let packed = folder.join(deb.file_name().unwrap_or_default());
            host_command::run("dpkg-deb", [Path::new("--raw-extract"), &deb, &tree])?;
            host_command::run(
                "dpkg-deb",
                ["-Zgzip", "-z1", "--build"].map(Path::new).into_iter().chain([&*tree, &*packed]),
            )?;
            fs::remove_dir_all(&tree)?;
        }
        Ok(())
    })
}

/// Docker's command line from there, for a machine on which nothing else has brought it.
pub fn command_line(suite: &str, architecture: Architecture) -> Result<Vec<u8>> {
    let debs = match architecture {
        Architecture::X86_64 => with_command_line(&base_root::debian(suite)?, suite)?,
        Architecture::Aarch64 => all_for_arm64(&["docker-cli"], suite)?,
    };
    let mut files = fs::read_dir(&debs)?.flatten().map(|entry| entry.path());
    let is_it = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("docker-cli_"))
    };
    let deb = files.find(is_it).ok_or_else(|| Error::new(format!("{} has no docker-cli", debs.display())))?;
    let folder = tempfile::tempdir()?;
    host_command::run("dpkg-deb", [Path::new("--extract"), &deb, folder.path()])?;
    fs::read(folder.path().join("usr/bin/docker")).doing(|| format!("reading {}", deb.display()))
}

fn of(wanted: &[&str], base: &Path, suite: &str) -> Result<PathBuf> {
    let sources = apt_sources::for_suite(suite)?;
    let status = base.join("var/lib/dpkg/status");
    let ingredients = [wanted.join(" ").into_bytes(), sources.clone().into_bytes(), fs::read(&status)?];
    let ingredients: Vec<&[u8]> = ingredients.iter().map(Vec::as_slice).collect();
    let entry =
        cache::entry("package-pool", &ingredients, |folder| fetch(wanted, &status, &[], &sources, folder))?;
    Ok(entry.join("debs"))
}

fn fetch(wanted: &[&str], status: &Path, options: &[&str], sources: &str, folder: &Path) -> Result<()> {
    let apt = tempfile::tempdir()?;
    for part in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(apt.path().join(part))?;
    }
    let source_list = apt.path().join("debian.sources");
    fs::write(&source_list, sources)?;
    let get = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(["-q", "-y", "-o", "Acquire::Languages=none", "-o", "APT::Sandbox::User=root"]);
        command.args(["-o", "Acquire::Check-Valid-Until=false"]).args(options);
        for (option, path) in [
            ("Dir::State", apt.path().to_owned()),
            ("Dir::State::status", status.to_owned()),
            ("Dir::Cache", apt.path().join("cache")),
            ("Dir::Etc::SourceList", source_list.clone()),
            ("Dir::Etc::SourceParts", PathBuf::from("/dev/null")),
        ] {
            command.arg("-o").arg(format!("{option}={}", path.display()));
        }
        host_command::finish(command.args(arguments))
    };
    get(&["update"])?;
    get(&[&["install", "--download-only", "--no-install-recommends"][..], wanted].concat())?;
    let debs = folder.join("debs");
    fs::create_dir(&debs)?;
    for entry in fs::read_dir(apt.path().join("cache/archives"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            fs::copy(&path, debs.join(path.file_name().unwrap_or_default()))?;
        }
    }
    Ok(())
}
