//! Machines to begin with: a fresh Debian 12, and what people have made of theirs.

use std::path::Path;
use std::sync::Arc;

use super::Fake;
use super::disk::{Kind, Node};
use crate::step::{FIREWALLD, SELINUX_FILE};

/// The folders of the system itself, which no package takes away.
pub(super) const FOLDERS: [&str; 33] = [
    "/",
    "/etc",
    "/etc/default",
    "/etc/init.d",
    "/etc/sysctl.d",
    "/etc/systemd",
    "/etc/systemd/system",
    "/etc/systemd/system/multi-user.target.wants",
    "/lib",
    "/lib/systemd",
    "/lib/systemd/system",
    "/mnt",
    "/root",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/libexec",
    "/usr/local",
    "/usr/local/bin",
    "/usr/sbin",
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/lib/apt",
    "/var/lib/apt/lists",
    "/var/lib/dpkg",
    "/var/lib/dpkg/info",
    "/var/lib/dpkg/updates",
    "/var/log",
    "/dev",
    "/home",
    "/opt",
    "/srv",
];

const CARDS: &str = "/sys/class/net";

const OS_RELEASE: &str = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n";

/// Where the certificate of an operator's mirror is, and its fingerprint.
pub const TRUST_KEY: &str = "/root/trust.asc";
pub const TRUST_FINGERPRINT: &str = "C1D7F90776118FEB60B8EB32723399571A4B01FC";

