//! Disk images that boot quickly: each release of Debian as packages make it, mostly with the cloud kernel, which has
//! the drivers of an NVMe disk and of ext4 built in.
//!
//! So a machine may start without boot loader, firmware's search and initial RAM disk, and with no cloud-init to look
//! for a seed. All of that is on the disk, though, and starts it where it is asked to.

use std::path::{Path, PathBuf};

use image_recipes::bootstrap::packages;
use image_recipes::machine::{self, Bus};
use image_recipes::recipe::{Architecture, FileSystem, Kernel};

use super::{IMAGE, INITRD, KERNEL, base, introduced, known_of_the_world};
use crate::error::{Result, While};
use crate::guest::machine::Setup;
use crate::host_command;
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
    let kernel = kernel(release);
    let base = base(host_command::finish, release, &["--kernel", kernel.word()])?;
    let packages = Packages::stand_ins(&suite(release)?)?;
    let folder = introduced(&base, &known_of_the_world(&packages, Architecture::X86_64)?)?;
    let image = Image::of(&folder, "PARTLABEL=root", "cloud-init=disabled");
    Ok(if kernel == Kernel::Cloud { image } else { image.with_initrd(&folder) })
}

/// The archive of bullseye's updates names a package of its cloud kernel that is not there.
fn kernel(release: &str) -> Kernel {
    if release == "debian-11" { Kernel::Generic } else { Kernel::Cloud }
}

/// Its name in Debian's archive.
pub fn suite(release: &str) -> Result<String> {
    let contents = packages::contents(
        release,
        Architecture::default(),
        Kernel::Cloud,
        FileSystem::default(),
        &[],
    );
    Ok(contents.doing(|| format!("looking for what {release} is"))?.suite)
}
