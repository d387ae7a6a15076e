//! What the system runs in or on: a container, a hypervisor, a cloud; and whether its own files can be changed.
//!
//! All of it from a few small files. What of it matters, and how much, is judged in `findings/environment.rs`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::system::{is_mounted_read_only, line};
use crate::error::Result;
use crate::host::Host;

/// What the firmware says of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Firmware {
    vendor: String,
    product: String,
    product_version: String,
    bios: String,
    bios_version: String,
    asset_tag: String,
}

/// Where the words below are looked for.
type Field = fn(&Firmware) -> &str;

/// Clouds by a word in what their firmware says, as cloud-init and systemd know them.
const CLOUDS: [(&str, Field, &str); 23] = [
    ("ec2", |it| &it.vendor, "Amazon EC2"),
    ("ec2", |it| &it.bios, "Amazon EC2"),
    ("ec2", |it| &it.asset_tag, "Amazon EC2"),
    // Those on Xen.
    ("ec2", |it| &it.bios_version, "amazon"),
    ("ec2", |it| &it.product_version, "amazon"),
    ("google", |it| &it.product, "Google Compute Engine"),
    // Hyper-V has the rest in common with it.
    ("azure", |it| &it.asset_tag, "7783-7084-3265-9085-8269-3286-77"),
    ("alibaba", |it| &it.vendor, "Alibaba Cloud"),
    ("digitalocean", |it| &it.vendor, "DigitalOcean"),
    ("exoscale", |it| &it.vendor, "Exoscale"),
    ("hetzner", |it| &it.vendor, "Hetzner"),
    ("huawei", |it| &it.vendor, "Huawei Cloud"),
    ("ibm", |it| &it.asset_tag, "ibmcloud"),
    ("linode", |it| &it.vendor, "Linode"),
    ("linode", |it| &it.vendor, "Akamai"),
    ("oracle", |it| &it.asset_tag, "OracleCloud.com"),
    ("ovh", |it| &it.vendor, "OVH"),
    ("scaleway", |it| &it.vendor, "Scaleway"),
    ("tencent", |it| &it.vendor, "Tencent Cloud"),
    ("upcloud", |it| &it.vendor, "UpCloud"),
    ("vultr", |it| &it.vendor, "Vultr"),
    ("openstack", |it| &it.product, "OpenStack"),
    ("openstack", |it| &it.asset_tag, "OpenTelekomCloud"),
];

const HYPERVISORS: [(&str, Field, &str); 10] = [
    ("vmware", |it| &it.vendor, "VMware"),
    ("hyper-v", |it| &it.product, "Virtual Machine"),
    ("virtualbox", |it| &it.product, "VirtualBox"),
    ("virtualbox", |it| &it.vendor, "innotek GmbH"),
    ("parallels", |it| &it.vendor, "Parallels"),
    ("apple", |it| &it.product, "Apple Virtualization"),
    ("bhyve", |it| &it.bios, "BHYVE"),
    ("xen", |it| &it.vendor, "Xen"),
    ("kvm", |it| &it.vendor, "QEMU"),
    ("kvm", |it| &it.product, "KVM"),
];

/// What the system runs in or on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Environment {
    /// The cloud, such as `ec2` or `google`, where it is a known one.
    pub cloud: Option<String>,
    /// The hypervisor, such as `kvm`, where its firmware says so.
    pub hypervisor: Option<String>,
    /// What lays the system's files out as a whole, so that packages cannot: `ostree`, `transactional-update`.
    pub immutable: Option<String>,
    /// Whether the root is mounted for reading alone.
    pub read_only_root: bool,
}

impl Environment {
    pub(super) fn look(host: &dyn Host, immutable: Option<String>) -> Result<Self> {
        let firmware = Firmware::look(host)?;
        let uuid = line(host, "/sys/class/dmi/id/product_uuid")?;
        let read_only_root = is_mounted_read_only(host, "/")?;
        let there = |path: &str| Ok::<bool, crate::error::Error>(host.stat(Path::new(path))?.is_some());
        let immutable = if there("/run/ostree-booted")? {
            Some("ostree".into())
        } else if read_only_root && there("/usr/sbin/transactional-update")? {
            Some("transactional-update".into())
        } else {
            immutable
        };
        Ok(Self {
            cloud: firmware.cloud(uuid.as_deref()),
            hypervisor: firmware.hypervisor(),
            immutable,
            read_only_root,
        })
    }
}

impl Firmware {
    fn look(host: &dyn Host) -> Result<Self> {
        let field = |name: &str| {
            Ok::<_, crate::error::Error>(
                line(host, &format!("/sys/class/dmi/id/{name}"))?.unwrap_or_default(),
            )
        };
        Ok(Self {
            vendor: field("sys_vendor")?,
            product: field("product_name")?,
            product_version: field("product_version")?,
            bios: field("bios_vendor")?,
            bios_version: field("bios_version")?,
            asset_tag: field("chassis_asset_tag")?,
        })
    }

