//! The packages that the fake repositories have: as much of each as Landfall can notice.

/// A package of the fake repositories.
pub(super) struct Package {
    pub(super) name: &'static str,
    /// Each a list of alternatives.
    pub(super) depends: &'static [&'static [&'static str]],
    pub(super) files: &'static [(&'static str, &'static str)],
    pub(super) configuration: &'static [&'static str],
    /// Units that its scripts enable and start, and stop before it goes.
    pub(super) units: &'static [&'static str],
}

const WANTED_BY: &str = "[Install]\nWantedBy=multi-user.target\n";

pub(super) const CATALOGUE: [Package; 17] = [
    Package {
        name: "docker.io",
        depends: &[&["containerd"], &["iptables"]],
        files: &[("/usr/sbin/dockerd", "dockerd"), ("/lib/systemd/system/docker.service", WANTED_BY)],
        configuration: &["/etc/default/docker"],
        units: &["docker.service"],
    },
    Package {
        name: "docker-ce",
        depends: &[&["docker-ce-cli"], &["containerd.io"], &["iptables"]],
        files: &[("/usr/bin/dockerd", "dockerd"), ("/lib/systemd/system/docker.service", WANTED_BY)],
        configuration: &[],
        units: &["docker.service"],
    },
    Package {
        name: "docker-ce-cli",
        depends: &[],
        files: &[("/usr/bin/docker", "docker")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "containerd.io",
        depends: &[],
        files: &[
            ("/usr/bin/containerd", "containerd"),
            ("/lib/systemd/system/containerd.service", WANTED_BY),
        ],
        configuration: &["/etc/containerd/config.toml"],
        units: &["containerd.service"],
    },
    Package {
        name: "containerd",
        depends: &[&["runc"]],
        files: &[
            ("/usr/bin/containerd", "containerd"),
            ("/lib/systemd/system/containerd.service", WANTED_BY),
        ],
        configuration: &["/etc/containerd/config.toml"],
        units: &["containerd.service"],
    },
    Package {
        name: "runc",
        depends: &[],
        files: &[("/usr/sbin/runc", "runc")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "iptables",
        depends: &[&["libnftnl11"]],
        files: &[("/usr/sbin/iptables", "iptables")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "libnftnl11",
        depends: &[],
        files: &[("/usr/lib/libnftnl.so.11", "library")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "procps",
        depends: &[],
        files: &[("/usr/sbin/sysctl", "sysctl")],
        configuration: &["/etc/init.d/procps"],
        units: &[],
    },
    Package {
        name: "apparmor",
        depends: &[],
        files: &[("/usr/sbin/apparmor_parser", "apparmor_parser")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "dmidecode",
        depends: &[],
        files: &[("/usr/sbin/dmidecode", "dmidecode")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "amazon-ssm-agent",
        depends: &[],
        files: &[
            ("/usr/bin/amazon-ssm-agent", "agent"),
            ("/etc/amazon/ssm/amazon-ssm-agent.json.template", "{}"),
            ("/lib/systemd/system/amazon-ssm-agent.service", WANTED_BY),
        ],
        configuration: &[],
        units: &["amazon-ssm-agent.service"],
    },
    Package {
        name: "amazon-ecs-init",
        depends: &[&["docker-ce", "docker.io"]],
        files: &[
            ("/usr/libexec/amazon-ecs-init", "init"),
            ("/var/cache/ecs/ecs-agent.tar", "image"),
            ("/lib/systemd/system/ecs.service", WANTED_BY),
        ],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "podman",
        depends: &[&["conmon"]],
        files: &[("/usr/bin/podman", "podman")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "conmon",
        depends: &[],
        files: &[("/usr/bin/conmon", "conmon")],
        configuration: &["/etc/conmon"],
        units: &[],
    },
    Package {
        name: "wireless-regdb",
        depends: &[],
        files: &[("/usr/lib/regulatory.db", "rules")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "vim",
        depends: &[],
        files: &[("/usr/bin/vim", "vim")],
        configuration: &["/etc/vimrc"],
        units: &[],
    },
];

/// The same of a system with rpm. No package but the SSM agent's starts anything by itself.
pub(super) const RPM_CATALOGUE: [Package; 16] = [
    Package {
        name: "podman",
        depends: &[&["conmon"]],
        files: &[("/usr/bin/podman", "podman")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "conmon",
        depends: &[],
        files: &[("/usr/bin/conmon", "conmon")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "wireless-regdb",
        depends: &[],
        files: &[("/usr/lib/regulatory.db", "rules")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "docker",
        depends: &[&["containerd"], &["iptables-nft", "iptables"]],
        files: &[("/usr/bin/dockerd", "dockerd"), ("/lib/systemd/system/docker.service", WANTED_BY)],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "containerd",
        depends: &[&["runc"]],
        files: &[("/usr/bin/containerd", "containerd")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "runc",
        depends: &[],
        files: &[("/usr/sbin/runc", "runc")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "docker-ce",
        depends: &[&["docker-ce-cli"], &["containerd.io"], &["iptables-nft", "iptables"]],
        files: &[("/usr/bin/dockerd", "dockerd"), ("/lib/systemd/system/docker.service", WANTED_BY)],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "docker-ce-cli",
        depends: &[],
        files: &[("/usr/bin/docker", "docker")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "containerd.io",
        depends: &[],
        files: &[("/usr/bin/containerd", "containerd")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "iptables-nft",
        depends: &[],
        files: &[("/usr/sbin/iptables", "iptables")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "iptables",
        depends: &[],
        files: &[("/usr/sbin/iptables", "iptables")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "procps",
        depends: &[],
        files: &[("/usr/sbin/sysctl", "sysctl")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "procps-ng",
        depends: &[],
        files: &[("/usr/sbin/sysctl", "sysctl")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "dmidecode",
        depends: &[],
        files: &[("/usr/sbin/dmidecode", "dmidecode")],
        configuration: &[],
        units: &[],
    },
    Package {
        name: "amazon-ssm-agent",
        depends: &[],
        files: &[
            ("/usr/bin/amazon-ssm-agent", "agent"),
            ("/etc/amazon/ssm/amazon-ssm-agent.json.template", "{}"),
            ("/lib/systemd/system/amazon-ssm-agent.service", WANTED_BY),
        ],
        configuration: &[],
        units: &["amazon-ssm-agent.service"],
    },
    Package {
        name: "amazon-ecs-init",
        depends: &[&["iptables-nft", "iptables"], &["procps-ng", "procps"]],
        files: &[
            ("/usr/libexec/amazon-ecs-init", "init"),
            ("/var/cache/ecs/ecs-agent.tar", "image"),
            ("/lib/systemd/system/ecs.service", WANTED_BY),
        ],
        configuration: &[],
        units: &[],
    },
];
