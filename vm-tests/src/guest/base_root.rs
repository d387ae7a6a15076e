//! The root file system that guests start from: a real Debian with what a bare server surely has.
//!
//! Made by mmdebstrap from the testing machine's own apt sources and cached as an unpacked folder;
//! every guest gets a plain copy, so that Docker's overlay2 finds an ordinary file system under it.
//! Whatever Landfall has to bring itself (Docker, iptables, procps, gpg, curl) is kept out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::statvfs::statvfs;

use crate::cache;
use crate::error::{Error, Result, While};
use crate::host_command;
use image_recipes::bootstrap::apt_sources;

/// Goes up when the recipe below changes in a way that its inputs do not show.
const RECIPE: &[u8] = b"2";

/// On top of minbase: an init, what it needs to be asked, TLS roots, and the means to look at the network.
const PACKAGES: &str = "systemd,systemd-sysv,dbus,ca-certificates,iproute2";

/// A mirror's copy of a rolling release may be weeks old. Its signature is checked all the same.
pub const STALE_IS_FINE: &str = "Acquire::Check-Valid-Until \"false\";";

/// A root of the Debian release `suite`, ready to be copied; do not change it in place.
pub fn debian(suite: &str) -> Result<PathBuf> {
    debian_with(suite, &[])
}

/// The same with further packages on it.
pub fn debian_with(suite: &str, further: &[String]) -> Result<PathBuf> {
    let packages = further.iter().fold(PACKAGES.to_owned(), |all, name| format!("{all},{name}"));
    let sources = apt_sources::for_suite(suite)?;
    let architecture = host_command::run("dpkg", ["--print-architecture"])?;
    let ingredients =
        [RECIPE, suite.as_bytes(), architecture.as_bytes(), packages.as_bytes(), sources.as_bytes()];
    let entry = cache::entry("base-root", &ingredients, |folder| make(suite, &packages, &sources, folder))?;
    Ok(entry.join("root"))
}

fn make(suite: &str, packages: &str, sources: &str, folder: &Path) -> Result<()> {
    let source_list = folder.join("debian.sources");
    fs::write(&source_list, sources)?;
    let root = folder.join("root");
    fs::create_dir(&root)?;
    let unpack = format!("tar --extract --numeric-owner --xattrs --directory '{}'", root.display());
    let bootstrap = mmdebstrap(suite, packages);
    let script = format!("set -o pipefail; {bootstrap} < '{}' | {unpack}", source_list.display());
    let mut command = Command::new("bash");
    if let Some(scratch) = memory_scratch() {
        command.env("TMPDIR", scratch);
    }
    let output =
        command.args(["-c", &script]).stdin(Stdio::null()).output().doing(|| "starting mmdebstrap")?;
    if !output.status.success() {
        return Err(Error::new(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    make_anonymous(&root)
}

/// The command line, which reads the sources from its standard input only where the mirror is '-'; what speeds up the making is taken out of the result again, so that apt and
/// dpkg in the guest behave as they do anywhere.
fn mmdebstrap(suite: &str, packages: &str) -> String {
    format!(
        "mmdebstrap --quiet --variant=minbase --include={packages} --format=tar \
         --aptopt='Acquire::Languages \"none\"' --aptopt='{STALE_IS_FINE}' --dpkgopt=force-unsafe-io \
         --customize-hook='rm -f \"$1\"/etc/apt/apt.conf.d/99mmdebstrap \
         \"$1\"/etc/dpkg/dpkg.cfg.d/99mmdebstrap \"$1\"/etc/apt/sources.list.d/*' \
         {suite} - -"
    )
}

/// A folder in memory, if there is room for unpacking there: it halves the time.
fn memory_scratch() -> Option<&'static str> {
    const SHARED_MEMORY: &str = "/dev/shm";
    let space = statvfs(SHARED_MEMORY).ok()?;
    (space.blocks_available() * space.fragment_size() > 2 << 30).then_some(SHARED_MEMORY)
}

/// Takes out what mmdebstrap copied from the testing machine.
fn make_anonymous(root: &Path) -> Result<()> {
    fs::write(root.join("etc/hostname"), "guest\n")?;
    fs::write(root.join("etc/machine-id"), "")?;
    let resolver = root.join("etc/resolv.conf");
    fs::remove_file(&resolver)?;
    fs::write(resolver, "# Names come from /etc/hosts: there is no name server in a test network.\n")?;
    Ok(())
}
