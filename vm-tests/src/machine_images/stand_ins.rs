//! Disk images of Debians that pose as RPM distributions: the root that containers have, with what makes it a
//! machine, all of it Debian's: a kernel, udev and a network.
//!
//! There is no boot loader on them: QEMU starts the kernel. rpm's database knows nothing of what is added, as Landfall
//! does not ask for it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use image_recipes::machine::{self, Bus};
use image_recipes::recipe::Architecture;

use super::{IMAGE, UNIT, WANTED, agent, convert};
use crate::cache;
use crate::error::{Error, Result, While};
use crate::guest::machine::Setup;
use crate::guest::stand_in_root;
use crate::host_command;
use crate::introduction::{self, File};
use crate::packages::Packages;
use crate::simulator::{self, AUTHORITY};
use crate::system::{StandIn, System};

/// Goes up when the recipe below changes in a way that its inputs do not show.
const RECIPE: &[u8] = b"1";

/// What a container does without.
const MACHINE: [&str; 3] = ["linux-image-cloud-amd64", "udev", "kmod"];

const SIZE: &str = "4G";

const OWN_FILES: [(&str, &str); 2] = [
    ("/etc/fstab", "/dev/nvme0n1 / ext4 defaults 0 1\n"),
    ("/etc/systemd/network/80-dhcp.network", "[Match]\nName=en* eth*\n\n[Network]\nDHCP=yes\n"),
];

const KERNEL: &str = "vmlinuz";

/// No RPM distribution of these has AppArmor, which Debian's kernel has.
const COMMAND_LINE: &str = "root=/dev/nvme0n1 rootwait rw console=ttyS0,115200 apparmor=0";

/// A disk image, and the kernel that starts it.
pub struct Image {
    /// The disk.
    pub disk: PathBuf,
    kernel: machine::Kernel,
}

impl Image {
    /// In a folder of the cache.
    fn of(folder: &Path) -> Self {
        let file = folder.join(KERNEL);
        let kernel = machine::Kernel { file, initrd: None, command_line: COMMAND_LINE.to_owned() };
        Self { disk: folder.join(IMAGE), kernel }
    }

    /// A machine that starts with the kernel alone, which has the drivers of its disk built in.
    #[must_use]
    pub fn quickly(&self) -> Setup {
        Setup { kernel: Some(self.kernel.clone()), bus: Bus::Nvme, ..Setup::default() }
    }
}

/// A machine that poses as this, with further packages of Debian's from the beginning; it knows the tests' world and
/// has nothing of Landfall.
pub fn with(stand_in: StandIn, further: &[&str]) -> Result<Image> {
    let packages: Vec<&str> = MACHINE.iter().chain(further).copied().collect();
    let plain = stand_in_root::with(stand_in, &packages)?;
    let system = System::StandIn(stand_in);
    let keys = tempfile::tempdir()?;
    Packages::of(&system)?.copy_keys(keys.path())?;
    let authority = simulator::authority()?.join(AUTHORITY);
    let own = OWN_FILES.iter().map(|(path, content)| File::new(path, *content));
    let own: Vec<File> = own.chain(agent(Architecture::X86_64)?).collect();
    let told = introduction::files(&system, &authority, keys.path())?;
    let mut ingredients: Vec<&[u8]> = vec![RECIPE, plain.as_os_str().as_encoded_bytes()];
    let files = told.iter().chain(&own);
    ingredients.extend(files.flat_map(|file| [file.path.as_bytes(), file.content.as_slice()]));
    let folder = cache::entry("machine-stand-in", &ingredients, |folder| {
        let root = folder.join("root");
        let copy = [Path::new("--archive"), Path::new("--reflink=auto"), &plain, &root];
        host_command::run("cp", copy)?;
        introduction::write(&root, &system, &authority, keys.path())?;
        own.iter().try_for_each(|file| put(&root, file))?;
        let wanted = root.join(&WANTED[1..]);
        fs::create_dir_all(wanted.parent().unwrap_or(&root))?;
        symlink(UNIT, wanted)?;
        host_command::run(
            "systemctl",
            [Path::new("--root"), &root, Path::new("enable"), Path::new("systemd-networkd")],
        )?;
        take_kernel(&root, &folder.join(KERNEL))?;
        let raw = folder.join("disk.raw");
        let make = ["-q", "-t", "ext4", "-L", "root", "-d"].map(Path::new);
        host_command::run("mke2fs", make.into_iter().chain([&*root, &*raw, Path::new(SIZE)]))?;
        convert(&raw, "qcow2", &folder.join(IMAGE))?;
        fs::remove_file(raw)?;
        Ok(fs::remove_dir_all(root)?)
    })?;
    Ok(Image::of(&folder))
}

fn put(root: &Path, file: &File) -> Result<()> {
    let place = root.join(&file.path[1..]);
    fs::create_dir_all(place.parent().unwrap_or(root))?;
    fs::write(&place, &file.content).doing(|| format!("writing {}", place.display()))?;
    Ok(fs::set_permissions(place, Permissions::from_mode(file.mode))?)
}

fn take_kernel(root: &Path, to: &Path) -> Result<()> {
    let boot = fs::read_dir(root.join("boot")).doing(|| "looking for a kernel")?;
    let mut files = boot.flatten().map(|entry| entry.path());
    let is_kernel =
        |path: &Path| path.file_name().is_some_and(|it| it.to_string_lossy().starts_with("vmlinuz-"));
    let kernel =
        files.find(|path| is_kernel(path)).ok_or_else(|| Error::new("there is no kernel in /boot"))?;
    fs::copy(&kernel, to).doing(|| format!("copying {}", kernel.display())).map(drop)
}
