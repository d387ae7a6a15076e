//! The files of Docker's server for Debian, with Debian's own Docker relabelled in them.
//!
//! ```text
//! OUT/linux/debian/gpg                                 two certificates: a foreign one, then the signer's
//! OUT/linux/debian/dists/SUITE/pool/stable/amd64/*.deb
//! OUT/linux/debian/dists/SUITE/...                     the component is 'stable'
//! ```
//!
//! The packages have the names of Docker's, their dependencies among each other and their conflicts; the
//! programs are Debian's. Nothing here is made by Docker, and the packages say so.

use crate::apt_repository::Layout;
use crate::deb::{Deb, packed_tree};
use crate::{Architecture, Result, TestKey};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Writes the files; how many packages are among them.
pub fn write_docker_repository(debs: &Path, key: &TestKey, suite: &str, out: &Path) -> Result<usize> {
    let repository = out.join("linux/debian");
    let relabelled = out.join("relabelled");
    fs::create_dir_all(&relabelled)?;
    fs::create_dir_all(&repository)?;
    relabel_all(debs, &relabelled)?;
    let pool = format!("dists/{suite}/pool/stable/amd64");
    let count = Layout { suite, component: "stable", architecture: Architecture::Amd64, pool }.write(
        &relabelled,
        key,
        &repository,
    )?;
    fs::remove_dir_all(&relabelled)?;
    let certificates = [TestKey::make()?.public_armored()?, key.public_armored()?].concat();
    fs::write(repository.join("gpg"), certificates)?;
    Ok(count)
}

fn relabel_all(debs: &Path, out: &Path) -> Result<()> {
    let engine = named(debs, "docker.io")?;
    let containerd = named(debs, "containerd")?;
    let mut depends = depends_of(&engine)?;
    depends.extend(["docker-ce-cli".to_owned(), "containerd.io".to_owned()]);
    let conflicts = "docker.io, docker-engine";
    let control = control(&engine, "docker-ce", &depends, conflicts)?;
    repack(&[&engine], &control, &out.join("docker-ce.deb"))?;

    let control = self::control(&containerd, "containerd.io", &depends_of(&containerd)?, "containerd, runc")?;
    repack(&[&containerd, &named(debs, "runc")?], &control, &out.join("containerd.io.deb"))?;

    let control = self::control(&engine, "docker-ce-cli", &[], "docker.io")?;
    let data = packed_tree().finish()?.finish()?;
    Deb { control, control_files: Vec::new(), data }.write(&out.join("docker-ce-cli.deb"))
}

fn named(debs: &Path, name: &str) -> Result<PathBuf> {
    for entry in fs::read_dir(debs)? {
        let path = entry?.path();
        if path.file_name().and_then(OsStr::to_str).is_some_and(|it| it.starts_with(&format!("{name}_"))) {
            return Ok(path);
        }
    }
    Err(format!("{} has no package {name}", debs.display()).into())
}

/// What a package depends on, but for what is in the relabelled ones.
fn depends_of(package: &Path) -> Result<Vec<String>> {
    let depends = field(package, "Depends")?;
    let own = |it: &str| matches!(it.split([' ', ':']).next(), Some("containerd" | "runc"));
    Ok(depends.split(',').map(str::trim).filter(|it| !it.is_empty() && !own(it)).map(str::to_owned).collect())
}

fn control(package: &Path, name: &str, depends: &[String], conflicts: &str) -> Result<String> {
    let depends = match depends {
        [] => String::new(),
        some => format!("Depends: {}\n", some.join(", ")),
    };
    Ok(format!(
        "Package: {name}\nVersion: {}\nArchitecture: amd64\nMaintainer: Landfall tests <tests@landfall.test>\n\
         {depends}Conflicts: {conflicts}\nDescription: stand-in for tests: Debian's package under the name of Docker's\n",
        field(package, "Version")?
    ))
}

fn field(package: &Path, name: &str) -> Result<String> {
    Ok(dpkg_deb(&["-f".as_ref(), package.as_os_str(), name.as_ref()])?.trim().to_owned())
}

/// Packs the content of packages anew, with the first one's maintainer scripts; fast rather than small.
fn repack(packages: &[&Path], control: &str, out: &Path) -> Result<()> {
    let tree = out.with_extension("tree");
    for (at, package) in packages.iter().enumerate() {
        let unpack = if at == 0 { "-R" } else { "-x" };
        dpkg_deb(&[unpack.as_ref(), package.as_os_str(), tree.as_os_str()])?;
    }
    fs::write(tree.join("DEBIAN/control"), control)?;
    let build = ["--root-owner-group", "-Zgzip", "-z1", "-b"].map(OsStr::new);
    dpkg_deb(&[&build[..], &[tree.as_os_str(), out.as_os_str()]].concat())?;
    Ok(fs::remove_dir_all(tree)?)
}

fn dpkg_deb(arguments: &[&OsStr]) -> Result<String> {
    let output = Command::new("dpkg-deb").args(arguments).output()?;
    if !output.status.success() {
        return Err(format!("dpkg-deb: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
