//! Facts from single files: cgroups, security modules, mounts, routes, programs.

use std::path::{Path, PathBuf};

use distro_matrix::Distro;
use serde::{Deserialize, Serialize};

use crate::elf;
use crate::error::Result;
use crate::host::Host;
use crate::step::{FIREWALLD, SELINUX_FILE, SELINUX_NOW, mode_at_boot};

/// Security modules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Security {
    /// `enforcing`, `permissive`, or nothing.
    pub selinux: Option<String>,
    /// What its file has it be from the next boot on: `enforcing`, `permissive`, `disabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selinux_at_boot: Option<String>,
    /// Whether AppArmor is on.
    pub apparmor: bool,
}

impl Security {
    pub(super) fn read(host: &dyn Host) -> Result<Self> {
        let selinux = line(host, SELINUX_NOW)?
            .map(|flag| if flag == "1" { "enforcing".to_owned() } else { "permissive".to_owned() });
        let apparmor = line(host, "/sys/module/apparmor/parameters/enabled")?.as_deref() == Some("Y");
        let file = host.read(Path::new(SELINUX_FILE)).ok().flatten().unwrap_or_default();
        let selinux_at_boot = mode_at_boot(&String::from_utf8_lossy(&file)).map(str::to_owned);
        Ok(Self { selinux, selinux_at_boot, apparmor })
    }

    /// Whether SELinux enforces.
    #[must_use]
    pub fn enforces(&self) -> bool {
        self.selinux.as_deref() == Some("enforcing")
    }

    /// Whether SELinux enforces from the next boot on.
    #[must_use]
    pub fn enforces_at_boot(&self) -> bool {
        self.selinux_at_boot.as_deref() == Some("enforcing")
    }
}

pub(super) fn cgroup_version(host: &dyn Host) -> Result<u8> {
    if host.stat(Path::new("/sys/fs/cgroup/cgroup.controllers"))?.is_some() {
        return Ok(2);
    }
    Ok(u8::from(host.stat(Path::new("/sys/fs/cgroup/memory"))?.is_some()))
}

/// Of the modules that a release's packages are for, those that the running kernel has already: in its lists of
/// modules, or built in.
pub(super) fn kernel_modules(host: &dyn Host, kernel: &str, distro: Option<&Distro>) -> Result<Vec<String>> {
    let tools = distro.iter().flat_map(|distro| distro.packages.tools.values());
    let mut wanted: Vec<&String> = tools.filter_map(|tool| tool.module.as_ref()).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut lists = String::new();
    for list in ["modules.dep", "modules.builtin"] {
        let content = host.read(&Path::new("/lib/modules").join(kernel).join(list))?.unwrap_or_default();
        lists += &String::from_utf8_lossy(&content);
    }
    wanted.retain(|module| lists.contains(&format!("/{module}.ko")));
    Ok(wanted.into_iter().cloned().collect())
}

/// Where the kernel keeps no account of memory, the limits of tasks do nothing.
pub(super) fn no_memory_control(host: &dyn Host) -> Result<bool> {
    let controllers = host.read(Path::new("/sys/fs/cgroup/cgroup.controllers")).ok().flatten();
    let listed =
        controllers.map(|text| String::from_utf8_lossy(&text).split_whitespace().any(|it| it == "memory"));
    let arguments = line(host, "/proc/cmdline")?.unwrap_or_default();
    let off = arguments.split_whitespace().any(|argument| argument == "cgroup_disable=memory");
    Ok(listed.map_or(off, |listed| !listed))
}

/// Whether something is mounted there that is lost at the next boot.
pub(super) fn is_in_memory(host: &dyn Host, path: &str) -> Result<bool> {
    let mounts = mounts(host)?;
    let kind = |line: &str| Some(line.split_once(" - ")?.1.split(' ').next()?.to_owned());
    let mut there = mounted_at(&mounts, path);
    Ok(there.any(|line| matches!(kind(line).as_deref(), Some("tmpfs" | "ramfs"))))
}

/// Whether what is mounted there last is for reading alone: the mount, or the file system.
pub(super) fn is_mounted_read_only(host: &dyn Host, path: &str) -> Result<bool> {
    let mounts = mounts(host)?;
    let Some(last) = mounted_at(&mounts, path).last() else { return Ok(false) };
    let mount = last.split(' ').nth(5);
    let file_system = last.split_once(" - ").and_then(|(_, rest)| rest.split(' ').nth(2));
    let read_only = |options: &str| options.split(',').any(|option| option == "ro");
    Ok(mount.into_iter().chain(file_system).any(read_only))
}

/// Where the file system is mounted that holds a path, and the number of its device: the mount that is nearest above it.
pub(super) fn mounted_above(host: &dyn Host, path: &str) -> Result<(String, String)> {
    let mounts = mounts(host)?;
    let places = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(2);
        let (device, place) = (fields.next()?, fields.nth(1)?);
        Path::new(path).starts_with(place).then_some((place, device))
    });
    let (place, device) = places.max_by_key(|(place, _)| place.len()).unwrap_or(("/", ""));
    Ok((place.to_owned(), device.to_owned()))
}

/// The kernel's folder of the device that holds the root. Btrfs has a number of its own, which is no device's: there it is
/// the device that was named when it was mounted.
pub(crate) fn device_of_root(host: &dyn Host) -> Result<Option<PathBuf>> {
    let mounts = mounts(host)?;
    let Some(line) = mounted_at(&mounts, "/").last() else { return Ok(None) };
    let number = line.split(' ').nth(2).unwrap_or_default();
    if let Some(device) = host.resolve(&Path::new("/sys/dev/block").join(number))? {
        return Ok(Some(device));
    }
    let named = line.split(" - ").nth(1).and_then(|it| it.split(' ').nth(1)?.strip_prefix("/dev/"));
    named.map_or(Ok(None), |name| host.resolve(&Path::new("/sys/class/block").join(name)))
}

