//! Facts from single files: os-release, cgroups, security modules, routes, containers.

use std::path::Path;

use distro_matrix::OsRelease;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::host::Host;
use crate::step::{FIREWALLD, SELINUX_FILE, SELINUX_NOW, mode_at_boot};

/// What os-release says; empty where there is none.
pub(super) fn os_release(host: &dyn Host) -> Result<OsRelease> {
    for path in ["/etc/os-release", "/usr/lib/os-release"] {
        if let Some(content) = host.read(Path::new(path))? {
            return Ok(parse(&String::from_utf8_lossy(&content)));
        }
    }
    Ok(OsRelease::default())
}

fn parse(text: &str) -> OsRelease {
    let mut parsed: os_release::OsRelease = text.lines().map(str::to_owned).collect();
    let mut extra =
        |key: &str| parsed.extra.remove(key).unwrap_or_default().trim_matches(['"', '\'']).to_owned();
    let (ubuntu, debian) = (extra("UBUNTU_CODENAME"), extra("DEBIAN_CODENAME"));
    OsRelease {
        parent_codename: if ubuntu.is_empty() { debian } else { ubuntu },
        platform_id: extra("PLATFORM_ID"),
        variant_id: extra("VARIANT_ID"),
        id_like: parsed.id_like.split_whitespace().map(str::to_owned).collect(),
        id: parsed.id,
        version_id: parsed.version_id,
        name: parsed.name,
        pretty_name: parsed.pretty_name,
        codename: parsed.version_codename,
    }
}

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

pub(super) fn container(host: &dyn Host) -> Result<Option<String>> {
    if let Some(kind) = line(host, "/run/systemd/container")? {
        return Ok(Some(kind));
    }
    let kernel = line(host, "/proc/sys/kernel/osrelease")?.unwrap_or_default();
    if kernel.to_lowercase().contains("microsoft") {
        return Ok(Some("wsl".into()));
    }
    let docker = host.stat(Path::new("/.dockerenv"))?.map(|_| "docker".to_owned());
    Ok(docker)
}

pub(super) fn cgroup_version(host: &dyn Host) -> Result<u8> {
    if host.stat(Path::new("/sys/fs/cgroup/cgroup.controllers"))?.is_some() {
        return Ok(2);
    }
    Ok(u8::from(host.stat(Path::new("/sys/fs/cgroup/memory"))?.is_some()))
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
    let mounts = host.read(Path::new("/proc/self/mountinfo"))?.unwrap_or_default();
    let mounts = String::from_utf8_lossy(&mounts);
    let kind = |line: &str| Some(line.split_once(" - ")?.1.split(' ').next()?.to_owned());
    let there = |line: &&str| line.split(' ').nth(4) == Some(path);
    Ok(mounts.lines().filter(there).any(|line| matches!(kind(line).as_deref(), Some("tmpfs" | "ramfs"))))
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
    fn os_release_is_read_with_and_without_quotes() {
        let parsed = parse(
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n",
        );
        assert_eq!((parsed.id.as_str(), parsed.version_id.as_str()), ("debian", "12"));
        assert_eq!(parsed.codename, "bookworm");
    }
}