/// A machine with a name for the reader.
pub type Machine = (&'static str, fn() -> Fake);

/// Every machine that the laws are tried on.
pub const MACHINES: [Machine; 21] = [
    ("fresh", fresh),
    ("docker.io there", docker_there),
    ("docker.io there, but stopped", docker_stopped),
    ("docker-ce there", docker_ce_there),
    ("an operator's credentials", operators_credentials),
    ("configuration of both agents", configured),
    ("an interrupted dpkg", interrupted),
    ("the SSM agent there, unregistered", unregistered_agent),
    ("registered by other means", registered),
    ("an older landfall", older_landfall),
    ("a packaged landfall over an older one", packaged_landfall),
    ("an operator's route_localnet", operators_setting),
    ("docker.io gone, but for its configuration", docker_removed),
    ("an upgrade of somebody's package interrupted", interrupted_upgrade),
    ("SELinux enforcing", enforcing),
    ("firewalld running", with_firewalld),
    ("a fresh system with dnf", fresh_dnf),
    ("a system with dnf, Docker there, but stopped", dnf_docker_stopped),
    ("a system with dnf, registered by other means", dnf_registered),
    ("a fresh system with zypper", fresh_zypper),
    ("a system with zypper, an older landfall", zypper_older_landfall),
];

/// A fresh Debian 12.
pub fn fresh() -> Fake {
    let mut fake = Fake { vendor: "QEMU", ..Fake::default() };
    for folder in FOLDERS {
        let node = Node { kind: Kind::Folder, mode: 0o755, content: Arc::from(&b""[..]) };
        if folder == "/" {
            fake.disk = super::disk::Disk::rooted(node);
        } else {
            fake.disk.make(Path::new(folder), node, fake.time()).expect("the folder above is there");
        }
    }
    fake.put("/etc/os-release", OS_RELEASE, 0o644);
    fake.put("/etc/machine-id", "0123456789abcdef0123456789abcdef\n", 0o444);
    fake.put("/etc/ssl/certs/ca-certificates.crt", "authorities", 0o644);
    fake.put("/root/landfall", "landfall", 0o755);
    fake.with_card("52:54:00:12:34:56");
    fake.put(TRUST_KEY, include_str!("../../../tests/certificates/operator.asc"), 0o644);
    fake.set_state("dpkg", Some(("ok", "installed")));
    fake.set_state("systemd", Some(("ok", "installed")));
    fake.disk.settle();
    fake.boot();
    fake
}

impl Fake {
    /// Puts a network card in.
    pub fn with_card(&mut self, address: &str) {
        let name = format!("eth{}", self.disk.list(Path::new(CARDS)).len());
        for (field, text) in [("type", "1"), ("addr_assign_type", "0"), ("device", ""), ("address", address)]
        {
            self.put(&format!("{CARDS}/{name}/{field}"), &format!("{text}\n"), 0o444);
        }
    }

    /// Takes all of them out.
    pub fn without_cards(&mut self) {
        let cards: Vec<_> = self.disk.all().map(|(path, _)| path.clone()).collect();
        for path in cards.into_iter().rev().filter(|path| path.starts_with(CARDS)) {
            let _ = self.disk.remove(&path);
        }
        self.disk.settle();
    }
}

const AMAZON_LINUX: &str = "NAME=\"Amazon Linux\"\nID=\"amzn\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"2023\"\nPLATFORM_ID=\"platform:al2023\"\nPRETTY_NAME=\"Amazon Linux 2023\"\n";
const TUMBLEWEED: &str = "NAME=\"openSUSE Tumbleweed\"\nID=\"opensuse-tumbleweed\"\nVERSION_ID=\"20261120\"\nPRETTY_NAME=\"openSUSE Tumbleweed\"\n";
const STREAM_9: &str = "NAME=\"CentOS Stream\"\nID=\"centos\"\nVERSION_ID=\"9\"\nPLATFORM_ID=\"platform:el9\"\nPRETTY_NAME=\"CentOS Stream 9\"\n";

/// A fresh system with rpm in the place of dpkg.
fn with_rpm(os_release: &str) -> Fake {
    let mut fake = fresh();
    for path in [crate::package_database::STATUS, crate::package_database::EXTENDED_STATES] {
        let _ = fake.disk.remove(Path::new(path));
    }
    fake.put("/etc/os-release", os_release, 0o644);
    for folder in
        ["/etc/yum.repos.d", "/etc/zypp", "/etc/zypp/repos.d", "/etc/pki", "/etc/pki/rpm-gpg", "/var/lib/rpm"]
    {
        fake.make_folder(Path::new(folder), 0o755);
    }
    fake.put(super::rpm::KEYRING, "", 0o644);
    fake.put(super::rpm::DATABASE, "rpm 4.16-1 1 x86_64\nsystemd 252-1 1 x86_64\n", 0o644);
    fake.disk.settle();
    fake.boot();
    fake
}

/// A fresh Amazon Linux 2023.
pub fn fresh_dnf() -> Fake {
    with_rpm(AMAZON_LINUX)
}

/// A fresh CentOS Stream 9, whose Docker is Docker's own.
pub fn fresh_stream() -> Fake {
    with_rpm(STREAM_9)
}

fn fresh_zypper() -> Fake {
    with_rpm(TUMBLEWEED)
}

fn dnf_docker_stopped() -> Fake {
    changed(fresh_dnf(), |fake| fake.installed_long_ago(&["docker", "procps-ng"]))
}

fn dnf_registered() -> Fake {
    changed(fresh_dnf(), |fake| {
        fake.registered_long_ago("us-east-1");
        fake.installed_long_ago(&["amazon-ssm-agent"]);
    })
}

fn zypper_older_landfall() -> Fake {
    changed(fresh_zypper(), |fake| fake.put("/usr/local/bin/landfall", "older landfall", 0o755))
}

fn with(change: fn(&mut Fake)) -> Fake {
    changed(fresh(), change)
}

fn changed(mut fake: Fake, change: fn(&mut Fake)) -> Fake {
    change(&mut fake);
    fake.strays = 0;
    fake.disk.settle();
    fake
}

fn docker_there() -> Fake {
    with(|fake| fake.installed_long_ago(&["docker.io"]))
}

fn docker_stopped() -> Fake {
    with(|fake| {
        fake.installed_long_ago(&["docker.io", "procps"]);
        fake.stop("docker.service");
        let _ = fake.disk.remove(Path::new(&super::units::link("docker.service")));
    })
}

/// Its link to start at boot stays too, as Debian's scripts leave it.
fn docker_removed() -> Fake {
    with(|fake| {
        fake.installed_long_ago(&["docker.io"]);
        fake.somebody_removes("docker.io");
    })
}

fn docker_ce_there() -> Fake {
    with(|fake| fake.installed_long_ago(&["docker-ce", "dmidecode"]))
}

fn operators_credentials() -> Fake {
    with(|fake| fake.put("/root/.aws/credentials", "[default]\naws_access_key_id = operator\n", 0o600))
}

fn configured() -> Fake {
    with(|fake| {
        let ecs = "# ours\nECS_CLUSTER=old\nECS_LOGLEVEL=debug\nECS_CLUSTER=older\n#ECS_EXTERNAL=false\n";
        fake.put("/etc/ecs/ecs.config", ecs, 0o640);
        let ssm = "{\"Agent\": {\"Region\": \"x\"}, \"Identity\": {\"ConsumptionOrder\": [\"EC2\"]}}\n";
        fake.put("/etc/amazon/ssm/amazon-ssm-agent.json", ssm, 0o644);
    })
}

fn interrupted() -> Fake {
    with(|fake| fake.interrupted_at("vim", "ok", "half-configured"))
}

fn interrupted_upgrade() -> Fake {
    with(|fake| fake.interrupted_at("vim", "reinstreq", "half-installed"))
}

fn unregistered_agent() -> Fake {
    with(|fake| {
        fake.installed_long_ago(&["amazon-ssm-agent"]);
        fake.put("/root/.aws/config", "[default]\nregion = eu-west-1\n", 0o600);
    })
}

fn registered() -> Fake {
    with(|fake| {
        fake.registered_long_ago("us-east-1");
        fake.installed_long_ago(&["amazon-ssm-agent"]);
    })
}

/// What the agent's '-clear' leaves of an identity: an empty key, and the older note of an id.
pub fn blank_vault() -> Fake {
    with(|fake| {
        fake.installed_long_ago(&["amazon-ssm-agent"]);
        fake.stop("amazon-ssm-agent.service");
        fake.registered_long_ago("us-east-1");
        fake.clear_agent();
        fake.put("/var/lib/amazon/ssm/registration", "mi-0fedcba9876543210", 0o600);
    })
}

/// Registered by other means, in another region.
pub fn registered_elsewhere() -> Fake {
    with(|fake| {
        fake.registered_long_ago("eu-west-1");
        fake.installed_long_ago(&["amazon-ssm-agent"]);
    })
}

fn older_landfall() -> Fake {
    with(|fake| fake.put("/usr/local/bin/landfall", "older landfall", 0o755))
}

fn packaged_landfall() -> Fake {
    changed(older_landfall(), |fake| {
        fake.packaged = true;
        fake.put("/usr/bin/landfall", "packaged landfall", 0o755);
    })
}

/// SELinux enforces, as on a fresh machine of Red Hat's family.
pub fn enforcing() -> Fake {
    with(|fake| {
        let text = "# One of enforcing, permissive, disabled.\nSELINUX=enforcing\nSELINUXTYPE=targeted\n";
        fake.put(SELINUX_FILE, text, 0o644);
        fake.disk.settle();
        fake.boot();
    })
}

/// firewalld runs, with a rule of an operator's.
pub fn with_firewalld() -> Fake {
    with(|fake| {
        for tool in ["firewall-cmd", "firewall-offline-cmd"] {
            fake.put(&format!("/usr/sbin/{tool}"), tool, 0o755);
        }
        fake.put("/lib/systemd/system/firewalld.service", "[Install]\nWantedBy=multi-user.target\n", 0o644);
        fake.put(super::firewall::KEPT, "ipv4 filter INPUT 5 -p tcp --dport 25 -j DROP\n", 0o644);
        fake.enable(FIREWALLD);
        fake.disk.settle();
        fake.boot();
    })
}

fn operators_setting() -> Fake {
    with(|fake| {
        fake.put("/etc/sysctl.d/50-operator.conf", "net.ipv4.conf.all.route_localnet = 1\n", 0o644);
        fake.disk.settle();
        fake.boot();
    })
}
