//! yum, dnf, zypper, and rpm below them.
//!
//! Each may add packages and never remove one, takes no package that is only recommended, and goes on where a
//! repository does not answer that is not needed. None is told to import keys, or to mind no signature.

use std::path::Path;

use distro_matrix::Manager;

use super::Invocation;
use crate::brought::record;
use crate::durable::parent;
use crate::host::Packages;

/// What rpm is asked of the keys that it trusts.
pub(super) const KEY_QUERY: &str = "%{VERSION} %{RELEASE} %{SUMMARY}\\n";

/// A package file's own words, in those of a Debian package.
const CONTROL_DATA: &str = "Package: %{NAME}\\nVersion: %{VERSION}-%{RELEASE}\\nArchitecture: %{ARCH}\\n";

pub(super) fn invocation(manager: Manager, packages: &Packages) -> Invocation {
    match packages {
        Packages::Update => match manager {
            Manager::Zypper => zypper().and(["refresh"]),
            // yum 3 cannot be told to ask again while it works, only to forget that it asked.
            Manager::Yum => dnf(manager).and(["-y", "clean", "expire-cache"]),
            manager => dnf(manager).and(["-y", "--refresh", "makecache"]),
        },
        Packages::Preview { names, enable } => match manager {
            Manager::Zypper => {
                zypper().and(["--xmlout", "install", "--dry-run", "--no-recommends"]).and(words(names))
            }
            manager => dnf(manager)
                .and(["--assumeno"])
                .and(install(enable).iter().map(String::as_str))
                .and(words(names)),
        },
        Packages::Install { names, enable, .. } => match manager {
            Manager::Zypper => zypper().and(["install", "--no-recommends"]).and(words(names)),
            manager => {
                dnf(manager).and(["-y"]).and(install(enable).iter().map(String::as_str)).and(words(names))
            }
        },
        Packages::InstallFiles { files, downgrade } => {
            let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            install_files().and(downgrade.then_some("--oldpackage")).and(files.iter().map(String::as_str))
        }
        Packages::Reinstall(name) => match manager {
            Manager::Zypper => zypper().and(["install", "--force", "--no-recommends", name]),
            manager => dnf(manager).and(["-y", "reinstall", name]),
        },
        // rpm leaves nothing half done that it could finish, and keeps no configuration apart.
        Packages::Configure => Invocation::plain("true", []),
        Packages::ClearBroken(name) => erase().and([name.as_str()]),
        Packages::Purge(list) | Packages::Remove(list) => erase().and(list.iter().map(String::as_str)),
        Packages::TrustKey(file) => {
            Invocation::plain("rpmkeys", ["--import"]).and([file.display().to_string().as_str()])
        }
        Packages::ForgetKey(fingerprint) => Invocation::plain("rpmkeys", ["--delete", fingerprint]),
    }
}

fn dnf(manager: Manager) -> Invocation {
    Invocation::plain(
        manager.program(),
        ["--setopt=install_weak_deps=0", "--setopt=*.skip_if_unavailable=1", "--setopt=exit_on_lock=1"],
    )
}

fn install(enable: &[String]) -> Vec<String> {
    let enable = enable.iter().map(|name| format!("--enablerepo={name}"));
    ["install".to_owned()].into_iter().chain(enable).collect()
}

fn words(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().map(String::as_str)
}

fn zypper() -> Invocation {
    Invocation::plain("zypper", ["--non-interactive"])
}

/// Of these files Landfall knows who signed them, beside them; rpm still checks that they are whole. Some
/// of AWS's scripts write into the folder that they are called in.
fn install_files() -> Invocation {
    let invocation = Invocation::plain(
        "rpm",
        ["-U", "--define", "_pkgverify_level digest", "--define", "_pkgverify_flags 0x0"],
    );
    Invocation { folder: Some(parent(&record()).join("downloads")), ..invocation }
}

fn erase() -> Invocation {
    Invocation { folder: Some(parent(&record()).to_owned()), ..Invocation::plain("rpm", ["-e"]) }
}

pub(super) fn control_data(package: &Path) -> Invocation {
    Invocation::plain("rpm", ["-qp", "--nosignature", "--queryformat", CONTROL_DATA])
        .and([package.display().to_string().as_str()])
}

pub(super) fn offered(manager: Manager, names: &[String]) -> Invocation {
    let names = names.iter().map(String::as_str);
    match manager {
        Manager::Zypper => {
            zypper().and(["--xmlout", "search", "--match-exact", "--type", "package"]).and(names)
        }
        Manager::Yum => dnf(manager).and(["-y", "-q", "list", "available"]).and(names),
        manager => {
            dnf(manager).and(["-q", "repoquery", "--available", "--queryformat", "%{name}\\n"]).and(names)
        }
    }
}

/// The names that were asked for and are in the answer.
pub(in super::super) fn found(manager: Manager, said: &str, names: &[String]) -> Vec<String> {
    let is_found = |name: &&String| match manager {
        Manager::Zypper => said.contains(&format!(" name=\"{name}\"")),
        Manager::Yum => said.lines().any(|line| line.split('.').next() == Some(name)),
        _ => said.lines().any(|line| line.trim() == name.as_str()),
    };
    names.iter().filter(is_found).cloned().collect()
}

/// Whether a key is in rpm's keyring. Up to rpm 5 it is named by the last eight figures of its fingerprint.
pub(in super::super) fn trusts(keys: &str, fingerprint: &str) -> bool {
    let fingerprint = fingerprint.to_lowercase();
    let mut versions = keys.lines().filter_map(|line| line.split(' ').next());
    versions.any(|version| version.len() >= 8 && fingerprint.ends_with(version))
}
