//! What a package manager would take away to install something.
//!
//! apt can be told never to. The others can not: what a package declares itself in the place of, they take away
//! without a word. So they are asked first what they would do.

use distro_matrix::Manager;

use crate::host::Output;

/// The packages that would go, by what was printed of a transaction that was not carried out.
pub(crate) fn would_remove(manager: Manager, preview: &Output) -> Vec<String> {
    match manager {
        Manager::Apt => Vec::new(),
        Manager::Zypper => of_zypper(&preview.stdout),
        Manager::Yum | Manager::Dnf | Manager::Dnf5 => of_dnf(&preview.stdout),
    }
}

/// A table with headings; what is replaced stands in a line of its own below what replaces it. An upgrade
/// replaces an older version of itself, which is no removal.
fn of_dnf(said: &str) -> Vec<String> {
    let mut removed = Vec::new();
    let mut removing = false;
    let mut replacing = "";
    for line in said.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if !line.starts_with(' ') {
            removing = line.starts_with("Removing");
            continue;
        }
        match words[..] {
            ["replacing", package, ..] => {
                let name = package.split('.').next().unwrap_or(package);
                if name != replacing {
                    removed.push(name.to_owned());
                }
            }
            [package, _, ..] => {
                if removing {
                    removed.push(package.to_owned());
                }
                replacing = package;
            }
            _ => {}
        }
    }
    removed
}

fn of_zypper(said: &str) -> Vec<String> {
    let Some((_, rest)) = said.split_once("<to-remove") else { return Vec::new() };
    let list = rest.split_once("</to-remove>").map_or(rest, |(list, _)| list);
    let name = |piece: &str| piece.split_once('"').map(|(name, _)| name.to_owned());
    list.split(" name=\"").skip(1).filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(stdout: &str) -> Output {
        Output { stdout: stdout.into(), ..Output::default() }
    }

    #[test]
    fn what_dnf_would_replace_or_remove_is_seen_and_an_upgrade_is_not() {
        let dnf4 = "Dependencies resolved.\n====\n Package  Arch  Version  Repo  Size\n====\nInstalling:\n \
            docker-ce  x86_64  3:28.3.2-1  docker  7.0 k\nInstalling dependencies:\n containerd.io  x86_64  1.7-1  docker  6 k\n\
            \x20    replacing  runc.x86_64 1.2-1\n\nTransaction Summary\n====\nInstall  2 Packages\n";
        assert_eq!(would_remove(Manager::Dnf, &printed(dnf4)), ["runc"]);
        let dnf5 = "Package  Arch  Version  Repository  Size\nInstalling:\n docker-ce  x86_64  3:28  docker  0 B\n\
            \x20  replacing runc  x86_64 1.2-1 os 0 B\nUpgrading:\n iptables-nft x86_64 1.9-1 os 0 B\n   replacing iptables-nft x86_64 1.8-1 os 0 B\n\
            Removing:\n podman  x86_64 5.2-1 os 0 B\n\nTransaction Summary:\n";
        assert_eq!(would_remove(Manager::Dnf5, &printed(dnf5)), ["runc", "podman"]);
        assert!(would_remove(Manager::Dnf, &printed("Nothing to do.\n")).is_empty());
    }

    #[test]
    fn what_zypper_would_remove_is_seen() {
        let said = "<stream><install-summary download-size=\"1\"><to-install><solvable type=\"package\" name=\"docker\" \
            edition=\"28-1\"/></to-install><to-remove><solvable type=\"package\" name=\"podman\" edition=\"5.2-1\" \
            arch=\"x86_64\"/></to-remove></install-summary></stream>";
        assert_eq!(would_remove(Manager::Zypper, &printed(said)), ["podman"]);
        assert!(would_remove(Manager::Zypper, &printed("<stream></stream>")).is_empty());
    }
}
