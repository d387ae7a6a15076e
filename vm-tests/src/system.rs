//! What guests run: a Debian, or a Debian that poses as an RPM distribution.
//!
//! A stand-in has the package manager, the package database, the presets and the os-release of what it poses
//! as, over the programs of a Debian that hides its own. What each poses as is a file of `stand-ins/`. It says
//! something about package managers and the names of packages, and nothing about that distribution's own
//! kernel, SELinux, or packages.

use std::path::PathBuf;

use stand_in_packages::Distribution;

use crate::error::{Result, While};
use crate::guest::{base_root, stand_in_root};
use crate::programs;

/// What a guest runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum System {
    /// The Debian release of this name.
    Debian(String),
    /// A Debian posing as something else.
    StandIn(StandIn),
}

/// What a Debian can pose as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandIn {
    /// CentOS Stream 9, with dnf 4.
    El9,
    /// Amazon Linux 2023, with dnf 4.
    Al2023,
    /// CentOS 7, with a dnf 4 that answers to yum alone.
    El7,
    /// Fedora 43, with dnf 5 and an rpm 6 that refuses what is not signed.
    Fedora43,
    /// SUSE Linux Enterprise Server 15, with zypper.
    Sles15,
    /// openSUSE Tumbleweed, with zypper and rpm 6.
    Tumbleweed,
}

impl StandIn {
    /// All of them.
    pub const ALL: [StandIn; 6] = [
        StandIn::El9,
        StandIn::Al2023,
        StandIn::El7,
        StandIn::Fedora43,
        StandIn::Sles15,
        StandIn::Tumbleweed,
    ];

    /// The name of its file.
    pub fn name(self) -> &'static str {
        match self {
            StandIn::El9 => "el9",
            StandIn::Al2023 => "al2023",
            StandIn::El7 => "el7",
            StandIn::Fedora43 => "fedora43",
            StandIn::Sles15 => "sles15",
            StandIn::Tumbleweed => "tumbleweed",
        }
    }

    /// The release that it poses as, by its name in the distribution matrix.
    pub fn release(self) -> &'static str {
        match self {
            StandIn::El9 => "centos-stream-9",
            StandIn::Al2023 => "amzn-2023",
            StandIn::El7 => "centos-7",
            StandIn::Fedora43 => "fedora-43",
            StandIn::Sles15 => "sles-15",
            StandIn::Tumbleweed => "opensuse-tumbleweed",
        }
    }

    /// The file that says what it poses as.
    pub fn file(self) -> PathBuf {
        programs::workspace().join("vm-tests/stand-ins").join(self.name()).with_extension("toml")
    }

    /// What it poses as.
    pub fn distribution(self) -> Result<Distribution> {
        Distribution::read(&self.file()).doing(|| format!("reading what {} is", self.name()))
    }
}

impl System {
    /// The Debian release that its programs are from.
    pub fn suite(&self) -> Result<String> {
        match self {
            System::Debian(suite) => Ok(suite.clone()),
            System::StandIn(stand_in) => Ok(stand_in.distribution()?.base),
        }
    }

    /// The disk that a guest begins with, to be copied and not to be changed.
    pub fn root(&self) -> Result<PathBuf> {
        self.root_with(&[])
    }

    /// The same with further packages of Debian's.
    pub fn root_with(&self, further: &[&str]) -> Result<PathBuf> {
        let names = || further.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        match self {
            System::Debian(suite) => base_root::debian_with(suite, &names()),
            System::StandIn(stand_in) => stand_in_root::with(*stand_in, further),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StandIn;

    #[test]
    fn every_stand_in_has_a_file_that_names_its_release_alike_throughout() {
        for stand_in in StandIn::ALL {
            let it = stand_in.distribution().unwrap();
            let version = it.os_release.lines().find_map(|line| line.strip_prefix("VERSION_ID=")).unwrap();
            let version = version.trim_matches('"');
            assert!(distro_matrix::named(stand_in.release()).is_some(), "{stand_in:?}");
            assert!(it.release.version.starts_with(version), "{stand_in:?}: {version}");
            let server = it.docker_server.first();
            assert!(server.is_none_or(|path| path.ends_with(version)), "{stand_in:?}: {server:?}");
        }
    }
}
