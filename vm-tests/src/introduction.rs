//! What a guest's disk is told about its world before the first boot: where AWS and the packages are, and whom
//! to trust about that, in the places that its distribution has for it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::error::{Result, While};
use crate::guest::network::GATEWAY;
use crate::host_command;
use crate::simulator::{DOCKER_HOST, DOCKER_MIRROR_HOST, HOSTS, MIRROR_HOST, PACKAGES_HOST};
use crate::system::{StandIn, System};
use crate::world::{TRUST_FINGERPRINT, TRUST_KEY};

/// Debian's bundle of certificates, which the programs of a stand-in read too.
const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";

/// Writes it to `root`, from the certificate of the world's authority and the folder of its keys.
pub fn write(root: &Path, system: &System, authority: &Path, keys: &Path) -> Result<()> {
    let others = [&PACKAGES_HOST, &MIRROR_HOST, &DOCKER_HOST, &DOCKER_MIRROR_HOST];
    let names = HOSTS.iter().chain(others).copied().collect::<Vec<_>>().join(" ");
    fs::write(root.join("etc/hosts"), format!("127.0.0.1 localhost guest\n{GATEWAY} {names}\n"))?;
    for (from, to) in [
        (authority.to_owned(), "usr/local/share/ca-certificates/test-authority.crt"),
        (keys.join("trust-key.asc"), &TRUST_KEY[1..]),
        (keys.join("trust-key.fingerprint"), &TRUST_FINGERPRINT[1..]),
    ] {
        copy(&from, &root.join(to))?;
    }
    host_command::run("chroot", [root.as_os_str(), "update-ca-certificates".as_ref()])?;
    match system {
        System::Debian(suite) => package_source(root, suite, keys),
        System::StandIn(stand_in) => certificates(root, *stand_in, authority),
    }
}

fn package_source(root: &Path, suite: &str, keys: &Path) -> Result<()> {
    copy(&keys.join("archive-key.asc"), &root.join("etc/apt/keyrings/packages.asc"))?;
    let source = format!(
        "Types: deb\nURIs: http://{PACKAGES_HOST}/\nSuites: {suite}\nComponents: main\n\
         Signed-By: /etc/apt/keyrings/packages.asc\n"
    );
    Ok(fs::write(root.join("etc/apt/sources.list.d/packages.sources"), source)?)
}

/// The bundle once more, where the distribution keeps its own.
fn certificates(root: &Path, stand_in: StandIn, authority: &Path) -> Result<()> {
    let (anchor, bundle, link, target) = match stand_in {
        StandIn::Sles15 | StandIn::Tumbleweed => (
            "etc/pki/trust/anchors",
            "var/lib/ca-certificates/ca-bundle.pem",
            "etc/ssl/ca-bundle.pem",
            "../../var/lib/ca-certificates/ca-bundle.pem",
        ),
        _ => (
            "etc/pki/ca-trust/source/anchors",
            "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
            "etc/pki/tls/certs/ca-bundle.crt",
            "../../ca-trust/extracted/pem/tls-ca-bundle.pem",
        ),
    };
    copy(authority, &root.join(anchor).join("test-authority.pem"))?;
    copy(&root.join(BUNDLE), &root.join(bundle))?;
    let link = root.join(link);
    fs::create_dir_all(link.parent().unwrap_or(root))?;
    Ok(symlink(target, link)?)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).doing(|| format!("copying {}", from.display())).map(drop)
}