    fn cloud(&self, uuid: Option<&str>) -> Option<String> {
        let named = self.first_of(&CLOUDS);
        named.or_else(|| uuid.filter(|id| self.may_be_old_ec2() && is_of_ec2(id)).map(|_| "ec2".into()))
    }

    fn hypervisor(&self) -> Option<String> {
        self.first_of(&HYPERVISORS)
    }

    fn first_of(&self, table: &[(&str, Field, &str)]) -> Option<String> {
        let found = table.iter().find(|(_, field, word)| field(self).contains(word));
        found.map(|(name, ..)| (*name).to_owned())
    }

    /// Only instances on Xen do not say it in words, and one random id in 4096 begins as theirs do.
    fn may_be_old_ec2(&self) -> bool {
        self.vendor.is_empty() || self.vendor == "Xen"
    }
}

/// Whether this is a virtual machine, where its firmware says so.
pub(crate) fn is_virtual(host: &dyn Host) -> Result<bool> {
    let firmware = Firmware::look(host)?;
    Ok(firmware.hypervisor().or_else(|| firmware.cloud(None)).is_some())
}

/// The id of an instance begins with its name, and so it does with its first bytes the other way round.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/identify_ec2_instances.html>
fn is_of_ec2(uuid: &str) -> bool {
    let id = uuid.to_ascii_lowercase();
    id.starts_with("ec2") || (id.get(6..8) == Some("ec") && id.get(4..5) == Some("2"))
}

/// Whether this is a virtual machine: its firmware says so, or its processor does, which x86 alone has a word
/// for.
pub(crate) fn is_virtual_machine(host: &dyn Host) -> Result<bool> {
    let firmware = Firmware::look(host)?;
    if firmware.hypervisor().is_some() || firmware.cloud(None).is_some() {
        return Ok(true);
    }
    // The first processor's lines are enough, and reading all of them takes long on large machines.
    let head = host.read_head(Path::new("/proc/cpuinfo"), 4096)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&head);
    let flags = text.lines().find(|line| line.starts_with("flags"));
    Ok(flags.is_some_and(|line| line.split_whitespace().any(|flag| flag == "hypervisor")))
}

