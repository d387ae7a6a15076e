//! The packages that say what a posing Debian has from the start, so that others find what they require.
//!
//! `standin-base` provides what is really there under the names that an RPM distribution uses; a release
//! package says which release this is; and a package named `rpm` tells the architecture, as everywhere.

use crate::Result;
use crate::distribution::Distribution;
use crate::rpm::{Payload, Rpm, Tree};
use std::fs;
use std::path::{Path, PathBuf};

/// What the userland has, whoever asks for it.
const PROVIDED: &[&str] = &[
    "/bin/bash",
    "/bin/sh",
    "/sbin/ldconfig",
    "/usr/bin/bash",
    "/usr/bin/sh",
    "/usr/bin/systemctl",
    "/usr/sbin/groupadd",
    "/usr/sbin/ldconfig",
    "bash = 5.2",
    "ca-certificates = 2025",
    "coreutils = 9.1",
    "dbus = 1.14",
    "filesystem = 3.18",
    "glibc = 2.36",
    "iproute = 6.1",
    "iproute2 = 6.1",
    "libseccomp = 2.5.4",
    "shadow = 4.13",
    "shadow-utils = 2:4.13",
    "systemd = 252",
    "tar = 2:1.34",
    "util-linux = 2.38",
    "xz = 5.4",
];

/// Writes the packages into `out`, unsigned: they are put on the disk and never asked for; their files.
pub fn write_base_packages(distribution: &Distribution, out: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(out)?;
    let release = &distribution.release;
    let version = &release.version;
    let provides =
        |names: &[String]| -> String { names.iter().map(|name| format!("Provides: {name}\n")).collect() };
    let base = Rpm {
        name: "standin-base",
        version: "1",
        release: "1",
        payload: Payload::Gzip,
        preamble: provides(&PROVIDED.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()),
        scripts: include_str!("../files/rpm/standin-base.spec").to_owned(),
        files: Vec::new(),
    };
    let releasever = &release.releasever;
    let of_this_release = Rpm {
        name: &release.name,
        version,
        release: "1",
        preamble: provides(&[
            format!("system-release = {version}"),
            format!("system-release(releasever) = {releasever}"),
            format!("distribution-release = {version}"),
        ]),
        scripts: String::new(),
        ..base_like()
    };
    let rpm = Rpm { name: "rpm", version: "4.18.0", release: "1", ..base_like() };
    let empty = Tree::new(out.join("empty"))?;
    let mut written = Vec::new();
    for package in [base, of_this_release, rpm] {
        let file = out.join(package.file_name());
        package.build(empty.root(), &file)?;
        written.push(file);
    }
    fs::remove_dir(empty.root())?;
    Ok(written)
}

/// A package with nothing in it.
fn base_like() -> Rpm<'static> {
    Rpm {
        name: "",
        version: "",
        release: "",
        payload: Payload::Gzip,
        preamble: String::new(),
        scripts: String::new(),
        files: Vec::new(),
    }
}
