//! The distributions as data: one TOML file per release, read at compile time.
//!
//! This crate holds the types and the look-up. It does no I/O, and it decides nothing: what to do
//! with a release is the installer's business.

use std::io::Read;
use std::sync::OnceLock;

use flate2::read::DeflateDecoder;

mod find;
mod identity;
mod os_release;
mod packages;
mod release;
#[cfg(test)]
mod tests;

pub use find::{Found, find};
pub use identity::Identity;
pub use os_release::OsRelease;
pub use packages::{DockerOrigin, DockerRepository, Format, Least, Manager, Packages, Tool};
pub use release::{Cgroups, Distro, Gpu, Image, LinuxSecurity, Quirk, Support, Windows};

/// `distros/*.toml`, made one by `build.rs`.
static RELEASES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/releases"));

/// Every release, in the order of its file's name.
///
/// # Panics
/// When a file of the matrix is broken, which a test of this crate rules out.
#[must_use]
pub fn all() -> &'static [Distro] {
    static ALL: OnceLock<Vec<Distro>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut text = String::new();
        DeflateDecoder::new(RELEASES).read_to_string(&mut text).expect("packed by our own build");
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("distros/*.toml: {e}"))
    })
}

/// Every release with Linux.
pub fn linux() -> impl Iterator<Item = &'static Distro> {
    all().iter().filter(|distro| distro.windows.is_none())
}

/// Every release of Windows.
pub fn windows() -> impl Iterator<Item = &'static Distro> {
    all().iter().filter(|distro| distro.windows.is_some())
}

/// The release of this name, such as `debian-12`.
#[must_use]
pub fn named(release: &str) -> Option<&'static Distro> {
    all().iter().find(|distro| distro.release == release)
}
