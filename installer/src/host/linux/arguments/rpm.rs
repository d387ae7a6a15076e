//! yum, dnf, zypper, and rpm below them.
//!
//! Each may add packages and never remove one, takes no package that is only recommended, and goes on where a
//! repository does not answer that is not needed. None is told to import keys, or to mind no signature.

use std::path::Path;

use distro_matrix::Manager;

use super::Invocation;
use crate::brought::record;
use crate::certificate::fingerprints;
use crate::durable::parent;
use crate::host::Packages;

/// What rpm is asked of the keys that it trusts.
pub(super) const KEY_QUERY: &str = "package %{NAME}-%{VERSION}-%{RELEASE}\\n%{DESCRIPTION}\\n";
/// What stands in front of each.
const MARK: &str = "package ";

/// A package file's own words, in those of a Debian package.
const CONTROL_DATA: &str = "Package: %{NAME}\\nVersion: %{VERSION}-%{RELEASE}\\nArchitecture: %{ARCH}\\n";

pub(super) fn invocation(manager: Manager, packages: &Packages) -> Invocation {
    match packages {
        Packages::Update => match manager {
            Manager::Zypper => zypper().and(["refresh"]),
            // yum 3 cannot be told to ask again while it works, only to forget that it asked.
            Manager::Yum => dnf(manager).and(["-y", "-q", "clean", "expire-cache"]),
            manager => dnf(manager).and(["-y", "-q", "--refresh", "makecache"]),
        },
        Packages::Preview { names, enable } => match manager {
            Manager::Zypper => {
                zypper().and(["--xmlout", "install", "--download-only", "--no-recommends"]).and(words(names))
            }
            manager => dnf(manager)
                .and(["-y"])
                .and(install(enable).iter().map(String::as_str))
                .and(["--downloadonly"])
                .and(words(names)),
        },
        Packages::Install { names, enable, .. } => match manager {
            Manager::Zypper => zypper().and(["install", "--no-recommends"]).and(words(names)),
            manager => dnf(manager)
                .and(["-y", "-q"])
                .and(install(enable).iter().map(String::as_str))
                .and(words(names)),
        },
        Packages::InstallFiles { files, downgrade } => {
            let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            install_files().and(downgrade.then_some("--oldpackage")).and(files.iter().map(String::as_str))
        }
        // rpm knows nothing that is half done: what was cut short is erased, and comes anew.
        Packages::Reinstall(_) | Packages::Configure | Packages::ClearBroken(_) => {
            Invocation::plain("false", [])
        }
        Packages::Purge(list) | Packages::Remove(list) => erase().and(list.iter().map(String::as_str)),
        Packages::TrustKey(file) => {
            Invocation::plain("rpmkeys", ["--import"]).and([file.display().to_string().as_str()])
        }
        // Not every rpmkeys can delete, and those that can take different words.
        Packages::ForgetKey(key) => erase().and([key.as_str()]),
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
    Invocation {
        folder: Some(parent(&record()).to_owned()),
        ..Invocation::plain("rpm", ["-e", "--allmatches"])
    }
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
        manager => dnf(manager)
            .and(["-q", "repoquery", "--latest-limit=1", "--queryformat", "%{name}\\n"])
            .and(names),
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

/// The package of a key in rpm's keyring. Its name has only a part of the fingerprint, up to rpm 5, so the certificate
/// itself is asked.
pub(in super::super) fn key_of(keys: &str, fingerprint: &str) -> Option<String> {
    let packages = keys.split(MARK).filter_map(|package| package.split_once('\n'));
    let mut its = packages.filter(|(_, armored)| {
        fingerprints(armored.as_bytes()).iter().any(|it| it.eq_ignore_ascii_case(fingerprint))
    });
    its.next().map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::tests::{OTHER, VENDOR, armor, fingerprint, public};

    #[test]
    fn a_key_is_found_by_the_fingerprint_of_its_certificate_and_not_by_its_name() {
        let (vendor, other) = (armor(&public(&VENDOR)), armor(&public(&OTHER)));
        let keys = format!("{MARK}gpg-pubkey-621e9f35-1\n{other}\n{MARK}gpg-pubkey-8483c65d-2\n{vendor}\n");
        assert_eq!(key_of(&keys, &fingerprint(&VENDOR)).as_deref(), Some("gpg-pubkey-8483c65d-2"));
        assert_eq!(key_of(&keys, &"0".repeat(40)), None);
        assert_eq!(key_of("", &fingerprint(&VENDOR)), None);
    }

    #[test]
    fn no_manager_is_told_to_import_keys_or_to_mind_no_signature_and_rpm_minds_what_it_is_given() {
        let names = vec!["docker-ce".to_owned()];
        for manager in [Manager::Yum, Manager::Dnf, Manager::Dnf5, Manager::Zypper] {
            for packages in [
                Packages::Update,
                Packages::Preview { names: names.clone(), enable: Vec::new() },
                Packages::Install {
                    names: names.clone(),
                    files: Vec::new(),
                    enable: vec!["extra".into()],
                    record: record(),
                    downgrade: true,
                },
            ] {
                let shown = format!("{:?}", invocation(manager, &packages));
                for never in ["gpg", "unsigned", "allowerasing", "force", "oldpackage"] {
                    assert!(!shown.contains(never), "{manager:?}: {shown}");
                }
            }
        }
        let files = Packages::InstallFiles { files: vec!["/x.rpm".into()], downgrade: false };
        let shown = format!("{:?}", invocation(Manager::Dnf, &files));
        assert!(shown.contains("_pkgverify_level digest") && !shown.contains("nosignature"), "{shown}");
    }

    #[test]
    fn what_can_be_had_is_read_from_each_managers_own_words() {
        let names: Vec<String> = ["docker-ce", "moby-engine"].map(str::to_owned).to_vec();
        let one = ["moby-engine".to_owned()];
        assert_eq!(found(Manager::Dnf5, "moby-engine\n", &names), one);
        let yum = "Available Packages\nmoby-engine.x86_64    20.10    extras\n";
        assert_eq!(found(Manager::Yum, yum, &names), one);
        let zypper = "<solvable status=\"not-installed\" name=\"moby-engine\" kind=\"package\"/>";
        assert_eq!(found(Manager::Zypper, zypper, &names), one);
        assert_eq!(found(Manager::Dnf, "", &names), [""; 0]);
    }
}
