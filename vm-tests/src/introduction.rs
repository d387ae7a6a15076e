//! What a guest's disk is told about its world before the first boot: where AWS and the packages are, and whom
//! to trust about that, in the places that its distribution has for it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::error::{Result, While};
use crate::guest::network::GATEWAY;
use crate::host_command;
use crate::simulator::{DOCKER_HOST, DOCKER_MIRROR_HOST, HOSTS, MIRROR_HOST, PACKAGES_HOST};
use crate::system::{StandIn, System};
use crate::world::{TRUST_FINGERPRINT, TRUST_KEY};

/// Debian's bundle of certificates, which the programs of a stand-in read too.
pub(crate) const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Where a Debian is told of its packages.
const PACKAGE_SOURCE: &str = "/etc/apt/sources.list.d/packages.sources";

/// A file that a guest is given.
pub(crate) struct File {
    /// Its place, from the root on.
    pub path: String,
    /// All of it.
    pub content: Vec<u8>,
    /// Permissions.
    pub mode: u32,
}

impl File {
    pub fn new(path: &str, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.to_owned(), content: content.into(), mode: 0o644 }
    }
}

/// Writes it to `root`, from the certificate of the world's authority and the folder of its keys.
pub fn write(root: &Path, system: &System, authority: &Path, keys: &Path) -> Result<()> {
    for file in files(system, authority, keys)? {
        let place = root.join(&file.path[1..]);
        fs::create_dir_all(place.parent().unwrap_or(root))?;
        fs::write(&place, file.content).doing(|| format!("writing {}", place.display()))?;
        fs::set_permissions(place, Permissions::from_mode(file.mode))?;
    }
    host_command::run("chroot", [root.as_os_str(), "update-ca-certificates".as_ref()])?;
    match system {
        System::Debian(_) => Ok(()),
        System::StandIn(stand_in) => certificates(root, *stand_in, authority),
    }
}

/// What a guest of this system is told. The authority is trusted once it is in the bundle of certificates too.
pub(crate) fn files(system: &System, authority: &Path, keys: &Path) -> Result<Vec<File>> {
    let mut files = names_and_trust(authority, keys)?;
    if let System::Debian(suite) = system {
        files.extend(package_source(suite, keys)?);
    }
    Ok(files)
}

/// The same for a guest that has package sources of its own, whatever it is.
pub(crate) fn names_and_trust(authority: &Path, keys: &Path) -> Result<Vec<File>> {
    let key = |name: &str| read(&keys.join(name));
    Ok(vec![
        hosts(),
        File::new("/usr/local/share/ca-certificates/test-authority.crt", read(authority)?),
        File::new(TRUST_KEY, key("trust-key.asc")?),
        File::new(TRUST_FINGERPRINT, key("trust-key.fingerprint")?),
    ])
}

/// What the Linux below a machine of wine's is told: wine asks it for addresses, and takes from it whom to trust.
pub(crate) fn of_wine(authority: &Path) -> Result<Vec<File>> {
    Ok(vec![hosts(), File::new(BUNDLE, read(authority)?)])
}

fn hosts() -> File {
    let others = [&PACKAGES_HOST, &MIRROR_HOST, &DOCKER_HOST, &DOCKER_MIRROR_HOST];
    let names = HOSTS.iter().chain(others).copied().collect::<Vec<_>>().join(" ");
    File::new("/etc/hosts", format!("127.0.0.1 localhost guest\n{GATEWAY} {names}\n"))
}

/// The world's packages for this suite of Debian's.
fn package_source(suite: &str, keys: &Path) -> Result<[File; 2]> {
    let key = keys.join("archive-key.asc");
    let source = format!(
        "Types: deb\nURIs: http://{PACKAGES_HOST}/\nSuites: {suite}\nComponents: main\n\
         Signed-By: /etc/apt/keyrings/packages.asc\n"
    );
    Ok([File::new("/etc/apt/keyrings/packages.asc", read(&key)?), File::new(PACKAGE_SOURCE, source)])
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).doing(|| format!("reading {}", path.display()))
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
    copy(&root.join(&BUNDLE[1..]), &root.join(bundle))?;
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
