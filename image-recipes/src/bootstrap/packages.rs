//! What a base is made of, and where its packages come from: `bootstraps.toml`, and this machine's own apt sources.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::recipe::{FileSystem, Kernel};

/// The file.
const TABLE: &str = include_str!("../../bootstraps.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    packages: Vec<String>,
    kernels: BTreeMap<String, String>,
    filesystems: BTreeMap<String, String>,
    releases: BTreeMap<String, Release>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    suite: String,
    #[serde(default)]
    packages: Vec<String>,
}

/// What to make a base of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The release's name in its archive.
    pub suite: String,
    /// Everything to install, sorted.
    pub packages: Vec<String>,
}

/// The names of the releases that can be made.
#[must_use]
pub fn releases() -> Vec<String> {
    table().releases.into_keys().collect()
}

/// What a base of `release` is made of, with this kernel, this file system, and these further packages.
///
/// # Errors
/// When the release cannot be made from packages.
pub fn contents(
    release: &str,
    kernel: Kernel,
    file_system: FileSystem,
    further: &[String],
) -> Result<Contents> {
    let mut table = table();
    let Some(found) = table.releases.remove(release) else {
        return Err(Error::refused(format!("there is no way to make a base of '{release}' from packages"))
            .hint(format!(
                "these can be made: {}; others start from their vendor's image",
                releases().join(", ")
            )));
    };
    let lacks = |what| Error::bug(format!("bootstraps.toml lacks a {what}"));
    let kernel = table.kernels.remove(kernel.word()).ok_or_else(|| lacks("kernel"))?;
    let tools = table.filesystems.remove(file_system.word()).ok_or_else(|| lacks("file system"))?;
    let mut packages = table.packages;
    packages.extend(found.packages);
    packages.extend(further.iter().cloned());
    packages.extend([kernel, tools]);
    packages.sort();
    packages.dedup();
    Ok(Contents { suite: found.suite, packages })
}

fn table() -> Table {
    toml::from_str(TABLE).expect("bootstraps.toml is part of this program, and a test reads it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_release_that_can_be_made_is_one_of_the_matrix() {
        for release in releases() {
            assert!(distro_matrix::named(&release).is_some(), "{release}");
        }
    }

    #[test]
    fn each_kernel_is_another_package_and_a_package_is_named_once() {
        let of = |kernel| {
            contents("debian-12", kernel, FileSystem::Xfs, &["vim-tiny".into(), "sudo".into()]).unwrap()
        };
        let (generic, cloud) = (of(Kernel::Generic), of(Kernel::Cloud));
        assert!(generic.packages.contains(&"linux-image-amd64".into()) && generic != cloud);
        assert_eq!(generic.packages.iter().filter(|name| *name == "sudo").count(), 1);
        for name in ["vim-tiny", "xfsprogs"] {
            assert!(generic.packages.contains(&name.into()), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_made_is_refused_with_what_can() {
        let error = contents("rhel-9", Kernel::Generic, FileSystem::Ext4, &[]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.hint.unwrap().contains("debian-12"));
    }
}
