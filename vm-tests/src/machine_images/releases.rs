//! Disk images of each release of Debian as `landfall-image bootstrap` makes it of packages, mostly with the cloud kernel.

use std::path::PathBuf;

use image_recipes::bootstrap::packages;
use image_recipes::recipe::{Architecture, FileSystem, Kernel};

use super::{base, golden_of, introduced, known_of_the_world, mirror_in_the_environment};
use crate::error::{Result, While};
use crate::host_command;
use crate::introduction::File;
use crate::packages::Packages;

/// The Debian release of this name in the matrix, such as `debian-12`, that knows the tests' world and has nothing of
/// Landfall.
pub fn untouched(release: &str) -> Result<PathBuf> {
    knowing(release, Vec::new())
}

/// The same that tells every unit of the tests' mirror: no seed may name one, and the real one's key is not the tests'.
pub fn untouched_that_knows_the_mirror(release: &str) -> Result<PathBuf> {
    knowing(release, vec![mirror_for_all()?])
}

/// The file that does.
pub(crate) fn mirror_for_all() -> Result<File> {
    let told = format!("[Manager]\nDefaultEnvironment={}\n", mirror_in_the_environment()?);
    Ok(File::new("/etc/systemd/system.conf.d/mirror.conf", told))
}

/// What `bake` makes of it.
pub fn golden(release: &str) -> Result<PathBuf> {
    let packages = Packages::small(&suite(release)?)?;
    golden_of(host_command::finish, &untouched(release)?, release, &packages)
}

fn knowing(release: &str, further: Vec<File>) -> Result<PathBuf> {
    let base = base(host_command::finish, release, &["--kernel", kernel(release).word()])?;
    let packages = Packages::small(&suite(release)?)?;
    let mut files = known_of_the_world(&packages, Architecture::X86_64)?;
    files.extend(further);
    introduced(&base, &files)
}

/// The archive of bullseye's updates names a package of its cloud kernel that is not there.
fn kernel(release: &str) -> Kernel {
    if release == "debian-11" { Kernel::Generic } else { Kernel::Cloud }
}

/// Its name in Debian's archive.
pub fn suite(release: &str) -> Result<String> {
    let contents =
        packages::contents(release, Architecture::default(), Kernel::Cloud, FileSystem::default(), &[]);
    Ok(contents.doing(|| format!("looking for what {release} is"))?.suite)
}