/// The kind of container this is, in systemd's words; it stands where systemd is process 1.
pub(crate) fn container(host: &dyn Host) -> Result<Option<String>> {
    if let Some(kind) = line(host, "/run/systemd/container")? {
        return Ok(Some(kind));
    }
    // A container on WSL has WSL's kernel, so the kernel is asked last.
    for (path, kind) in [
        ("/run/.containerenv", "podman"),
        ("/.dockerenv", "docker"),
        ("/run/secrets/kubernetes.io", "kubernetes"),
    ] {
        if host.stat(Path::new(path)).ok().flatten().is_some() {
            return Ok(Some(kind.into()));
        }
    }
    let kernel = line(host, "/proc/sys/kernel/osrelease")?.unwrap_or_default();
    if kernel.to_lowercase().contains("microsoft") || kernel.contains("WSL") {
        return Ok(Some("wsl".into()));
    }
    // The second is on the machine that holds such containers alone.
    let is_openvz =
        host.stat(Path::new("/proc/vz"))?.is_some() && host.stat(Path::new("/proc/bc"))?.is_none();
    Ok(Some("openvz".to_owned()).filter(|_| is_openvz))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::fresh;

    fn container_with(files: &[(&str, &str)]) -> Option<String> {
        let mut fake = fresh();
        files.iter().for_each(|(path, text)| fake.put(path, text, 0o444));
        container(&fake).unwrap()
    }

    #[test]
    fn containers_are_told_by_what_systemd_or_their_engine_leaves_in_them() {
        assert_eq!(container_with(&[]), None);
        for (path, text, kind) in [
            ("/run/systemd/container", "lxc\n", "lxc"),
            ("/run/.containerenv", "engine=\"podman-5\"\n", "podman"),
            ("/.dockerenv", "", "docker"),
            ("/run/secrets/kubernetes.io", "", "kubernetes"),
            ("/proc/sys/kernel/osrelease", "5.15.167.4-microsoft-standard-WSL2\n", "wsl"),
            ("/proc/sys/kernel/osrelease", "4.4.0-19041-Microsoft\n", "wsl"),
            ("/proc/vz", "", "openvz"),
        ] {
            assert_eq!(container_with(&[(path, text)]).as_deref(), Some(kind), "{path}");
        }
        assert_eq!(container_with(&[("/proc/vz", ""), ("/proc/bc", "")]), None, "it holds containers");
        assert_eq!(container_with(&[("/proc/sys/kernel/osrelease", "6.8.0-1017-azure\n")]), None);
    }

    #[test]
    fn a_container_on_wsl_is_a_container() {
        let both =
            [("/.dockerenv", ""), ("/proc/sys/kernel/osrelease", "6.6.87.2-microsoft-standard-WSL2\n")];
        assert_eq!(container_with(&both).as_deref(), Some("docker"));
    }

    #[test]
    fn clouds_and_hypervisors_are_told_by_their_firmware() {
        let with = |vendor: &str, product: &str, asset_tag: &str| {
            let firmware = Firmware {
                vendor: vendor.into(),
                product: product.into(),
                asset_tag: asset_tag.into(),
                ..Firmware::default()
            };
            (firmware.cloud(None).unwrap_or_default(), firmware.hypervisor().unwrap_or_default())
        };
        let azure = "7783-7084-3265-9085-8269-3286-77";
        for (vendor, product, asset_tag, cloud, hypervisor) in [
            ("Amazon EC2", "m7i.large", "Amazon EC2", "ec2", ""),
            ("Google", "Google Compute Engine", "", "google", ""),
            ("Google", "Lindar", "", "", ""),
            ("Microsoft Corporation", "Virtual Machine", azure, "azure", "hyper-v"),
            ("Microsoft Corporation", "Virtual Machine", "8265-1111", "", "hyper-v"),
            ("Microsoft Corporation", "Surface Laptop", "", "", ""),
            ("DigitalOcean", "Droplet", "", "digitalocean", ""),
            ("Hetzner", "vServer", "", "hetzner", ""),
            ("OpenStack Foundation", "OpenStack Nova", "", "openstack", ""),
            ("QEMU", "Standard PC (i440FX + PIIX, 1996)", "OracleCloud.com", "oracle", "kvm"),
            ("Alibaba Cloud", "Alibaba Cloud ECS", "", "alibaba", ""),
            ("VMware, Inc.", "VMware Virtual Platform", "", "", "vmware"),
            ("QEMU", "Standard PC (Q35 + ICH9, 2009)", "", "", "kvm"),
            ("Dell Inc.", "PowerEdge R650", "", "", ""),
        ] {
            assert_eq!(
                with(vendor, product, asset_tag),
                (cloud.into(), hypervisor.into()),
                "{vendor} {product}"
            );
        }
    }

    #[test]
    fn an_id_tells_of_ec2_only_where_nothing_else_could_have_drawn_it() {
        let with = |vendor: &str, uuid: &str| {
            let firmware = Firmware { vendor: vendor.into(), ..Firmware::default() };
            firmware.cloud(Some(uuid)).is_some()
        };
        assert!(with("Xen", "EC2E1916-9099-7CAF-FD21-012345ABCDEF"));
        assert!(with("", "45E12AEC-DCD1-B213-94ED-012345ABCDEF"));
        assert!(!with("QEMU", "ec2e1916-9099-7caf-fd21-012345abcdef"), "chance");
        assert!(!with("Xen", "11111111-2222-3333-4444-555555555555") && !with("Xen", ""));
    }

    #[test]
    fn a_virtual_machine_is_told_by_its_firmware_or_by_its_processor() {
        let metal = || {
            let mut fake = fresh();
            fake.vendor = "Dell Inc.";
            fake
        };
        let with = |flags: &str| {
            let mut fake = metal();
            fake.put("/proc/cpuinfo", &format!("processor\t: 0\nflags\t\t: fpu {flags} sse\n"), 0o444);
            is_virtual_machine(&fake).unwrap()
        };
        assert!(is_virtual_machine(&fresh()).unwrap() && with("hypervisor"));
        assert!(!is_virtual_machine(&metal()).unwrap() && !with("vmx") && !with("hypervisors"));
    }

    #[test]
    fn a_system_is_immutable_by_ostree_or_by_transactional_updates_on_a_read_only_root() {
        let with = |files: &[(&str, &str)]| {
            let mut fake = fresh();
            files.iter().for_each(|(path, text)| fake.put(path, text, 0o444));
            Environment::look(&fake, None).unwrap()
        };
        let root =
            |options: &str| format!("22 1 0:20 / / {options},relatime shared:1 - btrfs /dev/vda2 rw\n");
        assert_eq!(with(&[("/run/ostree-booted", "")]).immutable.as_deref(), Some("ostree"));
        let tool = ("/usr/sbin/transactional-update", "");
        let there = with(&[tool, ("/proc/self/mountinfo", &root("ro"))]);
        assert_eq!((there.immutable.as_deref(), there.read_only_root), (Some("transactional-update"), true));
        let writable = with(&[tool, ("/proc/self/mountinfo", &root("rw"))]);
        assert_eq!((writable.immutable, writable.read_only_root), (None, false));
    }
}
