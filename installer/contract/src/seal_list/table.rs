//! The list itself, in the order in which it is cleaned.
//!
//! A line is here because somebody asked what two machines that share it would do to each other, or what
//! whoever reads the image would learn. `docs/sealing.md` shows it, and a test fails when that differs.

use super::Group::{Aws, CloudInit, Docker, Landfall, Logs, Machine, Network, Packages, People};
use super::Syntax::{Lines, Toml};
use super::Wanted::{Absent, Blank, NoFile, Present, Remade, Truncated, Unset};
use super::Weight::{Choice, Gate, Hygiene};
use super::{Group, SEALED, Trace, Wanted, Weight};

/// Everything that is a machine's own.
#[rustfmt::skip]
pub const TRACES: &[Trace] = &[
    trace(Gate, Landfall, "registered", &["/var/lib/landfall/registered"], Absent,
        "It lets both agents start, with an identity that a clone does not have."),
    trace(Gate, Landfall, "sealed", &[SEALED], Present,
        "Without it no clone has a first boot; it is written last."),
    trace(Gate, Landfall, "attempts", &[
            "/var/lib/landfall/registering",
            "/var/lib/landfall/vault-before",
            "/var/lib/landfall/spent-activations.json",
            "/var/lib/landfall/.*.landfall-new",
        ], Absent,
        "What is left of registrations holds ids of activations, a fingerprint and a key."),
    trace(Gate, Landfall, "credentials-aside", &["/var/lib/landfall/credentials-before"], Absent,
        "An operator's own AWS credentials, kept aside while the role's are in their place, are a secret."),
    trace(Gate, Landfall, "guard-records", &[
            "/var/lib/landfall/machine.json",
            "/var/lib/landfall/quarantine.json",
            "/var/lib/landfall/giving-up",
        ], Absent,
        "The guard would compare each clone with the machine that the image was made on."),
    trace(Gate, Landfall, "seed", &["/etc/landfall/seed.toml", "/etc/landfall/seed.toml.minisig", "/etc/landfall/.seed*"], Absent,
        "A seed holds an activation code; whoever has the image could register machines with it."),
    trace(Gate, Landfall, "activation-files", &[
            "/etc/landfall/activation*",
            "/root/activation*.json",
            "/home/*/activation*.json",
        ], Absent,
        "An activation code in an image registers whoever has the image."),
    trace(Gate, Landfall, "activation-in-configuration", &["/etc/landfall/config.toml"],
        Unset(Toml, &["activation-id", "activation-code"]),
        "The same, in Landfall's own configuration; all else in that file is the image's."),
    trace(Hygiene, Landfall, "downloads", &["/var/lib/landfall/downloads"], Absent,
        "Packages that were fetched and installed are of no further use."),
    trace(Hygiene, Landfall, "messages", &["/etc/motd.d/50-landfall*"], Absent,
        "They tell of a state that is not the clone's."),

    trace(Gate, Aws, "ssm-vault", &["/var/lib/amazon/ssm/Vault"], Absent,
        "It holds the managed instance's private key, also after a registration that failed; two machines with \
         one key are one instance to AWS."),
    trace(Gate, Aws, "ssm-registration", &["/var/lib/amazon/ssm/registration"], Absent,
        "The agent's older note of its identity."),
    trace(Gate, Aws, "ssm-instance-folders", &["/var/lib/amazon/ssm/mi-*", "/var/lib/amazon/ssm/i-*"], Absent,
        "Commands, sessions and inventory of one instance, which another would report as its own."),
    trace(Gate, Aws, "ssm-runtime", &[
            "/var/lib/amazon/ssm/ipc/*",
            "/var/lib/amazon/ssm/runtimeconfig/*",
        ], Absent,
        "The agent's notes on whose credentials it wrote, and until when they are good."),
    trace(Gate, Aws, "root-credentials", &["/root/.aws/*"], Absent,
        "The role's credentials, or an operator's; the ECS agent hands this folder to its own container."),
    trace(Gate, Aws, "ecs-state", &["/var/lib/ecs/data/*"], Absent,
        "agent.db and ecs_agent_data.json name the container instance, and every clone would claim to be it."),
    trace(Gate, Aws, "ecs-credentials", &["/etc/ecs/ecs.config", "/var/lib/ecs/ecs.config"],
        Unset(Lines, &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]),
        "Keys in the agent's configuration are a secret, and win over the identity; region, cluster, attributes and \
         tags are the image's."),
    trace(Hygiene, Aws, "agent-logs", &["/var/log/amazon/ssm/*", "/var/log/ecs/*"], Absent,
        "They name instances, tasks and addresses of another machine."),

    trace(Gate, Docker, "docker-containers", &["{docker}/containers/*"], Absent,
        "Containers of one machine, with their environments, would be started on another."),
    trace(Gate, Docker, "docker-container-layers", &["{docker}/image/*/layerdb/mounts/*"], Absent,
        "They belong to containers that are gone; layers of images stay."),
    trace(Gate, Docker, "docker-key", &["/etc/docker/key.json"], Absent,
        "The key of an older Docker, by which it is told apart."),
    trace(Gate, Docker, "docker-engine-id", &["{docker}/engine-id"], Absent,
        "The id of a newer Docker, which monitoring takes for one machine."),
    trace(Gate, Docker, "docker-networks", &["{docker}/network/files/*"], Absent,
        "Ids and addresses of one machine's networks; Docker makes its own anew."),
    trace(Gate, Docker, "docker-swarm", &["{docker}/swarm/*"], Absent,
        "A node's key and certificate of a swarm."),
    trace(Hygiene, Docker, "docker-temporary", &["{docker}/tmp/*"], Absent,
        "Halves of downloads."),

    trace(Gate, CloudInit, "cloud-init-instance", &[
            "/var/lib/cloud/instance",
            "/var/lib/cloud/instances/*",
            "/var/lib/cloud/data/*",
            "/var/lib/cloud/sem/*",
            "/var/lib/cloud/handlers/*",
        ], Absent,
        "User data may hold secrets, and cloud-init would take a clone for the instance it knows."),
    trace(Choice, CloudInit, "cloud-init-seed", &["/var/lib/cloud/seed/*/*"], Absent,
        "A seed that was copied onto the machine is one machine's, and may hold secrets."),
    trace(Hygiene, CloudInit, "cloud-init-logs", &["/var/log/cloud-init*.log"], Truncated,
        "They hold what scripts of the user data printed."),

    trace(Gate, Network, "cloud-init-network", &[
            "/etc/netplan/50-cloud-init.yaml",
            "/etc/network/interfaces.d/50-cloud-init*",
            "/etc/systemd/network/10-cloud-init-*",
        ], Absent,
        "It names this machine's network cards by their addresses; cloud-init writes it anew."),
    trace(Choice, Network, "network-connections", &["/etc/NetworkManager/system-connections/*.nmconnection"], Absent,
        "Connections that NetworkManager or cloud-init made name a card, and may hold passwords."),
    trace(Gate, Network, "network-card-addresses", &["/etc/sysconfig/network-scripts/ifcfg-*"], Unset(Lines, &["HWADDR"]),
        "A clone's card has another address, and would stay down."),
    trace(Gate, Network, "network-card-names", &["/etc/udev/rules.d/*-persistent-net.rules"], Absent,
        "A clone's first card would become its second."),
    trace(Gate, Network, "network-manager-key", &[
            "/var/lib/NetworkManager/secret_key",
            "/var/lib/NetworkManager/seen-bssids",
        ], Absent,
        "Stable addresses and identifiers of IPv6 are made from this key."),
    trace(Gate, Network, "dhcp-identifiers", &[
            "/var/lib/dhcp/dhclient6*",
            "/var/lib/dhclient/dhclient6*",
            "/var/lib/dhcpcd/duid",
            "/etc/dhcpcd.duid",
            "/var/lib/wicked/duid.xml",
            "/var/lib/wicked/iaid.xml",
        ], Absent,
        "Machines with one DUID are given one address."),
    trace(Hygiene, Network, "dhcp-leases", &[
            "/var/lib/dhcp/*.lease*",
            "/var/lib/dhclient/*.lease*",
            "/var/lib/dhcpcd/*.lease*",
            "/var/lib/NetworkManager/*.lease",
            "/var/lib/NetworkManager/timestamps",
            "/var/lib/wicked/lease-*",
            "/var/lib/systemd/network/*",
        ], Absent,
        "A clone would ask for another machine's address first; clients write it again as they stop."),

    trace(Choice, People, "authorized-keys", &[
            "/root/.ssh/authorized_keys",
            "/root/.ssh/authorized_keys2",
            "/home/*/.ssh/authorized_keys",
            "/home/*/.ssh/authorized_keys2",
        ], Absent,
        "Whoever made the image could log in to each clone; cloud-init brings each machine's own."),
    trace(Gate, People, "private-keys", &[
            "/root/.ssh/id_*",
            "/home/*/.ssh/id_*",
        ], Absent,
        "A private key of somebody who was here is in the hands of whoever has the image."),
    // The folder, not what is in it: in its place somebody may have a link to anywhere, and root would empty that.
    trace(Gate, People, "aws-credentials", &["/home/*/.aws"], Absent,
        "Access keys of somebody who was here, and what the AWS CLI was given for them."),
    trace(Gate, People, "passwords", &[
            "/root/.netrc",
            "/home/*/.netrc",
            "/root/.git-credentials",
            "/home/*/.git-credentials",
            "/root/.config/git/credentials",
            "/home/*/.config/git/credentials",
        ], Absent,
        "Passwords and tokens of somebody who was here, in plain text."),
    trace(Choice, People, "registry-logins", &["/root/.docker/config.json", "/home/*/.docker/config.json"], Absent,
        "'docker login' writes passwords here; where it only names a helper that asks for them, it may be the image's."),
    trace(Hygiene, People, "known-hosts", &["/root/.ssh/known_hosts*", "/home/*/.ssh/known_hosts*"], Absent,
        "They tell where the image was made."),
    trace(Hygiene, People, "histories", &[
            "/root/.*_history", "/home/*/.*_history",
            "/root/.lesshst", "/home/*/.lesshst",
            "/root/.viminfo", "/home/*/.viminfo",
            "/root/.wget-hsts", "/home/*/.wget-hsts",
        ], Absent,
        "Secrets are typed into shells; the shell that seals writes its own once more as it ends."),
    trace(Hygiene, People, "mail", &["/var/mail/*", "/var/spool/mail/*"], Truncated,
        "Mail of the machine's own programs tells of another machine."),

    trace(Gate, Packages, "red-hat-subscription", &[
            "/etc/pki/consumer/*.pem",
            "/etc/pki/entitlement/*.pem",
            "/etc/sysconfig/rhn/systemid",
        ], Absent,
        "The certificates and keys by which a subscription knows one machine."),
    trace(Gate, Packages, "suse-subscription", &[
            "/etc/zypp/credentials.d/SCCcredentials",
            "/var/lib/zypp/AnonymousUniqueId",
        ], Absent,
        "The name and password by which SUSE's service knows one machine."),
    trace(Gate, Packages, "ubuntu-subscription", &[
            "/var/lib/ubuntu-advantage/private/*",
            "/var/lib/ubuntu-advantage/machine-token.json",
            "/etc/apt/auth.conf.d/90ubuntu-advantage",
        ], Absent,
        "The tokens by which a subscription knows one machine."),
    trace(Hygiene, Packages, "package-caches", &[
            "/var/cache/apt/archives/*.deb",
            "/var/cache/apt/archives/partial/*",
            "/var/cache/dnf/*",
            "/var/cache/libdnf5/*",
            "/var/cache/yum/*",
            "/var/cache/zypp/packages/*",
        ], Absent,
        "Packages that are installed already make an image big."),

    trace(Hygiene, Logs, "journal", &["/var/log/journal/*"], Absent,
        "It is kept under the machine-id of the machine that the image was made on."),
    trace(Hygiene, Logs, "older-logs", &[
            "/var/log/**/*.gz", "/var/log/**/*.xz", "/var/log/**/*.bz2", "/var/log/**/*.zst",
            "/var/log/**/*.old", "/var/log/**/*.1", "/var/log/installer/*",
        ], Absent,
        "What logs said before they began anew."),
    trace(Hygiene, Logs, "logs", &["/var/log/**/*"], Truncated,
        "They tell what happened to another machine; emptied, because their writers need owner and mode. The \
         shutdown adds its own lines."),
    trace(Hygiene, Logs, "core-dumps", &["/var/lib/systemd/coredump/*", "/var/crash/*", "/var/spool/abrt/*"], Absent,
        "The memory of a program may hold secrets."),
    trace(Hygiene, Logs, "temporary-files", &["/tmp/*", "/var/tmp/*"], Absent,
        "Nobody knows what is in them."),

    trace(Gate, Machine, "iscsi-initiator", &["/etc/iscsi/initiatorname.iscsi"],
        Remade { by: "/lib/open-iscsi/startup-checks.sh", from: "GenerateName=yes\n" },
        "Two initiators of one name are cut off from each other's disks."),
    trace(Gate, Machine, "nvme-host", &["/etc/nvme/hostid", "/etc/nvme/hostnqn"], Absent,
        "The same for disks of NVMe over a network."),
    trace(Gate, Machine, "lvm-devices", &["/etc/lvm/devices/system.devices", "/etc/lvm/devices/backup/*"], Absent,
        "It names disks by their serial numbers; on another disk LVM would find none of its volumes."),
    trace(Gate, Machine, "random-seed", &[
            "/var/lib/systemd/random-seed",
            "/var/lib/urandom/random-seed",
            "/boot/loader/random-seed",
            "/boot/efi/loader/random-seed",
            "/efi/loader/random-seed",
        ], Absent,
        "Clones would begin with the same randomness."),
    trace(Gate, Machine, "credential-secret", &["/var/lib/systemd/credential.secret"], Absent,
        "It opens every credential that systemd encrypted on this machine."),
    trace(Gate, Machine, "ssh-host-keys", &["/etc/ssh/ssh_host_*key", "/etc/ssh/ssh_host_*key.pub"], Absent,
        "Whoever has the image could pose as each clone; the first boot makes new ones."),
    trace(Gate, Machine, "dbus-machine-id", &["/var/lib/dbus/machine-id"], NoFile,
        "systemd would take a clone's new machine-id from this older copy."),
    trace(Gate, Machine, "machine-id", &["/etc/machine-id"], Blank(0o444),
        "Everything tells machines apart by it. Empty, systemd makes a new one; missing or 'uninitialized', it also \
         sets every unit to its preset."),
];

const fn trace(
    weight: Weight,
    group: Group,
    id: &'static str,
    places: &'static [&'static str],
    wanted: Wanted,
    why: &'static str,
) -> Trace {
    Trace { id, group, places, wanted, weight, why }
}
