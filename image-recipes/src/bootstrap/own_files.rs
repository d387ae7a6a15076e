//! The files that make packages a machine: where its root is, how it gets an address, what its boot loader says.
//!
//! All else is the distribution's. They are put in while the packages are installed, so that what comes out is whole.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::growth;
use super::packages::Contents;
use crate::error::{Result, While};
use crate::recipe::{Architecture, FileSystem};

/// The console is on the first serial port too: there a machine without a screen says why it does not boot.
const GRUB_DEFAULTS: &str = "# Read by update-grub after /etc/default/grub, which is a package's.
GRUB_DEFAULT=0
GRUB_TIMEOUT=1
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT=\"\"
GRUB_DISABLE_OS_PROBER=true
";

/// What of that is the architecture's.
fn grub_defaults(architecture: Architecture) -> String {
    let console = console(architecture);
    let terminal = match architecture {
        Architecture::X86_64 => {
            "GRUB_TERMINAL=\"console serial\"\nGRUB_SERIAL_COMMAND=\"serial --unit=0 --speed=115200\"\n"
        }
        // The firmware's console is on the serial port as well.
        Architecture::Aarch64 => "GRUB_TERMINAL=console\n",
    };
    format!("{GRUB_DEFAULTS}GRUB_CMDLINE_LINUX=\"{console}\"\n{terminal}")
}

/// A screen and the first serial port, as the kernel calls them; the last is where messages of the boot go.
fn console(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "console=tty0 console=ttyS0,115200",
        Architecture::Aarch64 => "console=tty0 console=ttyAMA0,115200",
    }
}

/// The hardware address names a clone to a DHCP server: it has no machine-id of its own yet when it first asks. What
/// cloud-init or netplan say of a card comes first.
pub(crate) const NETWORK: &str = "# Any card that nothing else configures asks for an address.
[Match]
Name=en* eth*

[Network]
DHCP=yes

[DHCPv4]
ClientIdentifier=mac
";

/// There are no locales to choose from, and cloud-init takes that for an error where nobody asked for one. Nor is it to
/// put mirrors of its own beside those that the base was made from.
const CLOUD_INIT: &str = "# A base speaks C.UTF-8; install 'locales' and take this out for another.
locale: false
# Its packages come from where its first ones came from.
apt: {preserve_sources_list: true}
# grow-root.service does it, where cloud-init finds nothing to do too.
growpart: {mode: off}
resize_rootfs: false
";

/// Where cloud-init finds no source it stays off, as it does by itself on a PC. On arm64 it would ask the network for
/// every cloud that may be one, for minutes of each boot.
const ONLY_WHAT_IS_FOUND: &str = "policy: search,found=all,maybe=none,notfound=disabled\n";

/// Nothing but its being there counts.
const KEEPS_BOOT_LOADERS_NEW: &str = "# While this is here, grub-cloud-amd64 installs GRUB and the shim anew whenever their packages are updated.
";

/// An environment block that nothing was saved in.
fn environment_block() -> Vec<u8> {
    let mut block = b"# GRUB Environment Block\n".to_vec();
    block.resize(1024, b'#');
    block
}

/// Writes them below `folder`, for a root file system and an EFI partition with these ids.
///
/// # Errors
/// When they cannot be written.
pub fn write(folder: &Path, contents: &Contents, root: &str, esp: &str) -> Result<()> {
    let (architecture, fstab) = (contents.architecture, fstab(contents.file_system, root, esp));
    let (defaults, first) = (grub_defaults(architecture), first_configuration(architecture, root));
    let environment = environment_block();
    let mut files = vec![
        ("etc/fstab", fstab.as_bytes()),
        ("etc/hostname", b"localhost\n"),
        ("etc/hosts", b"127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"),
        ("etc/cloud/cloud.cfg.d/80-base.cfg", CLOUD_INIT.as_bytes()),
        ("etc/default/grub.d/80-base.cfg", defaults.as_bytes()),
        ("etc/grub.d/enable_cloud", KEEPS_BOOT_LOADERS_NEW.as_bytes()),
        ("etc/systemd/network/80-dhcp.network", NETWORK.as_bytes()),
        (&growth::UNIT[1..], growth::UNIT_TEXT.as_bytes()),
        (&growth::SCRIPT[1..], growth::SCRIPT_TEXT.as_bytes()),
        ("boot/grub/grub.cfg", first.as_bytes()),
        ("boot/grub/grubenv", &environment),
        ("boot/efi/.keep", b""),
    ];
    if architecture == Architecture::Aarch64 {
        files.push(("etc/cloud/ds-identify.cfg", ONLY_WHAT_IS_FOUND.as_bytes()));
    }
    for (path, content) in files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).while_doing(|| format!("making {}", parent.display()))?;
        std::fs::write(&path, content).while_doing(|| format!("writing {}", path.display()))?;
    }
    let script = folder.join(&growth::SCRIPT[1..]);
    std::fs::set_permissions(&script, Permissions::from_mode(0o755))
        .while_doing(|| format!("writing {}", script.display()))?;
    let resolver = folder.join("etc/resolv.conf");
    symlink("../run/systemd/resolve/stub-resolv.conf", &resolver)
        .while_doing(|| format!("writing {}", resolver.display()))
}

