//! Disk images that boot quickly: each release of Debian as packages make it, mostly with the cloud kernel, which has
//! the drivers of an NVMe disk and of ext4 built in.
//!
//! So a machine may start without boot loader, firmware's search and initial RAM disk, and with no cloud-init to look
//! for a seed. All of that is on the disk, though, and starts it where it is asked to.

use std::path::{Path, PathBuf};

use image_recipes::bootstrap::packages;
use image_recipes::machine::{self, Bus};
use image_recipes::recipe::{Architecture, FileSystem, Kernel};

use super::{
    IMAGE, INITRD, KERNEL, base, golden_of, introduced, known_of_the_world, mirror_in_the_environment,
};
use crate::error::{Result, While};
use crate::guest::machine::Setup;
use crate::host_command;
use crate::introduction::File;
use crate::packages::Packages;

/// A disk image, and what starts it quickly.
pub struct Image {
    /// The disk.
    pub disk: PathBuf,
    kernel: machine::Kernel,
}

impl Image {
    /// In a folder of the cache, whose kernel finds its root in this place by itself.
    pub(super) fn of(folder: &Path, root: &str, further: &str) -> Self {
        let command_line = format!("root={root} rootwait rw console=ttyS0,115200 {further}");
        let kernel = machine::Kernel { file: folder.join(KERNEL), initrd: None, command_line };
        Self { disk: folder.join(IMAGE), kernel }
    }

    /// Whose kernel needs its initial RAM disk for that.
    fn with_initrd(mut self, folder: &Path) -> Self {
        self.kernel.initrd = Some(folder.join(INITRD));
        self
    }

    /// A machine that starts with the kernel alone, until it is told otherwise.
    #[must_use]
    pub fn quickly(&self) -> Setup {
        Setup { kernel: Some(self.kernel.clone()), bus: Bus::Nvme, ..Setup::default() }
    }
}

/// The Debian release of this name in the matrix, such as `debian-12`, that knows the tests' world and has nothing of
/// Landfall.
pub fn debian(release: &str) -> Result<Image> {
    let folder = folder(release, Vec::new())?;
    let image = Image::of(&folder, "PARTLABEL=root", "cloud-init=disabled");
    Ok(if kernel(release) == Kernel::Cloud { image } else { image.with_initrd(&folder) })
}

/// The same, to be booted as it is.
pub fn untouched(release: &str) -> Result<PathBuf> {
    Ok(folder(release, Vec::new())?.join(IMAGE))
}

/// The same that tells every unit of the tests' mirror: no seed may name one, and the real one's key is not the tests'.
pub fn untouched_that_knows_the_mirror(release: &str) -> Result<PathBuf> {
    Ok(folder(release, vec![mirror_for_all()?])?.join(IMAGE))
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

fn folder(release: &str, further: Vec<File>) -> Result<PathBuf> {
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
