//! What a base is made of, and where its packages come from: `bootstraps.toml`, and this machine's own apt sources.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::recipe::{Architecture, FileSystem, Kernel};

/// The file.
const TABLE: &str = include_str!("../../bootstraps.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    packages: Vec<String>,
    architectures: BTreeMap<String, Hardware>,
    filesystems: BTreeMap<String, String>,
    releases: BTreeMap<String, Release>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hardware {
    packages: Vec<String>,
    kernels: BTreeMap<String, String>,
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
    /// What it runs on.
    pub architecture: Architecture,
    /// The root's file system.
    pub file_system: FileSystem,
    /// Everything to install, sorted.
    pub packages: Vec<String>,
}

/// The names of the releases that can be made.
#[must_use]
pub fn releases() -> Vec<String> {
    table().releases.into_keys().collect()
}

/// What a base of `release` for `architecture` is made of, with this kernel, this file system, and these further
/// packages.
///
/// # Errors
/// When the release cannot be made from packages.
pub fn contents(
    release: &str,
    architecture: Architecture,
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
    if architecture != Architecture::X86_64 && file_system != FileSystem::Ext4 {
        return Err(Error::refused(format!(
            "a base for {} on {} cannot be made",
            architecture.name(),
            file_system.word()
        ))
        .hint("its root can be on ext4"));
    }
    let lacks = |what| Error::bug(format!("bootstraps.toml lacks a {what}"));
    let hardware = table.architectures.remove(architecture.name());
    let mut hardware = hardware.ok_or_else(|| lacks("architecture"))?;
    let kernel = hardware.kernels.remove(kernel.word()).ok_or_else(|| lacks("kernel"))?;
    let tools = table.filesystems.remove(file_system.word()).ok_or_else(|| lacks("file system"))?;
    let mut packages = table.packages;
    packages.extend(hardware.packages);
    packages.extend(found.packages);
    packages.extend(further.iter().cloned());
    packages.extend([kernel, tools]);
    packages.sort();
    packages.dedup();
    Ok(Contents { suite: found.suite, architecture, file_system, packages })
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
        let further = ["vim-tiny".into(), "sudo".into()];
        let of =
            |kernel| contents("debian-12", Architecture::X86_64, kernel, FileSystem::Xfs, &further).unwrap();
        let (generic, cloud) = (of(Kernel::Generic), of(Kernel::Cloud));
        assert!(generic.packages.contains(&"linux-image-amd64".into()) && generic != cloud);
        assert_eq!(generic.packages.iter().filter(|name| *name == "sudo").count(), 1);
        for name in ["vim-tiny", "xfsprogs"] {
            assert!(generic.packages.contains(&name.into()), "{name}");
        }
    }

    #[test]
    fn each_architecture_has_its_own_kernels_and_boot_loader_and_none_of_anothers() {
        for kernel in [Kernel::Generic, Kernel::Cloud] {
            let packages = contents("debian-12", Architecture::Aarch64, kernel, FileSystem::Ext4, &[]);
            let packages = packages.unwrap().packages;
            assert!(packages.contains(&"grub-efi-arm64-bin".into()), "{packages:?}");
            assert!(
                packages.iter().all(|it| !it.contains("amd64") && !it.contains("grub-pc")),
                "{packages:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_made_is_refused_with_what_can() {
        let arm64 = contents("debian-12", Architecture::Aarch64, Kernel::Generic, FileSystem::Xfs, &[]);
        assert!(arm64.unwrap_err().hint.unwrap().contains("ext4"));
        let rhel = contents("rhel-9", Architecture::X86_64, Kernel::Generic, FileSystem::Ext4, &[]);
        let error = rhel.unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.hint.unwrap().contains("debian-12"));
    }
}
