//! apt and dpkg.

use std::path::Path;

use super::Invocation;
use crate::host::Packages;

/// apt without translations and without Recommends, which nobody needs here; it may add packages and
/// never remove one; a configuration file that somebody changed is kept.
/// Just before dpkg begins, its hook writes down what dpkg will be given, durably.
pub(super) fn invocation(packages: &Packages) -> Invocation {
    match packages {
        Packages::Update => Invocation::plain(
            "apt-get",
            ["update", "-q", "-o", "Acquire::Languages=none", "-o", "APT::Get::List-Cleanup=false"],
        ),
        Packages::Install { names, files, record, downgrade, .. } => {
            let record = record.display();
            let hook = format!("DPkg::Pre-Install-Pkgs::=cat >> '{record}' && sync '{record}'");
            let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            let downgrade = downgrade.then_some("--allow-downgrades");
            install().and(["-o", &hook]).and(downgrade).and(names.iter().chain(&files).map(String::as_str))
        }
        Packages::Reinstall(name) => install().and(["--reinstall", name]),
        Packages::Configure => {
            Invocation::plain("dpkg", ["--configure", "-a", "--force-confdef", "--force-confold"])
        }
        Packages::ClearBroken(name) => {
            Invocation::plain("dpkg", ["--remove", "--force-remove-reinstreq", name])
        }
        Packages::Purge(list) => Invocation::plain("dpkg", ["--purge"]).and(list.iter().map(String::as_str)),
        Packages::Remove(list) => {
            Invocation::plain("dpkg", ["--remove"]).and(list.iter().map(String::as_str))
        }
        // Files come together with the names, and keys are named by the sources.
        Packages::Preview { .. }
        | Packages::InstallFiles { .. }
        | Packages::TrustKey(_)
        | Packages::ForgetKey(_) => Invocation::plain("false", []),
    }
    .quietly()
}

fn install() -> Invocation {
    Invocation::plain("apt-get", ["install", "-q", "-y", "--no-install-recommends", "--no-remove"])
        .and(["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"])
        .and(["-o", "Dpkg::Use-Pty=0"])
}

/// The packages that `apt-cache policy` has a candidate for: each is a line of its own with a colon behind
/// it, and below it what is known about it; of a package nobody has heard of nothing is said.
pub(in super::super) fn candidates(said: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut name = "";
    for line in said.lines() {
        match line.trim().strip_prefix("Candidate: ") {
            Some("(none)") => {}
            Some(_) => found.push(name.to_owned()),
            None if !line.starts_with(' ') => name = line.trim_end_matches(':'),
            None => {}
        }
    }
    found
}

pub(super) fn control_data(package: &Path) -> Invocation {
    Invocation::plain("dpkg-deb", ["--field"]).and([
        package.display().to_string().as_str(),
        "Package",
        "Version",
        "Architecture",
    ])
}

pub(super) fn offered(names: &[String]) -> Invocation {
    Invocation::plain("apt-cache", ["policy"]).and(names.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_without_a_candidate_cannot_be_had() {
        let said = "docker.io:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n     \
             20.10.24 -1\n        500 http://debian.test bookworm/main amd64 Packages\n\
             docker-ce:\n  Installed: (none)\n  Candidate: 5:28.3.2-1\n  Version table:\n";
        assert_eq!(candidates(said), ["docker-ce"]);
        assert_eq!(candidates(""), [""; 0]);
    }
}