/// Only ext4 is checked at a boot, and only it can be told what to do when it finds an error: the other two stop.
fn fstab(file_system: FileSystem, root: &str, esp: &str) -> String {
    let root = match file_system {
        FileSystem::Ext4 => format!("UUID={root} / ext4 defaults,errors=remount-ro 0 1"),
        other => format!("UUID={root} / {} defaults 0 0", other.word()),
    };
    format!("{root}\nUUID={esp} /boot/efi vfat umask=0077,nofail 0 2\n")
}

/// Until `update-grub` first runs in the machine: the links that the kernel's package keeps name the newest kernel.
fn first_configuration(architecture: Architecture, root: &str) -> String {
    let console = console(architecture);
    let terminal = match architecture {
        Architecture::X86_64 => {
            "serial --unit=0 --speed=115200\nterminal_input console serial\nterminal_output console serial\n"
        }
        Architecture::Aarch64 => "",
    };
    format!(
        "{terminal}set timeout=1
menuentry 'Debian' {{
    search --no-floppy --fs-uuid --set=root {root}
    linux /vmlinuz root=UUID={root} ro {console}
    initrd /initrd.img
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(file_system: FileSystem) -> Contents {
        let (suite, packages) = ("bookworm".into(), Vec::new());
        Contents { suite, architecture: Architecture::X86_64, file_system, packages }
    }

    #[test]
    fn only_on_arm64_has_cloud_init_to_be_told_not_to_search_for_clouds() {
        for architecture in [Architecture::X86_64, Architecture::Aarch64] {
            let folder = tempfile::tempdir().unwrap();
            let contents = Contents { architecture, ..contents(FileSystem::Ext4) };
            write(folder.path(), &contents, "0b0e", "ABCD-EF01").unwrap();
            let told = folder.path().join("etc/cloud/ds-identify.cfg").exists();
            assert_eq!(told, architecture == Architecture::Aarch64);
        }
    }

    #[test]
    fn the_root_is_found_by_its_id_in_all_three_places() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &contents(FileSystem::Ext4), "0b0e", "ABCD-EF01").unwrap();
        let read = |path: &str| std::fs::read_to_string(folder.path().join(path)).unwrap();
        assert!(read("etc/fstab").starts_with("UUID=0b0e / ext4"));
        assert_eq!(read("boot/grub/grub.cfg").matches("0b0e").count(), 2);
        assert_eq!(read("boot/grub/grubenv").len(), 1024);
        assert!(fstab(FileSystem::Btrfs, "0b0e", "").starts_with("UUID=0b0e / btrfs defaults 0 0\n"));
    }

    #[test]
    fn what_runs_at_a_boot_can_be_run() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &contents(FileSystem::Xfs), "0b0e", "ABCD-EF01").unwrap();
        let script = folder.path().join(&growth::SCRIPT[1..]);
        assert_eq!(std::fs::metadata(script).unwrap().permissions().mode() & 0o777, 0o755);
    }

    #[test]
    fn the_console_is_the_serial_port_that_the_architecture_has() {
        for (architecture, console, grubs_own) in
            [(Architecture::X86_64, "ttyS0", true), (Architecture::Aarch64, "ttyAMA0", false)]
        {
            for text in [grub_defaults(architecture), first_configuration(architecture, "0b0e")] {
                assert!(text.contains(&format!("console=tty0 console={console},115200")), "{text}");
                assert_eq!(text.contains("serial --unit=0"), grubs_own, "{text}");
            }
        }
    }
}