fn mounts(host: &dyn Host) -> Result<String> {
    let content = host.read(Path::new("/proc/self/mountinfo"))?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&content).into_owned())
}

fn mounted_at<'a>(mounts: &'a str, path: &str) -> impl Iterator<Item = &'a str> {
    mounts.lines().filter(move |line| line.split(' ').nth(4) == Some(path))
}

/// The machine that process 1 was built for: a 64-bit kernel may carry a 32-bit userland.
pub(super) fn first_program(host: &dyn Host) -> Result<Option<String>> {
    let head = host.read_head(Path::new("/proc/1/exe"), elf::HEAD)?.unwrap_or_default();
    Ok(elf::machine(&head).map(str::to_owned))
}

/// Whether firewalld runs; systemd, which knows, is asked only where it is installed.
pub(super) fn firewalld(host: &dyn Host) -> bool {
    let runs = || host.units(&[FIREWALLD]).is_ok_and(|units| units.iter().any(|unit| unit.active));
    host.which("firewall-cmd").is_some() && runs()
}

pub(super) fn default_routes(host: &dyn Host) -> Result<Vec<String>> {
    let text = |path: &str| -> Result<String> {
        let content = host.read(Path::new(path))?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&content).into_owned())
    };
    let word = |line: &str, at: usize| line.split_whitespace().nth(at).map(str::to_owned);
    let ipv4 = text("/proc/net/route")?.lines().any(|line| word(line, 1).as_deref() == Some("00000000"));
    let ipv6 = text("/proc/net/ipv6_route")?.lines().any(|line| {
        let everywhere = line.starts_with(&"0".repeat(32)) && word(line, 1).as_deref() == Some("00");
        everywhere && word(line, 9).as_deref() != Some("lo")
    });
    let found = [(ipv4, "ipv4"), (ipv6, "ipv6")];
    Ok(found.iter().filter(|(there, _)| *there).map(|(_, name)| (*name).to_owned()).collect())
}

/// The first line of a file, trimmed; nothing where it is missing, empty or may not be read.
pub(super) fn line(host: &dyn Host, path: &str) -> Result<Option<String>> {
    let content = host.read(Path::new(path)).ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    Ok(text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::fresh;

    #[test]
    fn a_mount_over_a_file_is_lost_with_the_boot_only_where_it_is_in_memory() {
        let mounted = |kind: &str| {
            let mut fake = fresh();
            let line = format!("36 25 0:31 /id /etc/machine-id ro,relatime shared:1 - {kind} {kind} rw\n");
            fake.put("/proc/self/mountinfo", &line, 0o444);
            is_in_memory(&fake, "/etc/machine-id").unwrap()
        };
        assert!(mounted("tmpfs") && mounted("ramfs"));
        assert!(!mounted("ext4") && !mounted("overlay"));
    }

    #[test]
    fn a_root_is_read_only_by_its_last_mount_or_by_its_file_system() {
        let root = |lines: &[&str]| {
            let mut fake = fresh();
            fake.put("/proc/self/mountinfo", &lines.join("\n"), 0o444);
            is_mounted_read_only(&fake, "/").unwrap()
        };
        let (read_only, writable) = (
            "22 1 0:20 / / ro,relatime - ext4 /dev/sda1 rw",
            "23 1 0:20 / / rw,relatime - ext4 /dev/sda1 rw",
        );
        assert!(root(&[read_only]) && root(&[writable, read_only]));
        assert!(!root(&[writable]) && !root(&[read_only, writable]) && !root(&[]));
        assert!(root(&["22 1 0:20 / / rw,relatime - iso9660 /dev/sr0 ro,errors=continue"]));
        assert!(!root(&["30 22 0:20 / /mnt ro - ext4 /dev/sdb1 ro"]));
    }

    #[test]
    fn a_folder_is_in_the_file_system_that_is_mounted_nearest_above_it() {
        let above = |places: &[&str]| {
            let mut fake = fresh();
            let line =
                |(number, place): (usize, &&str)| format!("1 2 0:{number} / {place} rw - ext4 /dev/vda rw");
            let lines: Vec<String> = places.iter().enumerate().map(line).collect();
            fake.put("/proc/self/mountinfo", &lines.join("\n"), 0o444);
            mounted_above(&fake, "/var/lib").unwrap()
        };
        assert_eq!(above(&["/", "/var", "/var/lib/docker", "/var/li"]), ("/var".into(), "0:1".into()));
        assert_eq!((above(&["/"]).0.as_str(), above(&[]).0.as_str()), ("/", "/"));
    }

    #[test]
    fn process_1_tells_what_the_programs_are_for() {
        let mut fake = fresh();
        assert_eq!(first_program(&fake).unwrap(), None);
        let mut head = elf::program(&[1]);
        head[18] = 62;
        fake.put("/proc/1/exe", &String::from_utf8(head).unwrap(), 0o755);
        assert_eq!(first_program(&fake).unwrap().as_deref(), Some("x86_64"));
    }

    #[test]
    fn a_module_that_the_running_kernel_has_is_known_and_asked_for_where_the_matrix_does_alone() {
        let mut fake = fresh();
        fake.put("/lib/modules/6.12/modules.dep", "kernel/net/netfilter/xt_addrtype.ko.xz: x\n", 0o644);
        let of = |release, kernel| kernel_modules(&fake, kernel, distro_matrix::named(release)).unwrap();
        assert_eq!(of("rhel-10", "6.12"), ["xt_addrtype"]);
        assert_eq!(of("rhel-10", "6.13"), [""; 0]);
        assert_eq!(of("debian-12", "6.12"), [""; 0]);
    }
}
